//! Composes the mail that confirms to the user that they declared an invoice paid.

use rubis_accounts::{Organization, User};
use rubis_invoices::{Client, Invoice, Payment};
use rubis_kernel::{Email, Money, RenderError, shortened};
use serde::Serialize;

use crate::{
    claim_mail::MailTerms,
    compose::{MAILS, MAX_NAME_CHARS, addressed, date_french},
    task::{CheckinAnsweredBy, CheckinTask},
    token::{hash_of_token, token_of},
};

/// Data of a confirmation.
#[derive(Clone, Copy, Debug)]
pub struct Confirmation<'a> {
    /// Creditor.
    pub organization: &'a Organization,
    /// User who answered and receives the confirmation.
    pub owner: &'a User,
    /// Debtor.
    pub client: &'a Client,
    /// Invoice that was declared paid.
    pub invoice: &'a Invoice,
    /// Payment recorded by the answer.
    pub payment: &'a Payment,
    /// Answered check-in.
    pub task: &'a CheckinTask,
}

#[derive(Serialize)]
struct Values<'a> {
    client: String,
    numero: String,
    amount: String,
    due_date: String,
    organization: String,
    how: &'a str,
    until: Option<String>,
    undo_url: Option<String>,
}

/// Returns the mail that confirms to the user that they declared an invoice paid, and explains how to take that back.
/// The same confirmation always has the same `Message-ID` and the same key.
///
/// # Errors
/// A part of the mail is too long.
pub fn compose_confirmation(
    terms: &MailTerms<'_>,
    confirmation: &Confirmation<'_>,
) -> Result<Email, RenderError> {
    let Confirmation { organization, owner, client, invoice, payment, task } = confirmation;
    let how = match task.answered_by {
        Some(CheckinAnsweredBy::Link) => "en ouvrant un lien de notre message",
        Some(CheckinAnsweredBy::Button) | None => "depuis la page de réponse",
    };
    // On the last day the mail does not depend on whether the hour has passed.
    let until = task.undo_until(terms.rules).map(|until| organization.time_zone.local_date(until));
    let values = Values {
        client: shortened(&client.name, MAX_NAME_CHARS),
        numero: shortened(&invoice.numero, MAX_NAME_CHARS),
        amount: Money::new(payment.amount_cents, invoice.amount.currency).format_french(),
        due_date: date_french(invoice.due_date),
        organization: shortened(&organization.name, MAX_NAME_CHARS),
        how,
        until: until.map(date_french),
        undo_url: undo_url(terms, task),
    };
    let content = MAILS.mail("confirmation", values)?;
    Ok(addressed(terms, owner, content, "checkin-confirmation", &task.id.to_string()))
}

/// One of several invoices that were declared paid together.
#[derive(Serialize)]
struct Item {
    client: String,
    numero: String,
    amount: String,
    due_date: String,
}

#[derive(Serialize)]
struct Several {
    organization: String,
    count: usize,
    invoices: Vec<Item>,
    until: Option<String>,
    undo_url: Option<String>,
}

/// Returns the mail about several invoices that were declared paid together on the answer page.
///
/// # Errors
/// A part of the mail is too long.
pub fn compose_confirmations(
    terms: &MailTerms<'_>,
    first: &Confirmation<'_>,
    others: &[Confirmation<'_>],
) -> Result<Email, RenderError> {
    let all = || std::iter::once(first).chain(others);
    let Confirmation { organization, owner, task, .. } = first;
    let until = all().filter_map(|one| one.task.undo_until(terms.rules)).min();
    let until = until.map(|until| organization.time_zone.local_date(until));
    let values = Several {
        organization: shortened(&organization.name, MAX_NAME_CHARS),
        count: others.len() + 1,
        invoices: all().map(item).collect(),
        until: until.map(date_french),
        undo_url: undo_url(terms, task),
    };
    let content = MAILS.mail("confirmations", values)?;
    Ok(addressed(terms, owner, content, "checkin-confirmation", &task.id.to_string()))
}

fn item(confirmation: &Confirmation<'_>) -> Item {
    let Confirmation { client, invoice, payment, .. } = confirmation;
    Item {
        client: shortened(&client.name, MAX_NAME_CHARS),
        numero: shortened(&invoice.numero, MAX_NAME_CHARS),
        amount: Money::new(payment.amount_cents, invoice.amount.currency).format_french(),
        due_date: date_french(invoice.due_date),
    }
}

/// Returns the link for taking the answer back. After a change of the key the token cannot be computed again; it is
/// still in the user's first mail.
fn undo_url(terms: &MailTerms<'_>, task: &CheckinTask) -> Option<String> {
    let token = token_of(terms.key, task.id);
    (task.token_hash == Some(hash_of_token(&token))).then(|| terms.links.answered_page(&token))
}
