//! What a gateway is made from.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

/// How to reach Stripe.
#[derive(Debug, Clone)]
pub struct StripeSettings {
    /// The account's secret key (`sk_…` or `rk_…`), which never prints.
    pub secret_key: SecretString,
    /// Where the API is; `None` is Stripe itself, an address is a fake's.
    pub api_base: Option<Url>,
    /// Time for one attempt, from the connection to the last byte of the answer.
    pub timeout: Duration,
    /// How often one call is tried at most, at least once.
    pub attempts: u32,
    /// The pause before the second attempt; each further one is twice as long, and all vary by half so that
    /// callers do not come back together.
    pub backoff: Duration,
    /// Time for each call that is made in a hurry, which is tried once.
    pub hurry: Duration,
    /// How long a price that was found is used before it is asked for again.
    pub price_cache: Duration,
}

impl StripeSettings {
    /// Stripe itself: ten seconds for an attempt, three attempts, five seconds in a hurry, prices kept for five
    /// minutes.
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

    /// The same, at another address.
    #[must_use]
    pub fn at(mut self, api_base: Url) -> Self {
        self.api_base = Some(api_base);
        self
    }
}
