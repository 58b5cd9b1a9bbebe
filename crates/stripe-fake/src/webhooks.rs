//! Deliveries of events to the webhook target, and their programmed failures.

mod dispatcher;
mod plan;
mod record;
mod signature;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use self::dispatcher::{Dispatcher, Parcel};
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
    dispatcher: Arc<Dispatcher>,
    delivering: JoinHandle<()>,
}

impl Webhooks {
    /// Starts to deliver, on the current runtime.
    pub(crate) fn start(
        target: Option<WebhookTarget>,
        retry_delays: Vec<Duration>,
        clock: Arc<FakeClock>,
    ) -> Result<Self, reqwest::Error> {
        let dispatcher = Arc::new(Dispatcher::new(target, retry_delays, clock)?);
        let (parcels, waiting) = mpsc::unbounded_channel();
        let delivering = tokio::spawn(Arc::clone(&dispatcher).deliver(waiting));
        Ok(Self { plan: Mutex::default(), parcels, dispatcher, delivering })
    }

    /// Delivers events in this order, subject to the programmed faults.
    pub(crate) fn send(&self, events: Vec<Event>) {
        for event in events {
            let parcels = self.with_plan(|plan| plan.route(event, &self.dispatcher));
            self.post(parcels);
        }
    }

    /// Changes the programmed faults, and returns the result of the change.
    pub(crate) fn with_plan<R>(&self, change: impl FnOnce(&mut Plan) -> R) -> R {
        change(&mut self.plan.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Releases the events that were held back.
    pub(crate) fn release(&self, order: ReleaseOrder) {
        let parcels = self.with_plan(|plan| plan.release(order));
        self.post(parcels);
    }

    fn post(&self, parcels: Vec<Parcel>) {
        for parcel in parcels {
            self.dispatcher.begins();
            if self.parcels.send(parcel).is_err() {
                self.dispatcher.ends();
            }
        }
    }

    /// Sets the webhook target from now on.
    pub(crate) fn set_target(&self, target: Option<WebhookTarget>) {
        self.dispatcher.set_target(target);
    }

    /// Returns the event as it would be delivered now.
    pub(crate) fn sign(&self, event: &Event) -> Option<SignedDelivery> {
        self.dispatcher.sign(event)
    }

    /// Returns every delivery so far, oldest first.
    pub(crate) fn records(&self) -> Vec<DeliveryRecord> {
        self.dispatcher.records()
    }

    /// Returns the number of pending deliveries, including those that wait for another try.
    pub(crate) fn under_way(&self) -> watch::Receiver<usize> {
        self.dispatcher.under_way()
    }
}

impl Drop for Webhooks {
    fn drop(&mut self) {
        self.delivering.abort();
    }
}
