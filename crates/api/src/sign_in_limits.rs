//! Limits on guessing one account's password.
//!
//! No client can use up the attempts of another: a client's attempts depend on that client's own failures
//! alone. A device that the account knows is counted on its own. Any other client is counted by account
//! and network, and while the account is being guessed at from many networks, each of those waits longer
//! between two attempts. The first attempt from a network never waits. Successes and refused attempts are
//! not counted.
//!
//! The typed address is the key of every count, so that an unknown one is limited in the same way.

use std::time::Duration;

use actix_web::HttpRequest;
use rubis_accounts::KnownDevice;
use rubis_runtime::{Decision, Rate};

use crate::{
    ApiError, App,
    client_address::{client_address, subscriber_network},
};

const QUARTER: Duration = Duration::from_secs(15 * 60);

/// Failures of one client at one account: ten at once, then one each ninety seconds.
const OF_CLIENT: Rate = Rate::new(10, QUARTER);
/// Failures of all unknown clients at one account, of which one is forgotten every six minutes.
const OF_ACCOUNT: Rate = Rate::new(100, Duration::from_secs(100 * 6 * 60));
/// Number of failures of all unknown clients from which on each of them waits, and the account's holder
/// is warned.
const CONSPICUOUS: u32 = 10;
/// The first wait; it doubles with every ten further failures.
const FIRST_WAIT: Duration = Duration::from_secs(30);

/// An attempt to sign in that has been counted and has no result yet.
#[derive(Debug)]
pub struct SignInAttempt {
    counted: Vec<(String, Rate)>,
    failures: Option<String>,
}

impl SignInAttempt {
    /// Counts an attempt to sign in to the account with this address.
    ///
    /// # Errors
    /// `rate_limited`.
    pub async fn begin(
        app: &App,
        request: &HttpRequest,
        email: &str,
        device: Option<KnownDevice>,
    ) -> Result<Self, ApiError> {
        let account = email.trim().to_lowercase();
        let mut attempt = Self { counted: Vec::new(), failures: None };
        if let Some(device) = device {
            attempt.count(app, format!("sign-in-device:{}", device.id()), OF_CLIENT).await?;
            return Ok(attempt);
        }
        let address = client_address(request, &app.settings.http.trusted_proxies);
        let network = address.map(subscriber_network).unwrap_or_default();
        let failures = format!("sign-in-failures:{account}");
        if let Some(wait) = wait_after(app.limiter.counted(&failures, OF_ACCOUNT).await) {
            attempt.count(app, format!("sign-in-wait:{network}:{account}"), Rate::new(1, wait)).await?;
        }
        attempt.count(app, format!("sign-in-of:{network}:{account}"), OF_CLIENT).await?;
        attempt.failures = Some(failures);
        Ok(attempt)
    }

    /// Records a wrong password. Returns true if unknown clients guess at the account conspicuously
    /// often.
    pub async fn failed(self, app: &App) -> bool {
        let Some(failures) = self.failures else { return false };
        match app.limiter.check(&failures, OF_ACCOUNT).await {
            Decision::Allowed { remaining } => OF_ACCOUNT.burst() - remaining >= CONSPICUOUS,
            Decision::Limited { .. } => true,
        }
    }

    async fn count(&mut self, app: &App, key: String, rate: Rate) -> Result<(), ApiError> {
        match app.limiter.check(&key, rate).await {
            Decision::Allowed { .. } => {
                self.counted.push((key, rate));
                Ok(())
            }
            Decision::Limited { retry_after } => {
                self.give_back(app).await;
                Err(ApiError::rate_limited(retry_after))
            }
        }
    }

    /// Takes the count of an attempt back, after a right password or without a check.
    pub async fn give_back(&self, app: &App) {
        for (key, rate) in &self.counted {
            app.limiter.give_back(key, *rate).await;
        }
    }
}

/// Returns the time that an unknown client waits between two attempts, given the failures of all of them.
fn wait_after(failures: u32) -> Option<Duration> {
    let doublings = failures.checked_sub(CONSPICUOUS)? / 10;
    Some(FIRST_WAIT.saturating_mul(2_u32.saturating_pow(doublings)).min(QUARTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_and_is_bounded() {
        let seconds = |failures| wait_after(failures).map(|wait| wait.as_secs());
        assert_eq!(
            [9, 10, 19, 20, 30, 50].map(seconds),
            [None, Some(30), Some(30), Some(60), Some(120), Some(480)]
        );
        assert_eq!([60, 100, u32::MAX].map(seconds), [Some(900), Some(900), Some(900)]);
    }
}
