//! The values for the templates of check-ins.

use rubis_checkins::CheckinAnswer;
use rubis_kernel::{Money, format_date_french};
use rubis_lifecycle::{CheckinCard, CheckinInvoice, CheckinState, CheckinView};
use serde::Serialize;
use time::{Date, Duration, OffsetDateTime};

use super::{CheckinPage, PageStatus, choose, fields::ANSWER, page_status};

/// The common part of the forms of a page.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Form<'a> {
    path: &'a str,
    token: &'a str,
    button: &'a str,
}

impl<'a> Form<'a> {
    pub(super) fn new(page: &'a CheckinPage, token: &'a str, button: &'a str) -> Self {
        Self { path: page.path(), token, button }
    }
}

/// An invoice with formatted amounts and dates.
#[derive(Serialize)]
struct Invoice<'a> {
    client_name: &'a str,
    numero: &'a str,
    due_date: String,
    owed: String,
    /// The total, if it differs from the outstanding amount.
    total: Option<String>,
}

impl<'a> Invoice<'a> {
    fn new(invoice: &'a CheckinInvoice) -> Self {
        let owed = owed(invoice);
        Self {
            client_name: &invoice.client_name,
            numero: &invoice.numero,
            due_date: day(invoice.due_date),
            owed: owed.format_french(),
            total: (owed != invoice.amount).then(|| invoice.amount.format_french()),
        }
    }

    fn of_card(card: &'a CheckinCard) -> Option<Self> {
        card.invoice.as_ref().map(Self::new)
    }
}

/// The values of a page about one invoice.
#[derive(Serialize)]
pub(super) struct Single<'a> {
    form: Form<'a>,
    invoice: Option<Invoice<'a>>,
    /// The answer of the link that was opened.
    to_confirm: Option<&'static str>,
    answered_on: Option<String>,
    undo_until: Option<String>,
    undo_together: usize,
    can_renew: bool,
    link_hours: i64,
    /// The number of other invoices of the mail that wait for an answer.
    others_open: usize,
}

impl<'a> Single<'a> {
    pub(super) fn new(
        form: Form<'a>,
        view: &'a CheckinView,
        to_confirm: Option<CheckinAnswer>,
        link_life: Duration,
    ) -> Self {
        let card = &view.checkin;
        let day_of = |instant: OffsetDateTime| day(view.time_zone.local_date(instant));
        Self {
            form,
            invoice: Invoice::of_card(card),
            to_confirm: to_confirm.map(page_status::word),
            answered_on: card.answered_at.map(day_of),
            undo_until: card.undo_until.map(day_of),
            undo_together: view.undo_together,
            can_renew: card.can_renew,
            link_hours: link_life.whole_hours(),
            others_open: choose::open_siblings(view),
        }
    }
}

/// The values of the page about every invoice of a mail.
#[derive(Serialize)]
pub(super) struct Together<'a> {
    form: Form<'a>,
    notice: Option<&'static str>,
    open: Vec<Card<'a>>,
    open_count: usize,
    undo_together: usize,
    done: Vec<Card<'a>>,
}

/// One of several invoices.
#[derive(Serialize)]
struct Card<'a> {
    field: String,
    invoice: Option<Invoice<'a>>,
    outcome: &'static str,
}

impl<'a> Together<'a> {
    pub(super) fn new(form: Form<'a>, view: &'a CheckinView, status: Option<PageStatus>) -> Self {
        // The order is independent of the check-in with which the page was opened.
        let mut cards: Vec<&CheckinCard> = std::iter::once(&view.checkin).chain(&view.siblings).collect();
        cards.sort_by_key(|card| card.id);
        let (open, done): (Vec<_>, Vec<_>) = cards.into_iter().partition(|card| choose::is_open(card));
        let notice = match status {
            Some(
                status @ (PageStatus::NothingChosen
                | PageStatus::Answered
                | PageStatus::Repeat
                | PageStatus::UndoneTogether),
            ) => Some(status.as_str()),
            _ => None,
        };
        Self {
            form,
            notice,
            open_count: open.len(),
            undo_together: view.undo_together,
            open: open.into_iter().map(Card::new).collect(),
            done: done.into_iter().map(Card::new).collect(),
        }
    }
}

impl<'a> Card<'a> {
    fn new(card: &'a CheckinCard) -> Self {
        Self {
            field: format!("{ANSWER}{}", card.id),
            invoice: Invoice::of_card(card),
            outcome: outcome(card.state),
        }
    }
}

/// Formats a date with no-break spaces.
fn day(date: Date) -> String {
    format_date_french(date).replace(' ', "\u{a0}")
}

/// Returns the outstanding amount; the whole amount if nothing is outstanding.
fn owed(invoice: &CheckinInvoice) -> Money {
    if invoice.balance.cents > 0 { invoice.balance } else { invoice.amount }
}

const fn outcome(state: CheckinState) -> &'static str {
    match state {
        CheckinState::Open => "En attente de votre réponse",
        CheckinState::Paid => "Déclarée payée",
        CheckinState::StillPending => "Toujours en attente de paiement",
        CheckinState::AlreadyAnswered => "Déjà réglée",
        CheckinState::Expired => "Ses liens ont expiré",
    }
}
