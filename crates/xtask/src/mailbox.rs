//! The mails in the inbox, as those read them who got them.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::stack::{Addresses, Stack};
use crate::terminal::dim;
use rubis_devkit::http::{Client, field, list, text};
use rubis_devkit::interrupt;

pub struct Mailbox(Client);

/// The links of a check-in about one invoice.
#[derive(Debug, PartialEq, Eq)]
pub struct Question {
    /// Opened, it says that the invoice is paid.
    pub paid: String,
    pub pending: String,
}

impl Mailbox {
    pub fn of(addresses: &Addresses) -> Self {
        Self(Client::new(addresses.inbox.clone()))
    }

    /// Every mail there is, without its bodies.
    pub fn all(&self) -> Result<Vec<Value>> {
        Ok(list(&self.0.get("/api/messages")?, "items")?.to_vec())
    }

    /// Those to one address, whole: the oldest first.
    pub fn to(&self, recipient: &str) -> Result<Vec<Value>> {
        let page = self.0.get(&format!("/api/messages?to={recipient}"))?;
        let whole = |mail: &Value| {
            let id = mail.get("id").and_then(Value::as_u64).context("a mail in the inbox has no id")?;
            self.0.get(&format!("/api/messages/{id}"))
        };
        list(&page, "items")?.iter().map(whole).collect()
    }

    /// Waits until `find` finds something among the mails to one address; `what` is named in the error.
    pub fn wait<T>(
        &self,
        stack: &mut Stack,
        recipient: &str,
        what: &str,
        limit: Duration,
        find: impl Fn(&[Value]) -> Option<T>,
        meanwhile: impl Fn(),
    ) -> Result<T> {
        let found = interrupt::poll(limit, Duration::from_millis(250), || {
            stack.check()?;
            let found = find(&self.to(recipient)?);
            if found.is_none() {
                meanwhile();
            }
            Ok(found)
        })?;
        found.with_context(|| {
            let mails = self.to(recipient).unwrap_or_default();
            let subjects: Vec<_> = mails.iter().map(|mail| field(mail, "subject")).collect();
            format!("{what} did not reach {recipient} within {limit:?}; it has {subjects:?}")
        })
    }
}

/// The links with which a mail asks about this invoice, if it does.
pub fn question(mail: &Value, numero: &str) -> Option<Question> {
    let (_, after) = text(mail, "text").ok()?.split_once(numero)?;
    let link = |answer: &str| {
        let mut links = after.lines().map(str::trim).filter(|line| line.contains("/api/v1/checkin/"));
        links.find(|line| line.ends_with(answer)).map(str::to_owned)
    };
    Some(Question { paid: link("/paid")?, pending: link("/pending")? })
}

/// Prints a mail as a mail program shows it.
pub fn show(mail: &Value) {
    let address = |value: &Value| match field(value, "name") {
        "" => field(value, "address").to_owned(),
        name => format!("{name} <{}>", field(value, "address")),
    };
    let one = |key: &str| mail.get(key).map(address).unwrap_or_default();
    let recipients: Vec<String> = list(mail, "to").unwrap_or_default().iter().map(address).collect();
    println!();
    for (name, value) in [
        ("From", one("from")),
        ("To", recipients.join(", ")),
        ("Reply-To", one("replyTo")),
        ("Subject", field(mail, "subject").to_owned()),
    ] {
        println!("  {} {value}", dim(format!("│ {name}:")));
    }
    println!("  {}", dim("│"));
    for text in field(mail, "text").trim_end().lines() {
        println!("  {} {text}", dim("│"));
    }
    println!();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_invoice_of_a_mail_has_links_of_its_own() {
        let links = |token: &str| {
            let link = |answer: &str| format!("http://localhost:3333/api/v1/checkin/{token}/{answer}");
            Question { paid: link("paid"), pending: link("pending") }
        };
        let item = |numero: &str, token: &str| {
            let Question { paid, pending } = links(token);
            format!("Facture {numero}\nOui, elle est payée :\n{paid}\nNon, pas encore :\n{pending}\n")
        };
        let mail = json!({ "text": format!("Bonjour,\n{}\n{}", item("A-1", "one"), item("A-2", "two")) });
        assert_eq!(question(&mail, "A-1"), Some(links("one")));
        assert_eq!(question(&mail, "A-2"), Some(links("two")));
        assert_eq!(question(&mail, "A-3"), None);
        assert_eq!(question(&json!({ "text": "La facture A-1 est close." }), "A-1"), None);
    }
}
