//! A fake of Stripe for an application.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::{sync::Arc, time::Duration};

use rubis_kernel::ManualClock;
use rubis_stripe::{StripeGateway, StripeSettings};
use rubis_stripe_fake::{FakeSettings, StripeFake, WebhookTarget};

/// Secret with which the fake signs its events.
pub const WEBHOOK_SECRET: &str = "whsec_of_the_tests";

/// Starts a fake without a webhook target. It delivers an event once: a test delivers it again if it needs that.
pub(crate) async fn start(clock: Arc<ManualClock>) -> StripeFake {
    let settings = FakeSettings { clock, retry_delays: Vec::new(), ..FakeSettings::default() };
    StripeFake::start(settings).await.expect("the fake starts")
}

/// Creates the gateway to a fake, which retries without a wait and does not cache prices.
pub(crate) fn gateway(fake: &StripeFake, clock: Arc<ManualClock>) -> StripeGateway {
    let settings = StripeSettings {
        backoff: Duration::ZERO,
        price_cache: Duration::ZERO,
        ..StripeSettings::new(fake.secret_key().into()).at(fake.api_base())
    };
    StripeGateway::new(&settings, clock).expect("the fake can be reached")
}

/// Returns the webhook target of an application.
pub(crate) fn webhook_of(app_url: &str) -> WebhookTarget {
    let url = format!("{app_url}/api/v1/webhooks/stripe").parse().expect("an address");
    WebhookTarget { url, secret: WEBHOOK_SECRET.to_owned() }
}
