//! Which page a check-in has: what is true decides, and what has just happened says which of it is told first.

use rubis_checkins::CheckinAnswer;
use rubis_lifecycle::{CheckinCard, CheckinState, CheckinView};

use super::Told;

/// One of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// Was it paid?
    Question,
    /// The same, after a click that may have been a machine's.
    Confirm(CheckinAnswer),
    /// All the invoices of the mail at once.
    Together,
    /// It has just been declared paid.
    Paid,
    /// It has just been declared pending.
    Pending,
    /// It has just been declared pending after all.
    Undone,
    /// It was declared paid before.
    WasPaid,
    /// It was declared pending before.
    WasPending,
    /// It was settled in another way.
    Settled,
    /// The links live no more.
    Expired,
    /// A fresh one is on its way.
    Renewed,
    /// One was sent not long ago.
    TooSoon,
}

/// The page of a check-in.
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

/// Whether the page is of the mail rather than of one of its invoices: when it was opened as such, and there is
/// something left to answer or to show for it.
fn is_about_all(view: &CheckinView, told: Option<Told>) -> bool {
    match told {
        _ if view.mates.is_empty() => false,
        None | Some(Told::NothingChosen) => is_open(&view.checkin) || open_mates(view) > 0,
        Some(Told::Answered | Told::Repeat | Told::UndoneTogether) => true,
        Some(_) => false,
    }
}

/// How many other invoices of the mail wait for an answer.
pub(super) fn open_mates(view: &CheckinView) -> usize {
    view.mates.iter().filter(|mate| is_open(mate)).count()
}

pub(super) fn is_open(card: &CheckinCard) -> bool {
    card.state == CheckinState::Open
}
