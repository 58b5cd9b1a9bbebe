//! What a fake is started with.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rubis_kernel::{SharedClock, SystemClock};
use url::Url;

use crate::state::{Interval, Shapes};

/// How a fake listens, whom it believes and whom it tells.
#[derive(Clone)]
pub struct FakeSettings {
    /// Where it listens; port 0 takes a free one.
    pub addr: SocketAddr,
    /// How browsers reach it, for the addresses of its pages; `None` is where it listens.
    pub public_url: Option<Url>,
    /// The one secret key that is taken.
    pub secret_key: String,
    /// Whom it tells what happens; `None` tells nobody. May be set later.
    pub webhook: Option<WebhookTarget>,
    /// The pause before each further delivery of an event that was not answered with a 2xx.
    pub retry_delays: Vec<Duration>,
    /// What time it is.
    pub clock: SharedClock,
    /// What is for sale.
    pub prices: Vec<NewPrice>,
    /// Which versions of Stripe's API it plays.
    pub shapes: Shapes,
    /// Where what it knows is kept from one start to the next; `None` forgets.
    pub state_file: Option<PathBuf>,
}

impl Default for FakeSettings {
    /// A free port on loopback, Rubis's prices, the machine's clock, nobody to tell: what a test starts from.
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

/// An address that is told what happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookTarget {
    /// Where events are posted.
    pub url: Url,
    /// What they are signed with, `whsec_…`.
    pub secret: String,
}

/// Something for sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPrice {
    /// The name it is found by.
    pub lookup_key: String,
    /// What Checkout calls it.
    pub product: String,
    /// What is charged each time, in cents of a euro.
    pub amount_cents: i64,
    /// How often.
    pub interval: Interval,
}

impl NewPrice {
    /// The prices of Rubis, with amounts made up.
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
