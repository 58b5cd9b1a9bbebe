//! Composes the mail of a reminder: its text, its HTML twin, and whom it goes to.

use rubis_accounts::{Organization, User};
use rubis_invoices::{Client, Contact, Invoice};
use rubis_kernel::{Email, EmailAddress, MailContent, Mailbox, RelanceTaskId, RenderError};
use time::OffsetDateTime;

use crate::{
    letter::letter,
    plan::StepContent,
    variables::{RenderedText, TextError, Values, render},
};

/// What the product's mails come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The product's address; its domain also ends each `Message-ID`.
    pub address: EmailAddress,
}

/// Writes a step's text for an invoice as it reads at `at`, in the organization's time zone.
///
/// # Errors
/// [`TextError`].
pub fn text_for(
    organization: &Organization,
    client: &Client,
    invoice: &Invoice,
    content: &StepContent,
    at: OffsetDateTime,
) -> Result<RenderedText, TextError> {
    let values = Values {
        client_name: client.name.clone(),
        numero: invoice.numero.clone(),
        amount: invoice.amount,
        balance: invoice.balance(),
        due_date: invoice.due_date,
        days_late: (organization.time_zone.local_date(at) - invoice.due_date).whole_days(),
        signature: organization.signature.clone(),
        organization_name: organization.name.clone(),
        pay_url: None,
    };
    render(&content.subject, &content.body, &values)
}

/// The people a reminder concerns.
#[derive(Clone, Copy, Debug)]
pub struct Parties<'a> {
    /// The product.
    pub sender: &'a Sender,
    /// The creditor.
    pub organization: &'a Organization,
    /// Who gets the answers.
    pub owner: Option<&'a User>,
    /// The debtor.
    pub client: &'a Client,
    /// The debtor's people: those who receive reminders get a copy.
    pub contacts: &'a [Contact],
    /// The most copies of the mail; the first contacts get them.
    pub max_copies: usize,
    /// The `Message-ID` of the first reminder of the invoice that the client received.
    pub first_message_id: Option<&'a str>,
}

/// The mail that carries a reminder's text. The same mail always has the same `Message-ID` and the same
/// key, so that a repetition is recognised; a mail that reads otherwise has others.
///
/// # Errors
/// [`RenderError`]: the mail is too long.
pub fn compose(parties: Parties<'_>, task: RelanceTaskId, text: &RenderedText) -> Result<Email, RenderError> {
    let Parties { sender, organization, owner, client, contacts, max_copies, first_message_id } = parties;
    let to = Mailbox { name: Some(client.name.clone()), address: client.email.clone() };
    let cc: Vec<Mailbox> = contacts
        .iter()
        .filter(|contact| contact.receives_relances && contact.email != client.email)
        .take(max_copies)
        .map(|contact| Mailbox { name: Some(contact.name.clone()), address: contact.email.clone() })
        .collect();
    let html = letter(&organization.name, text)?;
    let content = MailContent::new(text.subject.clone(), text.body.clone(), html)?;
    let (subject, text, html) = content.into_parts();
    let email = Email {
        from: Mailbox {
            name: Some(format!("{} via Rubis", organization.name)),
            address: sender.address.clone(),
        },
        to,
        cc,
        bcc: Vec::new(),
        reply_to: owner
            .map(|user| Mailbox { name: Some(user.full_name.clone()), address: user.email.clone() }),
        references: first_message_id.map(str::to_owned),
        subject,
        text,
        html: Some(html),
        message_id: String::new(),
        idempotency_key: String::new(),
    };
    Ok(email.identified("relance", &task.to_string()))
}
