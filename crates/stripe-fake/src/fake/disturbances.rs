//! Programmed failures, and the webhook target.

use super::StripeFake;
use crate::faults::{InvalidFault, RequestFault};
use crate::settings::WebhookTarget;
use crate::state::{Event, Shapes};
use crate::webhooks::{DeliveryFault, DeliveryRecord, ReleaseOrder, SignedDelivery};

impl StripeFake {
    /// Programs a failure of the next requests, after those already programmed.
    pub fn fail_requests(&self, fault: RequestFault) -> Result<(), InvalidFault> {
        self.shared.faults.add(fault)
    }

    /// Removes the programmed failures of requests.
    pub fn clear_request_faults(&self) {
        self.shared.faults.clear();
    }

    /// Programs a failure of the next events, after those already programmed.
    pub fn disturb_deliveries(&self, fault: DeliveryFault) {
        self.shared.webhooks.with_plan(|plan| plan.add(fault));
    }

    /// Removes the programmed failures of events; events that wait for others are held until they are
    /// released.
    pub fn clear_delivery_faults(&self) {
        self.shared.webhooks.with_plan(|plan| plan.clear());
    }

    /// Sets the versions of Stripe's API that are simulated from now on.
    pub fn set_shapes(&self, shapes: Shapes) {
        self.shared.with(|state, _| state.shapes = shapes);
    }

    /// Sets the webhook target from now on; with `None` no events are delivered.
    pub fn set_webhook(&self, target: Option<WebhookTarget>) {
        self.shared.webhooks.set_target(target);
    }

    /// Holds every event back from now on, until [`Self::release_deliveries`].
    pub fn hold_deliveries(&self) {
        self.shared.webhooks.with_plan(|plan| plan.hold());
    }

    /// Returns the events that are held back, oldest first.
    #[must_use]
    pub fn held_events(&self) -> Vec<Event> {
        self.shared.webhooks.with_plan(|plan| plan.held())
    }

    /// Delivers the events that were held back, and holds no more back.
    pub fn release_deliveries(&self, order: ReleaseOrder) {
        self.shared.webhooks.release(order);
    }

    /// Delivers an event once more, as Stripe's own *resend* does.
    pub fn deliver_again(&self, event: &Event) {
        self.shared.webhooks.send(vec![event.clone()]);
    }

    /// Returns the event as it would be posted now, for callers that post it themselves; `None` without a
    /// webhook target.
    #[must_use]
    pub fn sign(&self, event: &Event) -> Option<SignedDelivery> {
        self.shared.webhooks.sign(event)
    }

    /// Returns every delivery so far, oldest first.
    #[must_use]
    pub fn deliveries(&self) -> Vec<DeliveryRecord> {
        self.shared.webhooks.records()
    }

    /// Waits until no delivery is pending, including those that wait for another try; events that are
    /// held back do not count.
    pub async fn settled(&self) {
        let mut under_way = self.shared.webhooks.under_way();
        // The channel closes when the fake is dropped, which has it borrowed.
        let _closed = under_way.wait_for(|count| *count == 0).await;
    }
}
