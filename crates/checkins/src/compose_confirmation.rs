//! Composes the mail that confirms to the user that they declared an invoice paid.

use rubis_accounts::{Organization, User};
use rubis_invoices::{Client, Invoice, Payment};
use rubis_kernel::{Email, Money, fill, fill_html, one_line};

use crate::{
    claim_mail::MailTerms,
    compose::{Content, addressed, date_french, facts},
    task::{CheckinAnsweredBy, CheckinTask},
    token::{hash_of_token, token_of},
};

/// What ends a confirmation whose link anybody can use who has it.
const KEEP_TO_YOURSELF: &str = "Ce lien agit en votre nom\u{a0}: ne transférez pas ce message.";

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

/// The mail that tells the user that they declared an invoice paid, and how to take that back. The same
/// confirmation always has the same `Message-ID` and the same key.
#[must_use]
pub fn compose_confirmation(terms: &MailTerms<'_>, confirmation: &Confirmation<'_>) -> Email {
    let Confirmation { organization, owner, client, invoice, payment, task } = confirmation;
    let client_name = one_line(&client.name);
    let numero = one_line(&invoice.numero);
    let amount = Money::new(payment.amount_cents, invoice.amount.currency).format_french();
    let due_date = date_french(invoice.due_date);
    let organization_name = one_line(&organization.name);
    let how = match task.answered_by {
        Some(CheckinAnsweredBy::Link) => "en ouvrant un lien de notre message",
        Some(CheckinAnsweredBy::Button) | None => "depuis la page de réponse",
    };
    // On the last day it is not told whether the hour has passed.
    let until = task.undo_until(terms.rules).map(|until| organization.time_zone.local_date(until));
    let until = until.map(|until| format!(" avant le {}", date_french(until))).unwrap_or_default();
    let undo_url = undo_url(terms, task);
    let undo_in_html = match undo_url {
        Some(_) => format!("Revenez sur cette réponse{until}."),
        None => format!("Revenez sur cette réponse{until} par les liens de notre premier message."),
    };
    let undo = match &undo_url {
        Some(url) => format!("Revenez sur cette réponse{until}\u{a0}:\n{url}\n"),
        None => format!("{undo_in_html}\n"),
    };
    let facts = facts(&[
        ("client", &client_name),
        ("numero", &numero),
        ("amount_label", "Montant réglé"),
        ("amount", &amount),
        ("due_date", &due_date),
    ]);
    let values = [
        ("client", client_name.as_str()),
        ("numero", &numero),
        ("amount", &amount),
        ("due_date", &due_date),
        ("organization", &organization_name),
        ("how", how),
    ];
    let footer = if undo_url.is_some() { KEEP_TO_YOURSELF } else { "" };
    let text_footer = if undo_url.is_some() { format!("\n{KEEP_TO_YOURSELF}\n") } else { String::new() };
    let button = undo_url
        .map(|url| fill_html(include_str!("templates/undo_button.html"), &[("undo_url", &url)], &[]))
        .unwrap_or_default();
    let text_values: Vec<_> =
        values.into_iter().chain([("undo", undo.as_str()), ("footer", &text_footer)]).collect();
    let html_values: Vec<_> = values.into_iter().chain([("undo", undo_in_html.as_str())]).collect();
    let content = Content {
        subject: format!("Facture {numero} ({client_name})\u{a0}: déclarée payée"),
        text: fill(include_str!("templates/confirmation.txt"), &text_values),
        html: fill_html(
            include_str!("templates/confirmation.html"),
            &html_values,
            &[("facts", &facts), ("button", &button)],
        ),
        footer,
    };
    addressed(terms, organization, owner, content, "checkin-confirmation", &task.id.to_string())
}

/// Where the answer can be taken back. After the key was changed, the token can't be written again; it is in
/// the user's first mail still.
fn undo_url(terms: &MailTerms<'_>, task: &CheckinTask) -> Option<String> {
    let token = token_of(terms.key, task.id);
    (task.token_hash == Some(hash_of_token(&token))).then(|| terms.links.answered_page(&token))
}
