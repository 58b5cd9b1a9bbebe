//! The mails in the inbox, as those read them who got them.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::stack::{Addresses, Stack};
use crate::terminal::dim;
use rubis_devkit::http::{Client, list, text};
use rubis_devkit::interrupt;

/// All mails of the inbox.
pub struct Mailbox {
    client: Client,
}

/// The links of a check-in about one invoice.
#[derive(Debug, PartialEq, Eq)]
pub struct Question {
    /// Opened, it says that the invoice is paid.
    pub paid: String,
    pub pending: String,
}

impl Mailbox {
    /// That of a stack.
    pub fn of(addresses: &Addresses) -> Self {
        Self { client: Client::new(addresses.inbox.clone()) }
    }

    /// Every mail there is, without its bodies.
    pub fn all(&self) -> Result<Vec<Value>> {
        Ok(list(&self.client.get("/api/messages")?, "items")?.to_vec())
    }

    /// Those to one address, whole: the oldest first.
    pub fn to(&self, recipient: &str) -> Result<Vec<Value>> {
        let page = self.client.get(&format!("/api/messages?to={recipient}"))?;
        let whole = |mail: &Value| {
            let id = mail.get("id").and_then(Value::as_u64).context("a mail in the inbox has no id")?;
            self.client.get(&format!("/api/messages/{id}"))
        };
        list(&page, "items")?.iter().map(whole).collect()
    }

    /// Waits until `find` finds what it looks for among the mails to one address, and calls `meanwhile` again and
    /// again. `what` is named in the error.
    pub fn wait<T>(
        &self,
        stack: &mut Stack,
        recipient: &str,
        what: &str,
        limit: Duration,
        find: impl Fn(&[Value]) -> Option<T>,
        meanwhile: impl Fn(),
    ) -> Result<T> {
        let started = Instant::now();
        loop {
            stack.check()?;
            let mails = self.to(recipient)?;
            if let Some(found) = find(&mails) {
                return Ok(found);
            }
            if started.elapsed() > limit {
                let subjects: Vec<_> = mails.iter().filter_map(|mail| text(mail, "subject").ok()).collect();
                bail!("{what} did not reach {recipient} within {} s; it has {subjects:?}", limit.as_secs());
            }
            meanwhile();
            interrupt::pause(Duration::from_millis(250))?;
        }
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
    let address = |value: &Value| {
        let mail = value.get("address").and_then(Value::as_str).unwrap_or_default();
        match value.get("name").and_then(Value::as_str) {
            Some(name) => format!("{name} <{mail}>"),
            None => mail.to_owned(),
        }
    };
    let one = |key: &str| mail.get(key).map(address).unwrap_or_default();
    let recipients: Vec<String> =
        mail.get("to").and_then(Value::as_array).into_iter().flatten().map(address).collect();
    let field = |key: &str| mail.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    println!();
    for (name, value) in [
        ("From", one("from")),
        ("To", recipients.join(", ")),
        ("Reply-To", one("replyTo")),
        ("Subject", field("subject")),
        ("Message-ID", field("messageId")),
    ] {
        if !value.is_empty() {
            println!("  {} {value}", dim(format!("│ {name}:")));
        }
    }
    println!("  {}", dim("│"));
    for text in field("text").trim_end().lines() {
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
