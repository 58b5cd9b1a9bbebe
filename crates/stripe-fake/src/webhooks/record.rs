//! What became of each delivery.

use serde::Serialize;

/// One try to deliver an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryRecord {
    /// `evt_…`.
    pub event: String,
    /// `customer.subscription.updated`.
    pub kind: String,
    /// Which try it was, from 1; 0 for an event that was lost on purpose.
    pub attempt: usize,
    /// How it ended.
    pub outcome: DeliveryOutcome,
}

/// How a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum DeliveryOutcome {
    /// It was answered.
    Answered {
        /// The HTTP status; another than 2xx is tried again.
        status: u16,
    },
    /// There was no answer.
    Unreachable {
        /// What was met.
        reason: String,
    },
    /// It was lost on purpose.
    Lost,
    /// There was nobody to tell.
    NobodyToTell,
}
