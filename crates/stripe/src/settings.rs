//! The settings of a gateway.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

/// The settings of a gateway.
#[derive(Debug, Clone)]
pub struct StripeSettings {
    /// The account's secret key (`sk_…` or `rk_…`), which never prints.
    pub secret_key: SecretString,
    /// The address of the API; `None` is Stripe itself, an address is a fake's.
    pub api_base: Option<Url>,
    /// Time for one attempt, from the connection to the last byte of the response.
    pub timeout: Duration,
    /// The maximum number of attempts of one call, at least one.
    pub attempts: u32,
    /// The pause before the second attempt; each further one is twice as long, and all vary by half so
    /// that callers do not return together.
    pub backoff: Duration,
    /// Time for each call of a waiting caller, which is tried once.
    pub hurry: Duration,
    /// Time for which a price that was found is cached.
    pub price_cache: Duration,
}

impl StripeSettings {
    /// Returns the settings for Stripe itself: ten seconds for an attempt, three attempts, five seconds
    /// for a waiting caller, prices cached for five minutes.
    #[must_use]
    pub fn new(secret_key: SecretString) -> Self {
        Self {
            secret_key,
            api_base: None,
            timeout: Duration::from_secs(10),
            attempts: 3,
            backoff: Duration::from_millis(500),
            hurry: Duration::from_secs(5),
            price_cache: Duration::from_secs(300),
        }
    }

    /// Replaces the address.
    #[must_use]
    pub fn at(mut self, api_base: Url) -> Self {
        self.api_base = Some(api_base);
        self
    }
}
