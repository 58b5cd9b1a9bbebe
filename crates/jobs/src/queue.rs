//! The queues that workers take jobs from.

use std::{fmt, str::FromStr};

/// A line of jobs that workers serve apart from the others, with its own limits and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Queue {
    /// The reminders to debtors.
    Relances,
    /// The questions to users whether an invoice was paid.
    Checkins,
    /// The upkeep of check-ins, which sends no mail: gathering those that are due, ending links.
    CheckinUpkeep,
    /// Planning invoices again after a change of rules, which sends no mail.
    Planning,
    /// Jobs of Rubis's own subscription: mails to its subscribers, and the daily sweep.
    Billing,
    /// The mails about a user's own account: verification of the address, recovery, security notices.
    Mails,
}

/// A name that no queue has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no queue {0:?}")]
pub struct UnknownQueue(pub String);

impl Queue {
    /// Every queue.
    pub const ALL: &'static [Self] =
        &[Self::Relances, Self::Checkins, Self::CheckinUpkeep, Self::Planning, Self::Billing, Self::Mails];

    /// The name in the database, in Redis keys, in metrics and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Relances => "relances",
            Self::Checkins => "checkins",
            Self::CheckinUpkeep => "checkin-upkeep",
            Self::Planning => "planning",
            Self::Billing => "billing",
            Self::Mails => "mails",
        }
    }
}

impl fmt::Display for Queue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Queue {
    type Err = UnknownQueue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|queue| queue.as_str() == text)
            .ok_or_else(|| UnknownQueue(text.to_owned()))
    }
}
