//! Sends calls, retries those that may succeed later, and reads failures.

use std::time::Duration;

use rand::Rng as _;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use stripe::{ApiErrors, Client, ClientBuilder};
use tokio::time::{sleep, timeout};
use tracing::debug;

use super::call::Call;
use crate::error::StripeError;
use crate::settings::StripeSettings;

/// The client library with our own retries.
pub(super) struct Transport {
    client: Client,
    attempts: u32,
    backoff: Duration,
}

/// The longest pause between two attempts.
const MAX_PAUSE: Duration = Duration::from_secs(8);

impl Transport {
    /// # Errors
    /// The key cannot be sent in a header, or the address is not one of HTTP.
    pub(super) fn new(settings: &StripeSettings) -> Result<Self, StripeError> {
        let mut builder = ClientBuilder::new(settings.secret_key.expose_secret())
            .timeout(settings.timeout)
            .app_info("rubis", None, None);
        if let Some(base) = &settings.api_base {
            if !matches!(base.scheme(), "http" | "https") {
                let reason = format!("{base} is not an address of HTTP");
                return Err(StripeError::Unexpected { reason });
            }
            // The client library puts `v1/…` right behind it.
            let slash = if base.path().ends_with('/') { "" } else { "/" };
            builder = builder.url(format!("{base}{slash}"));
        }
        let client =
            builder.build().map_err(|error| StripeError::Unexpected { reason: error.to_string() })?;
        Ok(Self { client, attempts: settings.attempts.max(1), backoff: settings.backoff })
    }

    /// Makes a call, as often as the settings allow, until it is answered.
    #[tracing::instrument(name = "stripe", skip_all, fields(path = call.path()))]
    pub(super) async fn send(&self, call: &Call) -> Result<Value, StripeError> {
        let mut attempt = 1;
        loop {
            match self.attempt(call).await {
                Err(error) if error.is_transient() && attempt < self.attempts => {
                    debug!(path = call.path(), attempt, %error, "Stripe call retried");
                    sleep(self.pause(attempt)).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// Makes a call once, and waits for its response no longer than this.
    #[tracing::instrument(name = "stripe", skip_all, fields(path = call.path()))]
    pub(super) async fn send_once(&self, call: &Call, patience: Duration) -> Result<Value, StripeError> {
        timeout(patience, self.attempt(call)).await.unwrap_or_else(|_elapsed| Err(too_late()))
    }

    /// Makes a call once.
    pub(super) async fn attempt(&self, call: &Call) -> Result<Value, StripeError> {
        let request = call
            .request()
            // Any JSON: the library's typed responses belong to one version of the API.
            .customize::<miniserde::json::Value>()
            .request_strategy(call.strategy()?);
        let answer = request.send(&self.client).await.map_err(|error| failure(call, error))?;
        serde_json::from_str(&miniserde::json::to_string(&answer))
            .map_err(|error| StripeError::Unexpected { reason: format!("{}: {error}", call.path()) })
    }

    /// Returns the pause after an attempt, which doubles each time, varied between half of it and all of
    /// it.
    fn pause(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(16);
        let longest = self.backoff.saturating_mul(1 << doublings).min(MAX_PAUSE);
        longest.mul_f64(rand::rng().random_range(0.5..=1.0))
    }
}

fn failure(call: &Call, error: stripe::StripeError) -> StripeError {
    match error {
        stripe::StripeError::Stripe(error, status) => refusal(call, &error, status),
        // A response that is not JSON: from a proxy in between, or interrupted.
        stripe::StripeError::JSONDeserialize(reason) | stripe::StripeError::ClientError(reason) => {
            StripeError::Unavailable { reason, status: None }
        }
        stripe::StripeError::Timeout => too_late(),
        stripe::StripeError::ConfigError(reason) => StripeError::Unexpected { reason },
    }
}

fn refusal(call: &Call, error: &ApiErrors, status: u16) -> StripeError {
    let code = match &error.code {
        Some(code) => code.as_str().to_owned(),
        None => error.type_.as_str().to_owned(),
    };
    let unavailable =
        |code| StripeError::Unavailable { reason: format!("{status} {code}"), status: Some(status) };
    match status {
        // The same call is being processed: its response is there when it is done.
        409 if code == "idempotency_key_in_use" => unavailable(code),
        404 => StripeError::NotFound { what: call.path().trim_start_matches('/').to_owned() },
        429 | 500.. => unavailable(code),
        _ => StripeError::Refused { code, param: error.param.clone(), status },
    }
}

fn too_late() -> StripeError {
    StripeError::Unavailable { reason: "no answer in time".to_owned(), status: None }
}
