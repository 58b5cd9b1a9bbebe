//! Programmed failures of responses, and the log of requests.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A programmed failure of the next requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestFault {
    /// The effect of the failure.
    pub action: RequestAction,
    /// Limits the failure to requests of this method.
    #[serde(default)]
    pub method: Option<String>,
    /// Limits the failure to requests whose path contains this.
    #[serde(default)]
    pub path: Option<String>,
    /// Number of requests.
    #[serde(default = "once")]
    pub times: u32,
}

/// The effect that replaces the normal response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind", deny_unknown_fields)]
pub enum RequestAction {
    /// An error as Stripe writes it, and no effect.
    Status {
        /// The HTTP status, 400 to 599.
        status: u16,
    },
    /// A response that is not JSON, as of a proxy in between, and no effect.
    Garbage {
        /// The HTTP status, 400 to 599.
        status: u16,
    },
    /// The connection is cut, and there is no effect.
    CutBefore,
    /// The connection is cut once the effect took place: the response is lost.
    CutAfter,
    /// The effect takes place and the response comes late; the next faults still apply.
    Delay {
        /// The delay in milliseconds.
        milliseconds: u64,
    },
}

/// A fault with an invalid HTTP status.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0} is no failure: use a status from 400 to 599")]
pub struct InvalidFault(pub u16);

/// A request that was made, with any result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedRequest {
    /// `POST`.
    pub method: String,
    /// `/v1/customers`.
    pub path: String,
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<String>,
    /// The fields of query and body, sorted by name.
    pub fields: Vec<(String, String)>,
}

fn once() -> u32 {
    1
}

impl RequestFault {
    /// Returns a fault of the next request.
    #[must_use]
    pub fn new(action: RequestAction) -> Self {
        Self { action, method: None, path: None, times: 1 }
    }

    /// Returns a fault that answers the next request with an error.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::new(RequestAction::Status { status })
    }

    /// Sets the number of requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Limits the fault to requests whose path contains this.
    #[must_use]
    pub fn on(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    fn matches(&self, request: &RecordedRequest) -> bool {
        self.times > 0
            && self.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(&request.method))
            && self.path.as_ref().is_none_or(|path| request.path.contains(path))
    }
}

/// The programmed failures of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The delay before the response.
    pub delay: Duration,
    /// Replaces the normal response; never [`RequestAction::Delay`].
    pub action: Option<RequestAction>,
}

/// The programmed faults and the log of requests.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    faults: Vec<RequestFault>,
    requests: Vec<RecordedRequest>,
}

/// Number of requests that are kept; the oldest are dropped first.
const REMEMBERED: usize = 10_000;

impl Faults {
    /// Adds a fault after those already programmed.
    pub(crate) fn add(&self, fault: RequestFault) -> Result<(), InvalidFault> {
        if let RequestAction::Status { status } | RequestAction::Garbage { status } = fault.action
            && !(400..=599).contains(&status)
        {
            return Err(InvalidFault(status));
        }
        self.lock().faults.push(fault);
        Ok(())
    }

    pub(crate) fn clear(&self) {
        self.lock().faults.clear();
    }

    /// Returns the remaining faults.
    pub(crate) fn get(&self) -> Vec<RequestFault> {
        self.lock().faults.clone()
    }

    /// Returns the requests so far, oldest first.
    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        self.lock().requests.clone()
    }

    /// Records a request, checks every fault in order, and uses up those that apply.
    pub(crate) fn decide(&self, request: RecordedRequest) -> Verdict {
        let mut inner = self.lock();
        let mut verdict = Verdict { delay: Duration::ZERO, action: None };
        for fault in inner.faults.iter_mut().filter(|fault| fault.matches(&request)) {
            fault.times -= 1;
            if let RequestAction::Delay { milliseconds } = fault.action {
                verdict.delay += Duration::from_millis(milliseconds);
            } else {
                verdict.action = Some(fault.action);
                break;
            }
        }
        inner.faults.retain(|fault| fault.times > 0);
        if inner.requests.len() >= REMEMBERED {
            inner.requests.drain(..REMEMBERED / 10);
        }
        inner.requests.push(request);
        verdict
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, path: &str) -> RecordedRequest {
        RecordedRequest {
            method: method.into(),
            path: path.into(),
            idempotency_key: None,
            fields: Vec::new(),
        }
    }

    #[test]
    fn a_fault_happens_as_often_as_it_was_set_to_and_only_where() {
        let faults = Faults::default();
        faults.add(RequestFault::status(500).times(2).on("/customers")).unwrap();
        let hit = |path| faults.decide(request("POST", path)).action.is_some();
        assert_eq!(
            ["/v1/prices", "/v1/customers", "/v1/customers", "/v1/customers"].map(hit),
            [false, true, true, false]
        );
        assert_eq!(faults.requests().len(), 4);
    }

    #[test]
    fn delays_add_up_before_the_fault_that_decides() {
        let faults = Faults::default();
        faults.add(RequestFault::new(RequestAction::Delay { milliseconds: 30 })).unwrap();
        faults.add(RequestFault::new(RequestAction::CutAfter)).unwrap();
        let verdict = faults.decide(request("GET", "/v1/prices"));
        assert_eq!(
            (verdict.delay, verdict.action),
            (Duration::from_millis(30), Some(RequestAction::CutAfter))
        );
        assert_eq!(faults.get(), []);
    }

    #[test]
    fn what_is_no_failure_is_refused() {
        assert_eq!(Faults::default().add(RequestFault::status(200)), Err(InvalidFault(200)));
    }
}
