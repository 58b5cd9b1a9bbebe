//! Deliveries: events on their way to the address that is told, and what goes wrong with them.

mod courier;
mod plan;
mod record;
mod signature;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use self::courier::{Courier, Parcel};
use self::plan::Plan;
use crate::clock::FakeClock;
use crate::settings::WebhookTarget;
use crate::state::Event;

pub use plan::{DeliveryFault, ReleaseOrder};
pub use record::{DeliveryOutcome, DeliveryRecord};
pub use signature::SignedDelivery;

/// Delivers events in the background, one after another.
pub(crate) struct Webhooks {
    plan: Mutex<Plan>,
    parcels: mpsc::UnboundedSender<Parcel>,
    courier: Arc<Courier>,
    delivering: JoinHandle<()>,
}

impl Webhooks {
    /// Starts to deliver, on the runtime that this is called on.
    pub(crate) fn start(
        target: Option<WebhookTarget>,
        retry_delays: Vec<Duration>,
        clock: Arc<FakeClock>,
    ) -> Result<Self, reqwest::Error> {
        let courier = Arc::new(Courier::new(target, retry_delays, clock)?);
        let (parcels, waiting) = mpsc::unbounded_channel();
        let delivering = tokio::spawn(Arc::clone(&courier).deliver(waiting));
        Ok(Self { plan: Mutex::default(), parcels, courier, delivering })
    }

    /// Delivers events, in this order, as the faults that are programmed allow.
    pub(crate) fn send(&self, events: Vec<Event>) {
        for event in events {
            let parcels = self.with_plan(|plan| plan.route(event, &self.courier));
            self.post(parcels);
        }
    }

    /// Changes what is programmed; gives back what has to be delivered for it.
    pub(crate) fn with_plan<R>(&self, change: impl FnOnce(&mut Plan) -> R) -> R {
        change(&mut self.plan.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets what was held back go.
    pub(crate) fn release(&self, order: ReleaseOrder) {
        let parcels = self.with_plan(|plan| plan.release(order));
        self.post(parcels);
    }

    fn post(&self, parcels: Vec<Parcel>) {
        for parcel in parcels {
            self.courier.begins();
            if self.parcels.send(parcel).is_err() {
                self.courier.ends();
            }
        }
    }

    /// Whom to tell from now on.
    pub(crate) fn set_target(&self, target: Option<WebhookTarget>) {
        self.courier.set_target(target);
    }

    /// The event as it would be delivered now.
    pub(crate) fn sign(&self, event: &Event) -> Option<SignedDelivery> {
        self.courier.sign(event)
    }

    /// Every delivery so far, oldest first.
    pub(crate) fn records(&self) -> Vec<DeliveryRecord> {
        self.courier.records()
    }

    /// How many deliveries are under way, those that wait for another try included.
    pub(crate) fn under_way(&self) -> watch::Receiver<usize> {
        self.courier.under_way()
    }
}

impl Drop for Webhooks {
    fn drop(&mut self) {
        self.delivering.abort();
    }
}
