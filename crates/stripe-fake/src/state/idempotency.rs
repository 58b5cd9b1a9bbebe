//! Responses stored by idempotency key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

/// Time for which a response is stored.
const KEPT: Duration = Duration::days(1);

/// The responses of the last day.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Answers(BTreeMap<String, StoredAnswer>);

/// The response to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredAnswer {
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Method, path and fields of the request.
    pub request: String,
    pub status: u16,
    pub body: Value,
}

impl Answers {
    /// Returns the response that was given under this key.
    pub(crate) fn get(&self, key: &str, now: OffsetDateTime) -> Option<&StoredAnswer> {
        self.0.get(key).filter(|answer| now < answer.at + KEPT)
    }

    /// Stores a response, and drops those that are too old.
    pub(crate) fn put(&mut self, key: String, answer: StoredAnswer) {
        let now = answer.at;
        self.0.retain(|_, kept| now < kept.at + KEPT);
        self.0.insert(key, answer);
    }
}
