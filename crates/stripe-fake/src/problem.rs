//! Refusals, in the JSON that Stripe writes.

use serde_json::{Value, json};

/// A refusal of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The HTTP status.
    pub status: u16,
    kind: &'static str,
    code: Option<&'static str>,
    param: Option<String>,
    message: String,
}

impl Problem {
    fn invalid(message: String) -> Self {
        Self { status: 400, kind: "invalid_request_error", code: None, param: None, message }
    }

    /// Refuses a missing or wrong key.
    pub(crate) fn unauthorized(message: &str) -> Self {
        Self { status: 401, ..Self::invalid(message.to_owned()) }
    }

    /// Refuses a path or method that this fake does not support.
    pub(crate) fn unknown_url(method: &str, path: &str) -> Self {
        Self {
            status: 404,
            ..Self::invalid(format!(
                "Unrecognized request URL ({method}: /v1/{path}). The fake speaks less than Stripe."
            ))
        }
    }

    /// Refuses a path that names an unknown object.
    pub(crate) fn no_such(kind: &str, id: &str) -> Self {
        Self { status: 404, ..Self::no_such_param(kind, id, "id") }
    }

    /// Refuses a field that names an unknown object.
    pub(crate) fn no_such_param(kind: &str, id: &str, param: &str) -> Self {
        Self {
            code: Some("resource_missing"),
            param: Some(param.to_owned()),
            ..Self::invalid(format!("No such {kind}: '{id}'"))
        }
    }

    /// Refuses a request without a required field.
    pub(crate) fn missing(param: &str) -> Self {
        Self {
            code: Some("parameter_missing"),
            param: Some(param.to_owned()),
            ..Self::invalid(format!("Missing required param: {param}."))
        }
    }

    /// Refuses a field that Stripe does not know, or that this fake does not support.
    pub(crate) fn unknown(param: &str) -> Self {
        Self {
            code: Some("parameter_unknown"),
            param: Some(param.to_owned()),
            ..Self::invalid(format!("Received unknown parameter: {param}"))
        }
    }

    /// Refuses a field with an invalid value.
    pub(crate) fn bad_param(param: &str, message: impl Into<String>) -> Self {
        Self { param: Some(param.to_owned()), ..Self::invalid(message.into()) }
    }

    /// Refuses an address that Stripe does not accept; like Stripe's, the refusal quotes it.
    pub(crate) fn invalid_email(email: &str) -> Self {
        Self {
            code: Some("email_invalid"),
            param: Some("email".to_owned()),
            ..Self::invalid(format!("Invalid email address: {email}"))
        }
    }

    /// Refuses a key that was used before for another request.
    pub(crate) fn other_request_under_key(key: &str) -> Self {
        Self {
            kind: "idempotency_error",
            ..Self::invalid(format!(
                "Keys for idempotent requests can only be used with the same parameters they were first used \
                 with. Try using a key other than '{key}' if you meant to execute a different request."
            ))
        }
    }

    /// Returns Stripe's error for this status, for a programmed failure.
    pub(crate) fn of_status(status: u16) -> Self {
        let (kind, code, message) = match status {
            401 => ("invalid_request_error", None, "Invalid API Key provided: sk_test_***"),
            402 => ("card_error", Some("card_declined"), "Your card was declined."),
            404 => ("invalid_request_error", Some("resource_missing"), "No such object."),
            409 => (
                "idempotency_error",
                Some("idempotency_key_in_use"),
                "There is currently another in-progress request using this Idempotency Key.",
            ),
            429 => ("invalid_request_error", Some("rate_limit"), "Request rate limit exceeded."),
            400..500 => ("invalid_request_error", None, "The fake was programmed to refuse this request."),
            _ => ("api_error", None, "The fake was programmed to fail."),
        };
        Self { status, kind, code, param: None, message: message.to_owned() }
    }

    pub(crate) fn json(&self) -> Value {
        let mut error = json!({ "type": self.kind, "message": self.message });
        if let Some(fields) = error.as_object_mut() {
            if let Some(code) = self.code {
                fields.insert("code".to_owned(), code.into());
                fields.insert(
                    "doc_url".to_owned(),
                    format!("https://stripe.com/docs/error-codes/{code}").into(),
                );
            }
            if let Some(param) = &self.param {
                fields.insert("param".to_owned(), param.clone().into());
            }
        }
        json!({ "error": error })
    }
}
