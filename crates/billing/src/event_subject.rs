//! The subject of an event.

use rubis_kernel::OrganizationId;
use rubis_stripe::{
    CompletedCheckout, CustomerId, Event, MalformedObject, StripeInvoice, Subscription as StripeSubscription,
    SubscriptionId, SubscriptionStatus, parse_completed_checkout, parse_invoice, parse_subscription,
};

/// The metadata key of the organization's id.
pub(crate) const ORGANIZATION: &str = "organization_id";

/// The metadata key of the tier, for a price that has lost its lookup key.
pub(crate) const PLAN: &str = "plan";

/// The subject of an event.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// A subscription in the state after the event.
    Subscription {
        snapshot: Box<StripeSubscription>,
        /// True if its trial is about to end.
        trial_will_end: bool,
    },
    /// A Checkout that made this subscription, and describes it no further.
    Checkout {
        subscription: SubscriptionId,
        /// The completed session.
        session: Box<CompletedCheckout>,
    },
    /// A payment for this subscription failed.
    PaymentFailed {
        subscription: SubscriptionId,
        /// The unpaid invoice.
        invoice: Box<StripeInvoice>,
    },
    /// A payment for this subscription came in.
    Paid {
        subscription: SubscriptionId,
        /// The paid invoice.
        invoice: Box<StripeInvoice>,
    },
}

impl Subject {
    /// Returns the subject of the event; `None` if it is irrelevant.
    pub fn of(event: &Event) -> Result<Option<Self>, MalformedObject> {
        let object = &event.object;
        Ok(match event.kind.as_str() {
            "customer.subscription.created" | "customer.subscription.updated" => {
                let snapshot = Box::new(parse_subscription(object)?);
                Some(Self::Subscription { snapshot, trial_will_end: false })
            }
            "customer.subscription.trial_will_end" => {
                let snapshot = Box::new(parse_subscription(object)?);
                Some(Self::Subscription { snapshot, trial_will_end: true })
            }
            "customer.subscription.deleted" => {
                let mut snapshot = Box::new(parse_subscription(object)?);
                snapshot.status = SubscriptionStatus::Canceled;
                Some(Self::Subscription { snapshot, trial_will_end: false })
            }
            "checkout.session.completed" => {
                let session = Box::new(parse_completed_checkout(object)?);
                let subscription = session.subscription.clone();
                subscription.map(|subscription| Self::Checkout { subscription, session })
            }
            "invoice.payment_failed" => {
                let invoice = Box::new(parse_invoice(object)?);
                let subscription = invoice.subscription.clone();
                subscription.map(|subscription| Self::PaymentFailed { subscription, invoice })
            }
            "invoice.paid" | "invoice.payment_succeeded" => {
                let invoice = Box::new(parse_invoice(object)?);
                let subscription = invoice.subscription.clone();
                subscription.map(|subscription| Self::Paid { subscription, invoice })
            }
            _ => None,
        })
    }

    /// Returns the subscription of the subject.
    pub fn subscription(&self) -> &SubscriptionId {
        match self {
            Self::Subscription { snapshot, .. } => &snapshot.id,
            Self::Checkout { subscription, .. }
            | Self::PaymentFailed { subscription, .. }
            | Self::Paid { subscription, .. } => subscription,
        }
    }

    /// Returns the customer that the event names.
    pub fn customer(&self) -> Option<&CustomerId> {
        match self {
            Self::Subscription { snapshot, .. } => Some(&snapshot.customer),
            Self::Checkout { session, .. } => session.customer.as_ref(),
            Self::PaymentFailed { invoice, .. } | Self::Paid { invoice, .. } => invoice.customer.as_ref(),
        }
    }

    /// Returns the organization that its metadata names.
    pub fn organization(&self) -> Option<OrganizationId> {
        let metadata = match self {
            Self::Subscription { snapshot, .. } => &snapshot.metadata,
            Self::Checkout { session, .. } => &session.metadata,
            Self::PaymentFailed { invoice, .. } | Self::Paid { invoice, .. } => {
                &invoice.subscription_metadata
            }
        };
        metadata.get(ORGANIZATION)?.parse().ok()
    }
}
