//! The time for which a token shows its check-in.

use time::{Duration, OffsetDateTime};

use crate::{CheckinRules, CheckinTask};

/// Time after the end of its links during which a token still gets a response.
pub const GONE_AFTER: Duration = Duration::days(30);

/// Data shown for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// The invoice and its state.
    Full,
    /// The state without the invoice's number, amounts, dates and client.
    StateOnly,
    /// Nothing.
    Gone,
}

impl CheckinTask {
    /// Returns the data shown for its token at this instant: everything until the links have ended and no answer can
    /// be taken back, then the state alone, and nothing from [`GONE_AFTER`] on.
    #[must_use]
    pub fn visibility(&self, rules: &CheckinRules, now: OffsetDateTime) -> Visibility {
        if self.is_gone(rules, now) {
            Visibility::Gone
        } else if self.takes_answers(now) || now < self.links_end_at() + rules.undo {
            Visibility::Full
        } else {
            Visibility::StateOnly
        }
    }

    /// Reports whether its token shows nothing any more. An undo period longer than [`GONE_AFTER`] counts.
    #[must_use]
    pub fn is_gone(&self, rules: &CheckinRules, now: OffsetDateTime) -> bool {
        !self.takes_answers(now) && self.links_end_at() + GONE_AFTER.max(rules.undo) <= now
    }

    /// Returns the end of its links, or its date if it was cancelled before its mail was recorded as sent.
    fn links_end_at(&self) -> OffsetDateTime {
        self.expires_at.unwrap_or(self.send_at)
    }
}
