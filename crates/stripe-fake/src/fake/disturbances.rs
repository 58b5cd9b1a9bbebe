//! What goes wrong, and whom the fake tells.

use super::StripeFake;
use crate::faults::{InvalidFault, RequestFault};
use crate::settings::WebhookTarget;
use crate::state::{Event, Shapes};
use crate::webhooks::{DeliveryFault, DeliveryRecord, ReleaseOrder, SignedDelivery};

impl StripeFake {
    /// Programs a failure of the next requests, behind those that are programmed.
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
