//! How long a check-in lives, and when its links are believed.

use time::Duration;

/// What operations can set about check-ins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckinRules {
    /// How long the links of a mail live.
    pub life: Duration,
    /// For how long after the mail left nobody but a machine opens a link.
    pub quiet: Duration,
    /// Within which time of each other no person opens both links.
    pub suspect: Duration,
    /// For how long the answer that an invoice is paid can be taken back.
    pub undo: Duration,
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
