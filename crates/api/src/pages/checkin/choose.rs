//! The choice of the page for a check-in: its state decides, and the latest event selects the message
//! that comes first.

use rubis_checkins::CheckinAnswer;
use rubis_lifecycle::{CheckinCard, CheckinState, CheckinView};

use super::Told;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// Asks if the invoice was paid.
    Question,
    /// Asks to confirm an answer, after a click that may have been a machine's.
    Confirm(CheckinAnswer),
    /// Shows all invoices of the mail.
    Together,
    /// The invoice has just been declared paid.
    Paid,
    /// The invoice has just been declared pending.
    Pending,
    /// The answer has just been undone.
    Undone,
    /// The invoice was declared paid before.
    WasPaid,
    /// The invoice was declared pending before.
    WasPending,
    /// The invoice was settled in another way.
    Settled,
    /// The links have expired.
    Expired,
    /// A fresh link is being sent.
    Renewed,
    /// A fresh link was sent not long ago.
    TooSoon,
}

/// Returns the page of a check-in.
pub(super) fn choose(view: &CheckinView, told: Option<Told>) -> Shown {
    if is_about_all(view, told) {
        return Shown::Together;
    }
    match (view.checkin.state, told) {
        (CheckinState::Open, Some(Told::Confirm(answer))) => Shown::Confirm(answer),
        (CheckinState::Open, _) => Shown::Question,
        (CheckinState::Paid, Some(Told::Paid)) => Shown::Paid,
        (CheckinState::Paid, _) => Shown::WasPaid,
        (CheckinState::StillPending, Some(Told::Pending)) => Shown::Pending,
        (CheckinState::StillPending, Some(Told::Undone)) => Shown::Undone,
        (CheckinState::StillPending, _) => Shown::WasPending,
        (CheckinState::AlreadyAnswered, _) => Shown::Settled,
        (CheckinState::Expired, Some(Told::Renewed)) => Shown::Renewed,
        (CheckinState::Expired, Some(Told::TooSoon)) => Shown::TooSoon,
        (CheckinState::Expired, _) => Shown::Expired,
    }
}

/// Returns true if the page shows the whole mail rather than one of its invoices: it was opened as such,
/// and something is left to answer or to show.
fn is_about_all(view: &CheckinView, told: Option<Told>) -> bool {
    match told {
        _ if view.mates.is_empty() => false,
        None | Some(Told::NothingChosen) => is_open(&view.checkin) || open_mates(view) > 0,
        Some(Told::Answered | Told::Repeat | Told::UndoneTogether) => true,
        Some(_) => false,
    }
}

/// Returns the number of other invoices of the mail that wait for an answer.
pub(super) fn open_mates(view: &CheckinView) -> usize {
    view.mates.iter().filter(|mate| is_open(mate)).count()
}

pub(super) fn is_open(card: &CheckinCard) -> bool {
    card.state == CheckinState::Open
}
