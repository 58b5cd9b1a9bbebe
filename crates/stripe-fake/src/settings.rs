//! The settings of a fake.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rubis_kernel::{SharedClock, SystemClock};
use url::Url;

use crate::state::{Interval, Shapes};

/// The address, the accepted key, the webhook target and the simulated versions of a fake.
#[derive(Clone)]
pub struct FakeSettings {
    /// The address on which it listens; port 0 selects a free one.
    pub addr: SocketAddr,
    /// The address for browsers, for the addresses of its pages; `None` is the listening address.
    pub public_url: Option<Url>,
    /// The only secret key that is accepted.
    pub secret_key: String,
    /// The webhook target; `None` delivers no events. May be set later.
    pub webhook: Option<WebhookTarget>,
    /// The pause before each further delivery of an event that was not answered with a 2xx.
    pub retry_delays: Vec<Duration>,
    pub clock: SharedClock,
    /// The prices for sale.
    pub prices: Vec<NewPrice>,
    /// The simulated versions of Stripe's API.
    pub shapes: Shapes,
    /// The file that keeps the state from one start to the next; without it the state is lost.
    pub state_file: Option<PathBuf>,
}

impl Default for FakeSettings {
    /// Returns the settings for a test: a free port on loopback, Rubis's prices, the machine's clock, no
    /// webhook target.
    fn default() -> Self {
        Self {
            addr: SocketAddr::from(([127, 0, 0, 1], 0)),
            public_url: None,
            secret_key: "sk_test_rubis".to_owned(),
            webhook: None,
            retry_delays: [1, 5, 30, 120].map(Duration::from_secs).to_vec(),
            clock: Arc::new(SystemClock),
            prices: NewPrice::of_rubis(),
            shapes: Shapes::default(),
            state_file: None,
        }
    }
}

/// The address that events are delivered to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookTarget {
    pub url: Url,
    /// The secret that events are signed with, `whsec_…`.
    pub secret: String,
}

/// A price for sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPrice {
    /// The key by which it is found.
    pub lookup_key: String,
    /// The product's name in Checkout.
    pub product: String,
    /// The amount charged each time, in cents of a euro.
    pub amount_cents: i64,
    pub interval: Interval,
}

impl NewPrice {
    /// Returns the prices of Rubis, with invented amounts.
    #[must_use]
    pub fn of_rubis() -> Vec<Self> {
        let price = |lookup_key: &str, product: &str, amount_cents, interval| Self {
            lookup_key: lookup_key.to_owned(),
            product: product.to_owned(),
            amount_cents,
            interval,
        };
        vec![
            price("rubis_pro_monthly", "Rubis Pro", 2_900, Interval::Month),
            price("rubis_pro_yearly", "Rubis Pro", 29_000, Interval::Year),
            price("rubis_business_monthly", "Rubis Business", 7_900, Interval::Month),
            price("rubis_business_yearly", "Rubis Business", 79_000, Interval::Year),
        ]
    }
}
