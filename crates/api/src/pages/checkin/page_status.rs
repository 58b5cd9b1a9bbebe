//! The outcome of a click or a button, as the address of the page carries it.

use rubis_checkins::CheckinAnswer;
use rubis_lifecycle::CheckinOutcome;

/// The outcome of a click or a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageStatus {
    /// The invoice was declared paid.
    Paid,
    /// It was declared to be still pending.
    Pending,
    /// No check-in has this token.
    Invalid,
    /// Its links expired too long ago: the page shows no more than that.
    Gone,
    /// Its links have expired.
    Expired,
    AlreadyAnswered,
    /// Nothing was changed: a person has to confirm this answer.
    Confirm(CheckinAnswer),
    /// Several invoices were answered together.
    Answered,
    /// The form for several invoices was sent without any answer.
    NothingChosen,
    /// The page of a button was open for too long: it has to be pressed again.
    Repeat,
    /// The answer "paid" was undone.
    Undone,
    /// The answers that were given at once were undone.
    UndoneTogether,
    /// A fresh link is being sent.
    Renewed,
    /// A fresh link was sent not long ago.
    TooSoon,
}

impl PageStatus {
    /// Converts the outcome of an answer.
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

    /// Returns true if there is a check-in that the page can show.
    #[must_use]
    pub const fn has_page(self) -> bool {
        !matches!(self, Self::Invalid | Self::Gone)
    }

    /// Returns the parameter `status`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
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

    /// Parses a status and an answer; returns `None` if they make no sense.
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
        all.into_iter().find(|known| known.as_str() == status)
    }
}

/// Returns the query of the page's address with its question mark; empty without an outcome.
pub(super) fn query(status: Option<PageStatus>) -> String {
    let Some(status) = status else { return String::new() };
    let answer = match status {
        PageStatus::Confirm(answer) => format!("&answer={}", word(answer)),
        _ => String::new(),
    };
    format!("?status={}{answer}", status.as_str())
}

/// Returns an answer as the links of the mail and the buttons name it.
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
    fn an_address_is_parsed_into_the_status_it_was_made_of() {
        for answer in [CheckinAnswer::Paid, CheckinAnswer::StillPending] {
            let status = PageStatus::Confirm(answer);
            assert_eq!(PageStatus::read(status.as_str(), Some(word(answer))), Some(status));
        }
        assert_eq!(query(Some(PageStatus::Paid)), "?status=paid");
        assert_eq!(
            query(Some(PageStatus::Confirm(CheckinAnswer::StillPending))),
            "?status=confirm&answer=pending"
        );
        assert_eq!(query(None), "");
        assert_eq!(query(Some(PageStatus::Invalid)), "?status=invalid");
        assert_eq!(query(Some(PageStatus::Gone)), "?status=expired");
        assert_eq!(PageStatus::read("nonsense", None), None);
    }
}
