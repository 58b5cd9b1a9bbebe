//! A gateway and the fake it talks to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rubis_kernel::{ManualClock, OrganizationId};
use rubis_stripe::{
    CheckoutSession, CustomerId, NewCheckout, NewCustomer, PriceId, StripeError, StripeGateway,
    StripeSettings, TrialTerms,
};
use rubis_stripe_fake::{FakeSettings, StripeFake};
use time::OffsetDateTime;
use time::macros::datetime;

pub const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

pub struct Scene {
    pub fake: StripeFake,
    pub gateway: StripeGateway,
    pub clock: Arc<ManualClock>,
    pub organization: OrganizationId,
}

impl Scene {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// Starts both. Pauses between attempts are too short to notice; `change` changes further settings.
    pub async fn with(change: impl FnOnce(&mut StripeSettings)) -> Self {
        // Another test of this process may have installed it already.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let clock = Arc::new(ManualClock::new(NOW));
        let fake = FakeSettings { clock: clock.clone(), ..FakeSettings::default() };
        let fake = StripeFake::start(fake).await.unwrap();
        let mut settings = StripeSettings::new(fake.secret_key().into()).at(fake.api_base());
        settings.backoff = Duration::from_millis(1);
        change(&mut settings);
        let gateway = StripeGateway::new(&settings, clock.clone()).unwrap();
        Self { fake, gateway, clock, organization: OrganizationId::new() }
    }

    pub async fn create_customer(&self) -> Result<CustomerId, StripeError> {
        let customer = NewCustomer {
            organization_id: self.organization,
            name: "Café Martin & Fils",
            email: "compta@martin.example",
        };
        self.gateway.create_customer(&customer).await
    }

    pub async fn price(&self) -> PriceId {
        self.gateway.price("rubis_pro_monthly").await.unwrap().id
    }

    pub async fn checkout(&self, request_id: &str, trial_days: Option<u32>) -> NewCheckout {
        NewCheckout {
            organization_id: self.organization,
            request_id: request_id.to_owned(),
            customer: self.create_customer().await.unwrap(),
            price: self.price().await,
            success_url: "http://localhost:5173/parametres/abonnement?checkout=success&session_id={CHECKOUT_SESSION_ID}"
                .to_owned(),
            cancel_url: "http://localhost:5173/parametres/abonnement?checkout=cancel".to_owned(),
            trial: trial_days.map(|days| TrialTerms { days }),
            metadata: BTreeMap::from([("plan".to_owned(), "pro".to_owned())]),
        }
    }

    pub async fn open_checkout(&self, trial_days: Option<u32>) -> CheckoutSession {
        let checkout = self.checkout("request-1", trial_days).await;
        self.gateway.create_checkout_session(&checkout).await.unwrap()
    }

    /// Returns the idempotency keys of the requests to this path, in order.
    pub fn keys_at(&self, path: &str) -> Vec<Option<String>> {
        let requests = self.fake.requests();
        requests.into_iter().filter(|request| request.path == path).map(|one| one.idempotency_key).collect()
    }
}
