//! A mail as the domains compose it and the mailer sends it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};

use crate::{MailContent, TraceId, invisible::has_invisible, sha256};

/// Maximum length of an address: a local part of 64 octets, `@` and a domain of 255 (RFC 5321). Longer texts are not
/// parsed at all.
const MAX_BYTES: usize = 320;

/// Sender's name of the product's own mails.
const PRODUCT: &str = "Rubis";

/// An address that mail can be sent to, with its domain in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct EmailAddress(String);

/// The text cannot be the address of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a mail address")]
pub struct InvalidEmailAddress(pub String);

impl EmailAddress {
    /// Returns the address, such as `compta@exemple.fr`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the local part and the domain.
    fn parts(&self) -> (&str, &str) {
        self.0.rsplit_once('@').unwrap_or((&self.0, ""))
    }

    #[must_use]
    pub fn domain(&self) -> &str {
        self.parts().1
    }

    /// Returns the address in the form for mail servers: an international domain as `xn--…`. `None` if the domain has
    /// no such form.
    #[must_use]
    pub fn on_the_wire(&self) -> Option<String> {
        let (local, domain) = self.parts();
        let domain = idna::domain_to_ascii(domain).ok().filter(|domain| !domain.is_empty())?;
        Some(format!("{local}@{domain}"))
    }

    /// Reports whether the local part is ASCII. Any other needs servers with SMTPUTF8 along the whole way.
    #[must_use]
    pub fn has_ascii_local_part(&self) -> bool {
        self.parts().0.is_ascii()
    }

    /// Reports whether both are the same mailbox: case is ignored, and so is the form of an international domain.
    #[must_use]
    pub fn is_same_mailbox(&self, other: &Self) -> bool {
        let key = |address: &Self| address.on_the_wire().unwrap_or_else(|| address.0.clone()).to_lowercase();
        self == other || key(self) == key(other)
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidEmailAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || InvalidEmailAddress(text.to_owned());
        // A domain without a dot, a literal address, quotes and display names are legal in a header and never the
        // address of a company's mailbox.
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

/// An address and the name shown next to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    pub name: Option<String>,
    pub address: EmailAddress,
}

/// A complete mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    /// Sender: the product's address in an organization's name.
    pub from: Mailbox,
    pub to: Mailbox,
    /// Recipients of a visible copy.
    pub cc: Vec<Mailbox>,
    /// Recipients of a copy that the others do not see.
    #[serde(default)]
    pub bcc: Vec<Mailbox>,
    /// Recipient of replies.
    pub reply_to: Option<Mailbox>,
    /// The `Message-ID` of an earlier mail that this one continues, without the angle brackets.
    #[serde(default)]
    pub references: Option<String>,
    /// Subject, one line.
    pub subject: String,
    /// Plain text with lines ended by `\n`.
    pub text: String,
    /// The same text as HTML.
    pub html: Option<String>,
    /// `Message-ID` without the angle brackets; the same each time this mail is sent.
    pub message_id: String,
    /// Key by which a provider recognises a repeated request.
    pub idempotency_key: String,
    /// Trace in whose logs the mail appears. It is no part of the identifiers: a repetition is the same mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceId>,
}

impl Email {
    /// Creates a mail of the product to one of its users, without identifiers yet.
    #[must_use]
    pub fn of_product(sender: &EmailAddress, to: Mailbox, content: MailContent) -> Self {
        let (subject, text, html) = content.into_parts();
        Self {
            from: Mailbox { name: Some(PRODUCT.to_owned()), address: sender.clone() },
            to,
            cc: Vec::new(),
            bcc: Vec::new(),
            reply_to: None,
            references: None,
            subject,
            text,
            html: Some(html),
            message_id: String::new(),
            idempotency_key: String::new(),
            trace: None,
        }
    }

    /// Sets the identifiers of the mail, which are derived from its subject matter and its content: the same mail
    /// always has the same ones, so that a repetition is recognised, and another content has others.
    #[must_use]
    pub fn identified(mut self, kind: &str, key: &str) -> Self {
        let version: String =
            sha256(&self.identity()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let sender = self.from.address.on_the_wire();
        let domain = sender.as_deref().and_then(|sender| sender.rsplit_once('@'));
        let domain = domain.map_or("localhost", |(_, domain)| domain);
        self.message_id = format!("{kind}.{key}.{version}@{domain}");
        self.idempotency_key = format!("{kind}/{key}/{version}");
        self
    }

    /// Returns the bytes from which the identifiers are computed: every field that a server or a reader gets, each
    /// with its length, so that no two mails have the same ones.
    ///
    /// A new field must be appended only if it has a value, and a released order never changes: an upgrade would
    /// otherwise give mails that are being sent another `Message-ID`.
    fn identity(&self) -> Vec<u8> {
        let Self { from, to, cc, bcc, reply_to, references, subject, text, html, .. } = self;
        let mut bytes = Vec::with_capacity(text.len() + html.as_ref().map_or(0, String::len) + 512);
        append_mailboxes(&mut bytes, "from", std::slice::from_ref(from));
        append_mailboxes(&mut bytes, "to", std::slice::from_ref(to));
        append_mailboxes(&mut bytes, "cc", cc);
        append_mailboxes(&mut bytes, "bcc", bcc);
        append_mailboxes(&mut bytes, "reply_to", reply_to.as_slice());
        let references = references.as_deref();
        for (field, value) in [
            ("references", references),
            ("subject", Some(subject.as_str())),
            ("text", Some(text.as_str())),
            ("html", html.as_deref()),
        ] {
            if let Some(value) = value {
                append(&mut bytes, field);
                append(&mut bytes, value);
            }
        }
        bytes
    }
}

/// Appends a text with its length.
fn append(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(text.len().to_string().as_bytes());
    bytes.push(b':');
    bytes.extend_from_slice(text.as_bytes());
}

fn append_mailboxes(bytes: &mut Vec<u8>, field: &str, mailboxes: &[Mailbox]) {
    for mailbox in mailboxes {
        append(bytes, field);
        // An absent name differs from an empty one.
        append(bytes, if mailbox.name.is_some() { "named" } else { "unnamed" });
        append(bytes, mailbox.name.as_deref().unwrap_or_default());
        append(bytes, mailbox.address.as_str());
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

    fn mailbox(name: Option<&str>, address: &str) -> Mailbox {
        Mailbox { name: name.map(str::to_owned), address: address.parse().unwrap() }
    }

    fn relance() -> Email {
        Email {
            from: mailbox(Some("Menuiserie Vasseur via Rubis"), "relances@rubis.example"),
            to: mailbox(Some("Boulangerie Martin"), "compta@boulangerie-martin.example"),
            cc: vec![mailbox(None, "paul@boulangerie-martin.example")],
            bcc: Vec::new(),
            reply_to: Some(mailbox(Some("Jeanne Vasseur"), "jeanne@menuiserie-vasseur.example")),
            references: None,
            subject: "Facture F-2026-001".to_owned(),
            text: "Bonjour,\n".to_owned(),
            html: Some("<p>Bonjour,</p>".to_owned()),
            message_id: String::new(),
            idempotency_key: String::new(),
            trace: None,
        }
    }

    #[test]
    fn the_message_id_of_a_mail_never_changes_between_releases() {
        let mail = relance().identified("relance", "0190d8a0-0000-7000-8000-000000000001");
        assert_eq!(mail.message_id, "relance.0190d8a0-0000-7000-8000-000000000001.d9cafba5@rubis.example");
        assert_eq!(mail.idempotency_key, "relance/0190d8a0-0000-7000-8000-000000000001/d9cafba5");
        let again = mail.clone().identified("relance", "0190d8a0-0000-7000-8000-000000000001");
        assert_eq!(again, mail, "the identifiers themselves are no part of it");
        let traced = Email { trace: Some(crate::TraceId::new()), ..mail.clone() };
        let traced = traced.identified("relance", "0190d8a0-0000-7000-8000-000000000001");
        assert_eq!(traced.message_id, mail.message_id, "nor is the trace");
    }

    #[test]
    fn every_field_that_is_sent_counts_in_the_message_id() {
        let id = |mail: Email| mail.identified("relance", "1").message_id;
        let other = || mailbox(None, "autre@exemple.fr");
        let mut ids = vec![
            id(relance()),
            id(Email { from: other(), ..relance() }),
            id(Email { to: other(), ..relance() }),
            id(Email { cc: Vec::new(), ..relance() }),
            id(Email { bcc: vec![other()], ..relance() }),
            id(Email { cc: Vec::new(), bcc: relance().cc, ..relance() }),
            id(Email { cc: vec![mailbox(Some(""), "paul@boulangerie-martin.example")], ..relance() }),
            id(Email { reply_to: None, ..relance() }),
            id(Email { references: Some("a@b".to_owned()), ..relance() }),
            id(Email { subject: "Facture F-2026-002".to_owned(), ..relance() }),
            id(Email { text: "Bonsoir,\n".to_owned(), ..relance() }),
            id(Email { html: None, ..relance() }),
        ];
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
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
    fn an_international_domain_is_sent_as_servers_take_it() {
        for (given, sent) in [
            ("compta@société.example", Some("compta@xn--socit-esab.example")),
            ("compta@xn--socit-esab.example", Some("compta@xn--socit-esab.example")),
            ("hélène@exemple.fr", Some("hélène@exemple.fr")),
            ("compta@exemple.fr", Some("compta@exemple.fr")),
        ] {
            let address: EmailAddress = given.parse().unwrap();
            assert_eq!(address.on_the_wire().as_deref(), sent);
        }
        assert!(!"hélène@exemple.fr".parse::<EmailAddress>().unwrap().has_ascii_local_part());
        assert!("compta@société.example".parse::<EmailAddress>().unwrap().has_ascii_local_part());
        let mail = Email { from: mailbox(None, "relances@société.example"), ..relance() };
        assert!(mail.identified("relance", "1").message_id.ends_with("@xn--socit-esab.example"));
    }

    #[test]
    fn a_mailbox_is_the_same_whatever_the_case_and_the_form_of_its_domain() {
        let is_same = |one: &str, other: &str| {
            one.parse::<EmailAddress>().unwrap().is_same_mailbox(&other.parse().unwrap())
        };
        assert!(is_same("Compta@exemple.fr", "compta@EXEMPLE.fr"));
        assert!(is_same("compta@société.example", "COMPTA@xn--socit-esab.example"));
        assert!(!is_same("compta@exemple.fr", "comptes@exemple.fr"));
        assert!(!is_same("compta@exemple.fr", "compta@exemple.com"));
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
