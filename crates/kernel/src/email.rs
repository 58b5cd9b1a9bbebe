//! A mail as the domains write it and the mailer sends it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};

use crate::{MailContent, invisible::has_invisible, sha256};

/// A local part of 64 octets, `@` and a domain of 255 (RFC 5321): longer texts are not parsed at all.
const MAX_BYTES: usize = 320;

/// Whom the product's own mails come from.
const PRODUCT: &str = "Rubis";

/// An address that mail can be sent to, its domain in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct EmailAddress(String);

/// This can't be the address of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a mail address")]
pub struct InvalidEmailAddress(pub String);

impl EmailAddress {
    /// The address, as `compta@exemple.fr`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidEmailAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || InvalidEmailAddress(text.to_owned());
        // A domain without a dot, a literal address, quotes and display names are legal in a
        // header and never the address of a company's mailbox.
        let options = email_address::Options::default()
            .with_required_tld()
            .without_domain_literal()
            .without_display_text();
        let trimmed = text.trim();
        if trimmed.len() > MAX_BYTES {
            return Err(refused());
        }
        if trimmed.contains('"') || trimmed.chars().any(char::is_control) || has_invisible(trimmed) {
            return Err(refused());
        }
        email_address::EmailAddress::parse_with_options(trimmed, options).map_err(|_| refused())?;
        let (local, domain) = trimmed.rsplit_once('@').ok_or_else(refused)?;
        Ok(Self(format!("{local}@{}", domain.to_lowercase())))
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EmailAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An address and the name shown beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// The name shown, if any.
    pub name: Option<String>,
    /// Where the mail goes.
    pub address: EmailAddress,
}

/// A whole mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    /// Whom it comes from: the product's address in an organization's name.
    pub from: Mailbox,
    /// Whom it goes to.
    pub to: Mailbox,
    /// Who gets a copy.
    pub cc: Vec<Mailbox>,
    /// Whom an answer goes to.
    pub reply_to: Option<Mailbox>,
    /// The subject, one line.
    pub subject: String,
    /// The plain text, lines ended by `\n`.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// `Message-ID` without the angle brackets; the same whenever the same mail is sent again.
    pub message_id: String,
    /// What a provider knows a repeated request by.
    pub idempotency_key: String,
}

impl Email {
    /// A mail of the product to one of its users, without identifiers yet.
    #[must_use]
    pub fn of_product(sender: &EmailAddress, to: Mailbox, content: MailContent) -> Self {
        let (subject, text, html) = content.into_parts();
        Self {
            from: Mailbox { name: Some(PRODUCT.to_owned()), address: sender.clone() },
            to,
            cc: Vec::new(),
            reply_to: None,
            subject,
            text,
            html: Some(html),
            message_id: String::new(),
            idempotency_key: String::new(),
        }
    }

    /// Gives the mail its identifiers, which follow from what it is about and from all that a reader sees: the
    /// same mail always has the same ones, so that a repetition is recognised; one that reads otherwise has
    /// others.
    #[must_use]
    pub fn identified(mut self, kind: &str, key: &str) -> Self {
        self.message_id.clear();
        self.idempotency_key.clear();
        let seen = format!("{self:?}");
        let version: String =
            sha256(seen.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let domain = self.from.address.as_str().rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        self.message_id = format!("{kind}.{key}.{version}@{domain}");
        self.idempotency_key = format!("{kind}/{key}/{version}");
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{Email, EmailAddress, MailContent, Mailbox};

    #[test]
    fn a_mail_that_reads_otherwise_has_other_identifiers() {
        let mail = |text: &str| {
            let owner = Mailbox { name: None, address: "jeanne@exemple.fr".parse().unwrap() };
            let sender = "rubis@rubis.example".parse().unwrap();
            let content = MailContent::new("Bonjour".to_owned(), text.to_owned(), String::new()).unwrap();
            Email::of_product(&sender, owner, content)
        };
        let first = mail("Un").identified("recap", "sub_1");
        assert!(first.message_id.starts_with("recap.sub_1.") && first.message_id.ends_with("@rubis.example"));
        assert!(first.idempotency_key.starts_with("recap/sub_1/"));
        assert_eq!(first.clone().identified("recap", "sub_1"), first);
        assert_eq!(mail("Un").identified("recap", "sub_1"), first);
        assert_ne!(mail("Deux").identified("recap", "sub_1").message_id, first.message_id);
    }

    #[test]
    fn addresses_of_mailboxes_are_accepted() {
        for (given, kept) in [
            ("compta@exemple.fr", "compta@exemple.fr"),
            (" Jean.Dupont+factures@Exemple.FR ", "Jean.Dupont+factures@exemple.fr"),
            ("o'neil@sous.domaine.exemple.fr", "o'neil@sous.domaine.exemple.fr"),
        ] {
            assert_eq!(given.parse::<EmailAddress>().unwrap().as_str(), kept);
        }
    }

    #[test]
    fn what_cannot_be_a_mailbox_is_refused() {
        for wrong in [
            "",
            "@",
            "jean",
            "jean@",
            "@exemple.fr",
            "jean@exemple",
            "jean@@exemple.fr",
            "jean dupont@exemple.fr",
            "Jean <jean@exemple.fr>",
            "jean@[127.0.0.1]",
            "\"jean\"@exemple.fr",
            "jean@exemple.fr\r\nBcc: autre@exemple.fr",
            "jean@exemple.fr\0",
            "je\u{200b}an@exemple.fr",
            "jean\u{202e}@exemple.fr",
            "jean@exemple..fr",
            "jean@exemple.fr, autre@exemple.fr",
            &format!("jean@{}exemple.fr", "sous.".repeat(100)),
        ] {
            assert!(wrong.parse::<EmailAddress>().is_err(), "{wrong:?}");
        }
    }
}
