//! The choice of the page for a check-in: its state decides, and the latest event selects the message
//! that comes first.

use rubis_checkins::CheckinAnswer;
use rubis_lifecycle::{CheckinCard, CheckinState, CheckinView};

use super::PageStatus;

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
pub(super) fn choose(view: &CheckinView, status: Option<PageStatus>) -> Shown {
    if is_about_all(view, status) {
        return Shown::Together;
    }
    match (view.checkin.state, status) {
        (CheckinState::Open, Some(PageStatus::Confirm(answer))) => Shown::Confirm(answer),
        (CheckinState::Open, _) => Shown::Question,
        (CheckinState::Paid, Some(PageStatus::Paid)) => Shown::Paid,
        (CheckinState::Paid, _) => Shown::WasPaid,
        (CheckinState::StillPending, Some(PageStatus::Pending)) => Shown::Pending,
        (CheckinState::StillPending, Some(PageStatus::Undone)) => Shown::Undone,
        (CheckinState::StillPending, _) => Shown::WasPending,
        (CheckinState::AlreadyAnswered, _) => Shown::Settled,
        (CheckinState::Expired, Some(PageStatus::Renewed)) => Shown::Renewed,
        (CheckinState::Expired, Some(PageStatus::TooSoon)) => Shown::TooSoon,
        (CheckinState::Expired, _) => Shown::Expired,
    }
}

/// Returns true if the page shows the whole mail rather than one of its invoices: it was opened as such,
/// and something is left to answer or to show.
fn is_about_all(view: &CheckinView, status: Option<PageStatus>) -> bool {
    match status {
        _ if view.siblings.is_empty() => false,
        None | Some(PageStatus::NothingChosen) => is_open(&view.checkin) || open_siblings(view) > 0,
        Some(PageStatus::Answered | PageStatus::Repeat | PageStatus::UndoneTogether) => true,
        Some(_) => false,
    }
}

/// Returns the number of other invoices of the mail that wait for an answer.
pub(super) fn open_siblings(view: &CheckinView) -> usize {
    view.siblings.iter().filter(|sibling| is_open(sibling)).count()
}

pub(super) fn is_open(card: &CheckinCard) -> bool {
    card.state == CheckinState::Open
}
