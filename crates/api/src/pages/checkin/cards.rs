//! The invoices on the page: one as a summary, several as a list to be answered.

use rubis_kernel::{Money, format_date_french};
use rubis_lifecycle::{CheckinCard, CheckinInvoice, CheckinState};
use time::Date;

use super::{
    Told, choose,
    fields::ANSWER,
    icons::Mark,
    write::{Writing, lead, opened},
};
use crate::pages::html::Html;

/// What an invoice is about, and what is owed; nothing once the token shows the state alone.
pub(super) fn facts(main: &mut Html, card: &CheckinCard) {
    let Some(invoice) = &card.invoice else { return };
    let owed = owed(invoice);
    main.markup("<div class=\"facts\"><p class=\"sum\">")
        .text(&owed.format_french())
        .markup("</p>\n<dl><dt>Client</dt><dd>")
        .text(&invoice.client_name)
        .markup("</dd><dt>Facture</dt><dd>")
        .text(&invoice.numero)
        .markup("</dd><dt>Échéance</dt><dd>")
        .text(&day(invoice.due_date))
        .markup("</dd>");
    if owed != invoice.amount {
        main.markup("<dt>Montant total</dt><dd>").text(&invoice.amount.format_french()).markup("</dd>");
    }
    main.markup("</dl></div>\n");
}

/// A date that stays on one line.
pub(super) fn day(date: Date) -> String {
    format_date_french(date).replace(' ', "\u{a0}")
}

/// What is outstanding; the whole amount of what is settled.
fn owed(invoice: &CheckinInvoice) -> Money {
    if invoice.balance.cents > 0 { invoice.balance } else { invoice.amount }
}

/// Every invoice of the mail: a choice for each that waits for an answer, and what became of the others.
pub(super) fn together(writing: &Writing<'_>, told: Option<Told>) -> Html {
    let view = writing.view();
    // In the same order whichever of them the page was opened with.
    let mut cards: Vec<&CheckinCard> = std::iter::once(&view.checkin).chain(&view.mates).collect();
    cards.sort_by_key(|card| card.id);
    let (open, done): (Vec<_>, Vec<_>) = cards.into_iter().partition(|card| choose::is_open(card));
    let mut main = heading(open.len());
    notice(&mut main, told, open.is_empty());
    if !open.is_empty() {
        writing.open_form(&mut main, "answers");
        for card in open {
            choice(&mut main, card);
        }
        main.markup("<button>Enregistrer mes réponses</button></form>\n");
    }
    if !done.is_empty() {
        main.markup("<h2>Vos réponses</h2>\n<p class=\"quiet\">Pour revenir sur l\u{2019}une d\u{2019}elles, ouvrez son lien dans le message.</p>\n");
        for card in done {
            main.markup("<div class=\"done\">");
            summary(&mut main, card);
            main.markup("<p>").markup(outcome(card.state)).markup("</p></div>\n");
        }
    }
    main
}

fn heading(open: usize) -> Html {
    match open {
        0 => opened(Mark::Check, "C\u{2019}est noté, merci."),
        1 => opened(Mark::Question, "Votre facture à échéance"),
        count => opened(Mark::Question, &format!("Vos {count} factures à échéance")),
    }
}

fn notice(main: &mut Html, told: Option<Told>, is_done: bool) {
    match told {
        Some(Told::NothingChosen) => {
            main.markup(
                "<p class=\"note\" role=\"alert\">Choisissez une réponse pour au moins une facture.</p>\n",
            );
        }
        Some(Told::Answered) if is_done => {
            main.markup("<p role=\"status\">Vous avez répondu pour toutes les factures de ce message.</p>\n");
        }
        Some(Told::Answered) => {
            main.markup("<p class=\"note good\" role=\"status\">Vos réponses sont enregistrées.</p>\n");
        }
        _ => lead(
            main,
            "Avez-vous été payé\u{a0}? Répondez pour celles dont vous êtes sûr\u{a0}; les autres peuvent attendre.",
        ),
    }
}

/// The two answers to one of several invoices.
fn choice(main: &mut Html, card: &CheckinCard) {
    main.markup("<fieldset><legend>");
    summary(main, card);
    main.markup("</legend><div class=\"choice\">");
    for (value, label) in [("paid", "Payée"), ("still_pending", "Pas encore")] {
        main.markup("<label><input type=\"radio\" name=\"")
            .markup(ANSWER)
            .text(&card.id.to_string())
            .markup("\" value=\"")
            .markup(value)
            .markup("\"><span>")
            .markup(label)
            .markup("</span></label>");
    }
    main.markup("</div></fieldset>\n");
}

fn summary(main: &mut Html, card: &CheckinCard) {
    let Some(invoice) = &card.invoice else { return };
    main.markup("<b><span>")
        .text(&invoice.client_name)
        .markup("</span> <span>")
        .text(&owed(invoice).format_french())
        .markup("</span></b> <small>Facture ")
        .text(&invoice.numero)
        .markup(", échéance du ")
        .text(&day(invoice.due_date))
        .markup("</small>");
}

/// What became of an invoice that waits for no answer.
const fn outcome(state: CheckinState) -> &'static str {
    match state {
        CheckinState::Open => "En attente de votre réponse",
        CheckinState::Paid => "Déclarée payée",
        CheckinState::StillPending => "Toujours en attente de paiement",
        CheckinState::AlreadyAnswered => "Déjà réglée",
        CheckinState::Expired => "Ses liens ont expiré",
    }
}
