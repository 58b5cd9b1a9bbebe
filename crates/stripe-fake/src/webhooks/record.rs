//! The results of deliveries.

use serde::Serialize;

/// One try to deliver an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryRecord {
    /// `evt_…`.
    pub event: String,
    /// `customer.subscription.updated`.
    pub kind: String,
    /// The number of the attempt, from 1; 0 for an event that was lost on purpose.
    pub attempt: usize,
    /// The result.
    pub outcome: DeliveryOutcome,
}

/// The result of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum DeliveryOutcome {
    /// A response was received.
    Answered {
        /// The HTTP status; another than 2xx is tried again.
        status: u16,
    },
    /// There was no response.
    Unreachable {
        /// The failure of the connection.
        reason: String,
    },
    /// It was lost on purpose.
    Lost,
    /// There was no webhook target.
    NoTarget,
}
