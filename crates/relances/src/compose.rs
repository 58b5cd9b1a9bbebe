//! Composes the mail of a reminder: its text, its HTML twin, and whom it goes to.

use rubis_accounts::{Organization, User};
use rubis_invoices::{Client, Contact};
use rubis_kernel::{Email, EmailAddress, MailContent, Mailbox, RelanceTaskId, RenderError};

use crate::{letter::letter, text::RenderedText};

/// Sender of the product's mails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The product's address; its domain also ends each `Message-ID`.
    pub address: EmailAddress,
}

/// The people a reminder concerns.
#[derive(Clone, Copy, Debug)]
pub struct Parties<'a> {
    /// The product.
    pub sender: &'a Sender,
    /// The creditor.
    pub organization: &'a Organization,
    /// Recipient of the replies.
    pub owner: Option<&'a User>,
    /// The debtor.
    pub client: &'a Client,
    /// The debtor's people: those who receive reminders get a copy.
    pub contacts: &'a [Contact],
    /// Addresses of the creditor's own that get a copy which the others do not see.
    pub silent_copies: &'a [EmailAddress],
    /// The most copies of the mail; the first contacts get them, then the silent ones.
    pub max_copies: usize,
    /// The `Message-ID` of the first reminder of the invoice that the client received.
    pub first_message_id: Option<&'a str>,
}

/// The name that a reminder comes from.
pub fn sender_name(organization: &Organization) -> String {
    format!("{} via Rubis", organization.name)
}

/// The mailbox that answers go to.
pub fn reply_to(owner: &User) -> Mailbox {
    Mailbox { name: Some(owner.full_name.clone()), address: owner.email.clone() }
}

/// The subject, text and HTML of a reminder.
///
/// # Errors
/// [`RenderError`]: a part is too long or empty.
pub fn content(organization: &Organization, text: &RenderedText) -> Result<MailContent, RenderError> {
    let html = letter(&organization.name, text)?;
    MailContent::new(text.subject.clone(), text.body.clone(), html)
}

/// The mail that carries a reminder's text. The same mail always has the same `Message-ID` and the same
/// key, so that a repetition is recognised; a mail that reads otherwise has others.
///
/// # Errors
/// [`RenderError`]: the mail is too long.
pub fn compose(parties: Parties<'_>, task: RelanceTaskId, text: &RenderedText) -> Result<Email, RenderError> {
    let to = Mailbox { name: Some(parties.client.name.clone()), address: parties.client.email.clone() };
    let (cc, bcc) = copies(&parties);
    let Parties { sender, organization, owner, first_message_id, .. } = parties;
    let (subject, text, html) = content(organization, text)?.into_parts();
    let email = Email {
        from: Mailbox { name: Some(sender_name(organization)), address: sender.address.clone() },
        to,
        cc,
        bcc,
        reply_to: owner.map(reply_to),
        references: first_message_id.map(str::to_owned),
        subject,
        text,
        html: Some(html),
        message_id: String::new(),
        idempotency_key: String::new(),
        trace: None,
    };
    Ok(email.identified("relance", &task.to_string()))
}

/// The copies and the silent copies. Each mailbox is listed once across all recipients.
fn copies(parties: &Parties<'_>) -> (Vec<Mailbox>, Vec<Mailbox>) {
    let mut listed = vec![&parties.client.email];
    let mut is_new = |address| {
        let is_known = listed.iter().any(|known: &&EmailAddress| known.is_same_mailbox(address));
        if !is_known {
            listed.push(address);
        }
        !is_known
    };
    let cc: Vec<Mailbox> = parties
        .contacts
        .iter()
        .filter(|contact| contact.receives_relances && is_new(&contact.email))
        .take(parties.max_copies)
        .map(|contact| Mailbox { name: Some(contact.name.clone()), address: contact.email.clone() })
        .collect();
    let bcc = parties
        .silent_copies
        .iter()
        .filter(|address| is_new(address))
        .take(parties.max_copies.saturating_sub(cc.len()))
        .map(|address| Mailbox { name: None, address: address.clone() })
        .collect();
    (cc, bcc)
}
