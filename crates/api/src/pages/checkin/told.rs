//! What the address of the page tells it: what has just come of a click or of a button.

use rubis_checkins::CheckinAnswer;
use rubis_lifecycle::CheckinOutcome;

/// What has just happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The invoice was declared paid.
    Paid,
    /// It was declared to be still pending.
    Pending,
    /// No check-in has this token.
    Invalid,
    /// Its links ended too long ago: it says no more than that it is expired.
    Gone,
    /// Its life is over.
    Expired,
    /// It was answered before.
    AlreadyAnswered,
    /// Nothing yet: a person has to confirm this answer.
    Confirm(CheckinAnswer),
    /// Several invoices were answered together.
    Answered,
    /// They were sent without any answer.
    NothingChosen,
    /// A button of a page that was open for too long: it has to be pressed again.
    Repeat,
    /// The answer "paid" was taken back.
    Undone,
    /// The answers that were given in one go were taken back.
    UndoneTogether,
    /// A fresh link is on its way.
    Renewed,
    /// One was sent not long ago.
    TooSoon,
}

impl Told {
    /// What came of an answer.
    #[must_use]
    pub fn of(outcome: CheckinOutcome, answer: CheckinAnswer) -> Self {
        match outcome {
            CheckinOutcome::Settled => Self::Paid,
            CheckinOutcome::StillPending => Self::Pending,
            CheckinOutcome::AlreadyAnswered => Self::AlreadyAnswered,
            CheckinOutcome::Expired => Self::Expired,
            CheckinOutcome::Confirm => Self::Confirm(answer),
            CheckinOutcome::Invalid => Self::Invalid,
            CheckinOutcome::Gone => Self::Gone,
        }
    }

    /// Reports whether there is a check-in that the page can show.
    #[must_use]
    pub const fn has_page(self) -> bool {
        !matches!(self, Self::Invalid | Self::Gone)
    }

    /// The parameter `status`.
    #[must_use]
    pub const fn status(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Pending => "pending",
            Self::Invalid => "invalid",
            Self::Expired | Self::Gone => "expired",
            Self::AlreadyAnswered => "already_answered",
            Self::Confirm(_) => "confirm",
            Self::Answered => "answered",
            Self::NothingChosen => "nothing_chosen",
            Self::Repeat => "repeat",
            Self::Undone => "undone",
            Self::UndoneTogether => "undone_together",
            Self::Renewed => "renewed",
            Self::TooSoon => "too_soon",
        }
    }

    /// What a status and an answer tell; nothing, where they make no sense.
    #[must_use]
    pub fn read(status: &str, answer: Option<&str>) -> Option<Self> {
        let confirmed = if answer == Some(word(CheckinAnswer::StillPending)) {
            CheckinAnswer::StillPending
        } else {
            CheckinAnswer::Paid
        };
        let all = [
            Self::Paid,
            Self::Pending,
            Self::Invalid,
            Self::Expired,
            Self::AlreadyAnswered,
            Self::Confirm(confirmed),
            Self::Answered,
            Self::NothingChosen,
            Self::Repeat,
            Self::Undone,
            Self::UndoneTogether,
            Self::Renewed,
            Self::TooSoon,
        ];
        all.into_iter().find(|told| told.status() == status)
    }
}

/// The query of the page's address, with its question mark; empty if nothing has happened.
pub(super) fn query(told: Option<Told>) -> String {
    let Some(told) = told else { return String::new() };
    let answer = match told {
        Told::Confirm(answer) => format!("&answer={}", word(answer)),
        _ => String::new(),
    };
    format!("?status={}{answer}", told.status())
}

/// An answer as addresses and buttons name it: as the links of the mail do.
pub(super) const fn word(answer: CheckinAnswer) -> &'static str {
    match answer {
        CheckinAnswer::Paid => "paid",
        CheckinAnswer::StillPending => "pending",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_what_it_was_made_of() {
        for answer in [CheckinAnswer::Paid, CheckinAnswer::StillPending] {
            let told = Told::Confirm(answer);
            assert_eq!(Told::read(told.status(), Some(word(answer))), Some(told));
        }
        assert_eq!(query(Some(Told::Paid)), "?status=paid");
        assert_eq!(query(Some(Told::Confirm(CheckinAnswer::StillPending))), "?status=confirm&answer=pending");
        assert_eq!(query(None), "");
        assert_eq!(query(Some(Told::Invalid)), "?status=invalid");
        assert_eq!(query(Some(Told::Gone)), "?status=expired");
        assert_eq!(Told::read("nonsense", None), None);
    }
}
