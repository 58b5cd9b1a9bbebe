//! The jobs of subscriptions.

use std::time::Duration;

use rubis_jobs::{Job, JobId, Queue, RetryPolicy};
use rubis_kernel::OrganizationId;
use rubis_stripe::{StripeInvoiceId, SubscriptionId};
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};

/// The retry policy of jobs that call Stripe and send a mail.
const MAIL: RetryPolicy = RetryPolicy {
    max_attempts: 8,
    first_delay: Duration::from_secs(30),
    max_delay: Duration::from_secs(3_600),
};

/// The retry policy of jobs that only use the database.
const RECORD: RetryPolicy = RetryPolicy {
    max_attempts: 20,
    first_delay: Duration::from_secs(5),
    max_delay: Duration::from_secs(3_600),
};

/// Sends the owner of an organization the recap of their trial, which is about to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialRecap {
    pub organization_id: OrganizationId,
    pub subscription_id: SubscriptionId,
}

impl Job for TrialRecap {
    const KIND: &'static str = "trial-recap";
    const QUEUE: Queue = Queue::Billing;
    const RETRY: RetryPolicy = MAIL;

    fn id(&self) -> JobId {
        JobId::new(Self::KIND, &self.subscription_id)
    }

    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization_id)
    }
}

/// Notifies the owner of an organization that a payment failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentFailedMail {
    pub organization_id: OrganizationId,
    /// The unpaid invoice at Stripe.
    pub stripe_invoice_id: StripeInvoiceId,
    /// Time of Stripe's next attempt; `None` if it has given up.
    #[serde(default)]
    pub next_attempt_at: Option<OffsetDateTime>,
}

impl Job for PaymentFailedMail {
    const KIND: &'static str = "payment-failed";
    const QUEUE: Queue = Queue::Billing;
    const RETRY: RetryPolicy = MAIL;

    fn id(&self) -> JobId {
        JobId::new(Self::KIND, &self.stripe_invoice_id)
    }

    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization_id)
    }
}

/// The daily round for trials that are about to end and whose recap was not sent, because Stripe's event
/// was lost or the mail was given up. One job a day for all workers together; each enqueues the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialSweep {
    /// The day, in UTC.
    pub date: Date,
}

impl Job for TrialSweep {
    const KIND: &'static str = "trial-sweep";
    const QUEUE: Queue = Queue::Billing;
    const RETRY: RetryPolicy = RECORD;

    fn id(&self) -> JobId {
        JobId::new(Self::KIND, self.date)
    }

    fn organization(&self) -> Option<OrganizationId> {
        None
    }
}
