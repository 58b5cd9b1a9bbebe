//! What an event is about.

use rubis_kernel::OrganizationId;
use rubis_stripe::{
    CompletedCheckout, CustomerId, Event, MalformedObject, StripeInvoice, Subscription as StripeSubscription,
    SubscriptionId, SubscriptionStatus, parse_completed_checkout, parse_invoice, parse_subscription,
};

/// Where the organization is named in what Stripe keeps for us.
pub(crate) const ORGANIZATION: &str = "organization_id";

/// Where the plan is, for a price that has lost its lookup key.
pub(crate) const PLAN: &str = "plan";

/// What an event is about.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// A subscription, as it was after what happened.
    Subscription {
        /// The subscription.
        snapshot: Box<StripeSubscription>,
        /// Whether its trial is about to end.
        trial_will_end: bool,
    },
    /// A Checkout that made this subscription, of which it tells nothing else.
    Checkout {
        /// The subscription.
        subscription: SubscriptionId,
        /// What is said of the session.
        session: Box<CompletedCheckout>,
    },
    /// A payment for this subscription failed.
    PaymentFailed {
        /// The subscription.
        subscription: SubscriptionId,
        /// What was to be paid.
        invoice: Box<StripeInvoice>,
    },
    /// A payment for this subscription came in.
    Paid {
        /// The subscription.
        subscription: SubscriptionId,
        /// What was paid.
        invoice: Box<StripeInvoice>,
    },
}

impl Subject {
    /// What the event is about; `None` when that is nothing to us.
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

    /// The subscription that it is about.
    pub fn subscription(&self) -> &SubscriptionId {
        match self {
            Self::Subscription { snapshot, .. } => &snapshot.id,
            Self::Checkout { subscription, .. }
            | Self::PaymentFailed { subscription, .. }
            | Self::Paid { subscription, .. } => subscription,
        }
    }

    /// The customer that it names.
    pub fn customer(&self) -> Option<&CustomerId> {
        match self {
            Self::Subscription { snapshot, .. } => Some(&snapshot.customer),
            Self::Checkout { session, .. } => session.customer.as_ref(),
            Self::PaymentFailed { invoice, .. } | Self::Paid { invoice, .. } => invoice.customer.as_ref(),
        }
    }

    /// The organization that its metadata names.
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
