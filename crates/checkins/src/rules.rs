//! Time limits of check-ins and their links.

use time::Duration;

use crate::planning::ANSWER_DELAY;

/// Operational settings of check-ins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckinRules {
    /// Life of the links of a mail.
    pub life: Duration,
    /// Time after the sending of a mail during which an opening is taken for a machine's.
    pub quiet: Duration,
    /// Time within which the opening of both links is taken for a machine's.
    pub suspect: Duration,
    /// Time during which the answer that an invoice is paid can be taken back.
    pub undo: Duration,
}

impl CheckinRules {
    /// Returns the time during which an answer by link has no effect on the debtor: a minute at least, and as long as
    /// the other link can take the answer back.
    pub(crate) fn answer_hold(&self) -> Duration {
        ANSWER_DELAY.max(self.suspect)
    }
}

impl Default for CheckinRules {
    fn default() -> Self {
        Self {
            life: Duration::hours(24),
            quiet: Duration::seconds(30),
            suspect: Duration::seconds(60),
            undo: Duration::days(7),
        }
    }
}
