//! Events, in the words of a webhook.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::shape::ApiShape;
use super::{new_id, seconds};

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// `evt_…`.
    pub id: String,
    /// `customer.subscription.updated`.
    pub kind: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    /// The whole event, as it is delivered.
    pub body: Value,
}

impl Event {
    /// Returns an event about this object; `previous` are the former values of the changed fields.
    pub(super) fn new(
        kind: &str,
        object: &Value,
        previous: Option<Map<String, Value>>,
        shape: ApiShape,
        now: OffsetDateTime,
    ) -> Self {
        let id = new_id("evt");
        let mut data = json!({ "object": object });
        if let (Some(previous), Some(fields)) = (previous, data.as_object_mut()) {
            fields.insert("previous_attributes".to_owned(), previous.into());
        }
        let body = json!({
            "id": id,
            "object": "event",
            "api_version": shape.version(),
            "created": seconds(now),
            "data": data,
            "livemode": false,
            "pending_webhooks": 1,
            "request": { "id": null, "idempotency_key": null },
            "type": kind,
        });
        Self { id, kind: kind.to_owned(), created: now, body }
    }
}

/// Returns the former values of the changed fields.
pub(super) fn differences(before: &Value, after: &Value) -> Map<String, Value> {
    let (Some(before), Some(after)) = (before.as_object(), after.as_object()) else {
        return Map::new();
    };
    let changed = after.iter().filter(|(name, value)| before.get(*name) != Some(*value));
    changed.map(|(name, _)| (name.clone(), before.get(name).cloned().unwrap_or(Value::Null))).collect()
}
