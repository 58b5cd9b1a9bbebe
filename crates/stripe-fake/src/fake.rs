//! The fake as a whole, for those who start it in their own process.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use thiserror::Error;
use time::Duration;
use url::Url;

use crate::clock::FakeClock;
use crate::faults::{Faults, InvalidFault, RecordedRequest, RequestFault};
use crate::http::{self, Listener};
use crate::settings::{FakeSettings, WebhookTarget};
use crate::shared::{self, Shared};
use crate::state::{CheckoutSession, Customer, Event, PlayError, Price, Shapes, State, Subscription};
use crate::webhooks::{DeliveryFault, DeliveryRecord, ReleaseOrder, SignedDelivery, Webhooks};

/// A running fake; dropping it stops it.
pub struct StripeFake {
    shared: Arc<Shared>,
    server: http::RunningServer,
}

/// Why a fake could not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("cannot listen on {addr}")]
    Listen {
        /// The address that was asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// What was kept cannot be read.
    #[error("cannot read {}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// There is no client to deliver events with.
    #[error("no HTTP client: {0}")]
    Client(String),
}

impl StripeFake {
    /// Starts listening, on the current tokio runtime; returns once requests are taken.
    ///
    /// # Errors
    /// When the address cannot be listened on or what was kept cannot be read.
    pub async fn start(settings: FakeSettings) -> Result<Self, StartError> {
        let mut state = match &settings.state_file {
            None => State::default(),
            Some(path) => {
                shared::load(path).map_err(|source| StartError::State { path: path.clone(), source })?
            }
        };
        state.shapes = settings.shapes;
        state.offer(&settings.prices);
        let listen = |source| StartError::Listen { addr: settings.addr, source };
        let listener = Listener::bind(settings.addr).map_err(listen)?;
        let addr = listener.addr().map_err(listen)?;
        let public_url = settings.public_url.map_or_else(|| format!("http://{addr}"), String::from);
        let clock = Arc::new(FakeClock::new(settings.clock));
        let webhooks = Webhooks::start(settings.webhook, settings.retry_delays, Arc::clone(&clock))
            .map_err(|error| StartError::Client(error.to_string()))?;
        let shared = Arc::new(Shared {
            secret_key: settings.secret_key,
            public_url: public_url.trim_end_matches('/').to_owned(),
            clock,
            faults: Faults::default(),
            webhooks,
            state: Mutex::new(state),
            state_file: settings.state_file,
        });
        let server = http::start(listener, Arc::clone(&shared)).map_err(listen)?;
        Ok(Self { shared, server })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// Its address as `STRIPE_API_BASE` takes it.
    ///
    /// # Panics
    /// Never: an address and a port make a URL.
    #[must_use]
    #[expect(clippy::expect_used, reason = "an address and a port make a URL")]
    pub fn api_base(&self) -> Url {
        format!("http://{}", self.addr()).parse().expect("an address and a port make a URL")
    }

    /// The secret key that is taken.
    #[must_use]
    pub fn secret_key(&self) -> &str {
        &self.shared.secret_key
    }

    /// Stops listening; what is on its way is not delivered any more.
    pub async fn stop(self) {
        self.server.stop().await;
    }

    // What it knows.

    /// The customers.
    #[must_use]
    pub fn customers(&self) -> Vec<Customer> {
        self.shared.with(|state, _| state.customers.values().cloned().collect())
    }

    /// The prices.
    #[must_use]
    pub fn prices(&self) -> Vec<Price> {
        self.shared.with(|state, _| state.prices.values().cloned().collect())
    }

    /// The Checkout sessions, oldest first.
    #[must_use]
    pub fn checkout_sessions(&self) -> Vec<CheckoutSession> {
        self.shared.with(|state, _| {
            let mut sessions: Vec<_> = state.sessions.values().cloned().collect();
            sessions.sort_by_key(|session| session.created);
            sessions
        })
    }

    /// A Checkout session.
    #[must_use]
    pub fn checkout_session(&self, id: &str) -> Option<CheckoutSession> {
        self.shared.with(|state, _| state.sessions.get(id).cloned())
    }

    /// The subscriptions, oldest first.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<Subscription> {
        self.shared.with(|state, _| {
            let mut subscriptions: Vec<_> = state.subscriptions.values().cloned().collect();
            subscriptions.sort_by_key(|subscription| subscription.created);
            subscriptions
        })
    }

    /// A subscription.
    #[must_use]
    pub fn subscription(&self, id: &str) -> Option<Subscription> {
        self.shared.with(|state, _| state.subscriptions.get(id).cloned())
    }

    /// Everything that happened, oldest first, delivered or not.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.shared.with(|state, _| state.events.clone())
    }

    /// The requests so far, oldest first, answered or not.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.faults.requests()
    }

    // What happens.

    /// A card is taken: the session's subscription begins. Gives the subscription's id.
    ///
    /// # Errors
    /// When the session does not exist, is complete already or has expired.
    pub fn complete_checkout(&self, session: &str) -> Result<String, PlayError> {
        self.shared.with(|state, now| state.complete_checkout(session, &self.shared.public_url, now))
    }

    /// Stripe says that the trial ends soon (`customer.subscription.trial_will_end`).
    ///
    /// # Errors
    /// When the subscription does not exist, has ended or has no trial.
    pub fn announce_trial_end(&self, subscription: &str) -> Result<(), PlayError> {
        self.shared.with(|state, now| state.announce_trial_end(subscription, now))
    }

    /// The subscription is charged, now, and that succeeds: the next period begins, or the unpaid one is paid.
    ///
    /// # Errors
    /// When the subscription does not exist or has ended.
    pub fn succeed_payment(&self, subscription: &str) -> Result<(), PlayError> {
        self.shared.with(|state, now| state.charge(subscription, true, now))
    }

    /// The subscription is charged, now, and that fails (`invoice.payment_failed`): it is `past_due`.
    ///
    /// # Errors
    /// When the subscription does not exist or has ended.
    pub fn fail_payment(&self, subscription: &str) -> Result<(), PlayError> {
        self.shared.with(|state, now| state.charge(subscription, false, now))
    }

    /// The subscription will end with its period, or will not any more.
    ///
    /// # Errors
    /// When the subscription does not exist or has ended.
    pub fn set_cancel_at_period_end(&self, subscription: &str, cancel: bool) -> Result<(), PlayError> {
        self.shared.with(|state, now| state.set_cancel_at_period_end(subscription, cancel, now))
    }

    /// The subscription ends now (`customer.subscription.deleted`).
    ///
    /// # Errors
    /// When the subscription does not exist or has ended.
    pub fn cancel(&self, subscription: &str) -> Result<(), PlayError> {
        self.shared.with(|state, now| state.cancel(subscription, now))
    }

    /// The subscription is to the price with this lookup key from now on.
    ///
    /// # Errors
    /// When there is no such subscription or price, or it has ended.
    pub fn change_price(&self, subscription: &str, lookup_key: &str) -> Result<(), PlayError> {
        self.shared.with(|state, now| {
            let price = state.price_with_key(lookup_key).map(|price| price.id.clone());
            let unknown = || PlayError::Unknown { kind: "price", id: lookup_key.to_owned() };
            state.change_price(subscription, &price.ok_or_else(unknown)?, now)
        })
    }

    /// The next charge of the subscription that is due by the clock fails, or does not any more.
    ///
    /// # Errors
    /// When the subscription does not exist or has ended.
    pub fn set_next_payment_fails(&self, subscription: &str, fails: bool) -> Result<(), PlayError> {
        self.shared.with(|state, _| {
            state.living_mut(subscription)?.next_payment_fails = fails;
            Ok(())
        })
    }

    /// Plays what is due by the clock that the fake was given, after that clock was moved: announcements of the
    /// end of trials, charges, ends.
    pub fn catch_up(&self) {
        self.shared.catch_up();
    }

    /// Moves the fake's own time on, and plays what became due. Signatures keep the time of the clock that the
    /// fake was given, which those who verify them have too.
    pub fn advance(&self, by: Duration) {
        self.shared.advance(by);
    }

    // What goes wrong.

    /// Programs a failure of the next requests, behind those that are programmed.
    ///
    /// # Errors
    /// When its status is not one of a failure.
    pub fn fail_requests(&self, fault: RequestFault) -> Result<(), InvalidFault> {
        self.shared.faults.add(fault)
    }

    /// Forgets the failures of requests that are programmed.
    pub fn clear_request_faults(&self) {
        self.shared.faults.clear();
    }

    /// Programs what happens to the next events, behind what is programmed.
    pub fn disturb_deliveries(&self, fault: DeliveryFault) {
        self.shared.webhooks.with_plan(|plan| plan.add(fault));
    }

    /// Forgets what is programmed for events; those that wait for others are held until they are released.
    pub fn clear_delivery_faults(&self) {
        self.shared.webhooks.with_plan(|plan| plan.clear());
    }

    /// Which versions of Stripe's API are played from now on.
    pub fn set_shapes(&self, shapes: Shapes) {
        self.shared.with(|state, _| state.shapes = shapes);
    }

    // Whom it tells.

    /// Whom to tell from now on; `None` tells nobody.
    pub fn set_webhook(&self, target: Option<WebhookTarget>) {
        self.shared.webhooks.set_target(target);
    }

    /// Holds every event back from now on, until [`Self::release_deliveries`].
    pub fn hold_deliveries(&self) {
        self.shared.webhooks.with_plan(|plan| plan.hold());
    }

    /// The events that are held back, oldest first.
    #[must_use]
    pub fn held_events(&self) -> Vec<Event> {
        self.shared.webhooks.with_plan(|plan| plan.held())
    }

    /// Delivers what was held back, and holds nothing back any more.
    pub fn release_deliveries(&self, order: ReleaseOrder) {
        self.shared.webhooks.release(order);
    }

    /// Delivers an event once more, as Stripe's own *resend* does.
    pub fn deliver_again(&self, event: &Event) {
        self.shared.webhooks.send(vec![event.clone()]);
    }

    /// The event as it would be posted now, for those who post it themselves; `None` when nobody is told.
    #[must_use]
    pub fn sign(&self, event: &Event) -> Option<SignedDelivery> {
        self.shared.webhooks.sign(event)
    }

    /// Every delivery so far, oldest first.
    #[must_use]
    pub fn deliveries(&self) -> Vec<DeliveryRecord> {
        self.shared.webhooks.records()
    }

    /// Waits until no delivery is under way, those that wait for another try included; what is held back does
    /// not count.
    pub async fn settled(&self) {
        let mut under_way = self.shared.webhooks.under_way();
        // The channel closes when the fake is dropped, which has it borrowed.
        let _closed = under_way.wait_for(|count| *count == 0).await;
    }
}
