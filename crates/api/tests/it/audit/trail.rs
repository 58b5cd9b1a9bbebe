//! The events of the audit trail, from the captured log.

use rubis_testkit::CapturedLog;
use serde_json::Value;

/// The events of tests that use one client address each, so that tests may run side by side.
pub struct Trail {
    client: &'static str,
}

impl Trail {
    /// Begins to write events down.
    pub fn of_client(client: &'static str) -> Self {
        CapturedLog::of_process();
        Self { client }
    }

    /// Every event of the client so far.
    pub fn events(&self) -> Vec<Value> {
        let events = CapturedLog::of_process().events("client", self.client);
        events.into_iter().filter(|event| event["target"] == "rubis_audit").collect()
    }

    /// The last event of the client, which has to be of this kind.
    #[track_caller]
    pub fn last(&self, kind: &str) -> Value {
        let event = self.events().pop().unwrap_or_default();
        assert_eq!(event["event"], kind, "{event}");
        event
    }
}
