//! Composes the mail that confirms to the user that they declared an invoice paid.

use rubis_accounts::{Organization, User};
use rubis_invoices::{Client, Invoice, Payment};
use rubis_kernel::{Email, Mailbox};

use crate::{claim_mail::MailTerms, compose::identified, task::CheckinTask};

/// What a confirmation is about.
#[derive(Clone, Copy, Debug)]
pub struct Confirmation<'a> {
    /// The creditor.
    pub organization: &'a Organization,
    /// Who answered, and gets the confirmation.
    pub owner: &'a User,
    /// The debtor.
    pub client: &'a Client,
    /// The invoice.
    pub invoice: &'a Invoice,
    /// What the answer recorded.
    pub payment: &'a Payment,
    /// The check-in that was answered.
    pub task: &'a CheckinTask,
}

/// The mail that tells the user that they declared an invoice paid, and how to take that back.
#[must_use]
pub fn compose_confirmation(terms: &MailTerms<'_>, confirmation: &Confirmation<'_>) -> Email {
    let Confirmation { owner, task, .. } = confirmation;
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
    identified(email, terms, "checkin-confirmation", &task.id.to_string())
}
