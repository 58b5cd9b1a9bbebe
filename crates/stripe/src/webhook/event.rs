//! An event: its type, its time and its object.

use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;

use crate::error::MalformedObject;
use crate::json::{self, Instant};

/// An event at Stripe.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Stripe's id, `evt_…`: the same at every delivery.
    pub id: String,
    /// The type: `customer.subscription.updated`.
    pub kind: String,
    /// The time in whole seconds: two events of one second have no order.
    pub created: OffsetDateTime,
    /// True for real money; `None` if the event does not state it.
    pub livemode: Option<bool>,
    /// The connected account (Stripe Connect) in which it happened; `None` for our own.
    pub account: Option<String>,
    /// The object at the time of the event, in the API version of the webhook address.
    pub object: Value,
}

#[derive(Deserialize)]
struct RawEvent {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    created: Instant,
    #[serde(default)]
    livemode: Option<bool>,
    #[serde(default)]
    account: Option<String>,
    data: RawData,
}

#[derive(Deserialize)]
struct RawData {
    object: Value,
}

impl Event {
    /// Reads an event whose signature was verified.
    pub(super) fn parse(raw: &[u8]) -> Result<Self, MalformedObject> {
        let value: Value = serde_json::from_slice(raw)
            .map_err(|error| MalformedObject { kind: "event", reason: error.to_string() })?;
        let raw: RawEvent = json::read("event", &value)?;
        Ok(Self {
            id: raw.id,
            kind: raw.kind,
            created: raw.created.0,
            livemode: raw.livemode,
            account: raw.account,
            object: raw.data.object,
        })
    }
}
