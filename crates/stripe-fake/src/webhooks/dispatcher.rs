//! Posts events, and tries again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tracing::{debug, warn};

use super::record::{DeliveryOutcome, DeliveryRecord};
use super::signature::SignedDelivery;
use crate::clock::FakeClock;
use crate::settings::WebhookTarget;
use crate::state::Event;

/// Time in which a delivery has to be answered.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Number of deliveries that are kept; the oldest are dropped first.
const REMEMBERED: usize = 10_000;

/// An event to deliver, at once or late.
#[derive(Debug)]
pub(super) struct Parcel {
    event: Event,
    late: Duration,
}

impl Parcel {
    pub(super) fn now(event: Event) -> Self {
        Self { event, late: Duration::ZERO }
    }

    pub(super) fn after(late: Duration, event: Event) -> Self {
        Self { event, late }
    }
}

/// Posts events to the webhook target.
pub(super) struct Dispatcher {
    client: reqwest::Client,
    target: Mutex<Option<WebhookTarget>>,
    retry_delays: Vec<Duration>,
    clock: Arc<FakeClock>,
    records: Mutex<Vec<DeliveryRecord>>,
    under_way: watch::Sender<usize>,
}

impl Dispatcher {
    pub(super) fn new(
        target: Option<WebhookTarget>,
        retry_delays: Vec<Duration>,
        clock: Arc<FakeClock>,
    ) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().timeout(TIMEOUT).build()?;
        let (under_way, _) = watch::channel(0);
        Ok(Self {
            client,
            target: Mutex::new(target),
            retry_delays,
            clock,
            records: Mutex::default(),
            under_way,
        })
    }

    /// Delivers incoming events one after another; late events and retries do not delay the rest.
    pub(super) async fn deliver(self: Arc<Self>, mut parcels: mpsc::UnboundedReceiver<Parcel>) {
        while let Some(Parcel { event, late }) = parcels.recv().await {
            if late.is_zero() {
                if self.attempt(&event, 1).await {
                    self.ends();
                } else {
                    tokio::spawn(Arc::clone(&self).insist(event, Duration::ZERO, 2));
                }
            } else {
                tokio::spawn(Arc::clone(&self).insist(event, late, 1));
            }
        }
    }

    /// Delivers after a pause, and again after each allowed pause, until the response is a 2xx.
    async fn insist(self: Arc<Self>, event: Event, late: Duration, first_attempt: usize) {
        sleep(late).await;
        let mut attempt = first_attempt;
        loop {
            if attempt > 1 {
                let Some(delay) = self.retry_delays.get(attempt - 2) else {
                    warn!(event = event.id, kind = event.kind, "event delivery given up");
                    break;
                };
                sleep(*delay).await;
            }
            if self.attempt(&event, attempt).await {
                break;
            }
            attempt += 1;
        }
        self.ends();
    }

    /// Makes one attempt, and returns true if no other is needed.
    async fn attempt(&self, event: &Event, attempt: usize) -> bool {
        let Some((target, delivery)) = self.prepare(event) else {
            self.record(event, attempt, DeliveryOutcome::NoTarget);
            return true;
        };
        let request = self
            .client
            .post(target.url)
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .header("Stripe-Signature", delivery.signature)
            .body(delivery.body);
        let outcome = match request.send().await {
            Ok(answer) => DeliveryOutcome::Answered { status: answer.status().as_u16() },
            Err(error) => DeliveryOutcome::Unreachable { reason: error.to_string() },
        };
        debug!(event = event.id, kind = event.kind, attempt, ?outcome, "delivered");
        let taken = matches!(outcome, DeliveryOutcome::Answered { status: 200..=299 });
        self.record(event, attempt, outcome);
        taken
    }

    fn prepare(&self, event: &Event) -> Option<(WebhookTarget, SignedDelivery)> {
        let target = lock(&self.target).clone()?;
        let delivery = SignedDelivery::new(event.body.to_string(), &target.secret, self.clock.outside());
        Some((target, delivery))
    }

    pub(super) fn sign(&self, event: &Event) -> Option<SignedDelivery> {
        self.prepare(event).map(|(_, delivery)| delivery)
    }

    pub(super) fn set_target(&self, target: Option<WebhookTarget>) {
        *lock(&self.target) = target;
    }

    pub(super) fn record(&self, event: &Event, attempt: usize, outcome: DeliveryOutcome) {
        let mut records = lock(&self.records);
        if records.len() >= REMEMBERED {
            records.drain(..REMEMBERED / 10);
        }
        records.push(DeliveryRecord { event: event.id.clone(), kind: event.kind.clone(), attempt, outcome });
    }

    pub(super) fn records(&self) -> Vec<DeliveryRecord> {
        lock(&self.records).clone()
    }

    pub(super) fn begins(&self) {
        self.under_way.send_modify(|count| *count += 1);
    }

    pub(super) fn ends(&self) {
        self.under_way.send_modify(|count| *count = count.saturating_sub(1));
    }

    pub(super) fn under_way(&self) -> watch::Receiver<usize> {
        self.under_way.subscribe()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
