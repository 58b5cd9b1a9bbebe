//! What Stripe is asked where an event alone does not tell enough, and what it answers.

use rubis_stripe::{CustomerId, Subscription as StripeSubscription, SubscriptionId};
use time::OffsetDateTime;

use crate::{Subscription, subscription::is_live};

/// A subscription that Stripe is to be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Which one.
    pub subscription: SubscriptionId,
    /// Whose other subscriptions Stripe is to be asked for too, should this one have ended: it is the one
    /// that counts here, and a customer who was led to subscribe twice goes on paying for the other.
    pub others_of: Option<CustomerId>,
    /// What was known when the question came up.
    revision: i64,
    /// When that was.
    asked_at: OffsetDateTime,
}

impl Question {
    /// Asks about a subscription, with this being known.
    pub(crate) fn new(known: &Subscription, about: SubscriptionId, asked_at: OffsetDateTime) -> Self {
        let others_of = known.customer.clone().filter(|_| known.is_about(&about) && known.is_live());
        Self { subscription: about, others_of, revision: known.revision, asked_at }
    }

    /// With Stripe's answer; `None` where it knows no such subscription.
    #[must_use]
    pub const fn answered(self, told: Option<StripeSubscription>) -> Answer {
        Answer { question: self, told, others: Vec::new() }
    }
}

/// What Stripe answered.
#[derive(Clone, Debug)]
pub struct Answer {
    question: Question,
    /// The subscription that was asked for.
    pub(crate) told: Option<StripeSubscription>,
    others: Vec<StripeSubscription>,
}

impl Answer {
    /// With the customer's subscriptions.
    #[must_use]
    pub fn beside(self, others: Vec<StripeSubscription>) -> Self {
        Self { others, ..self }
    }

    /// When Stripe was asked.
    pub(crate) const fn asked_at(&self) -> OffsetDateTime {
        self.question.asked_at
    }

    /// Whether it is about this subscription, and nothing was changed since Stripe was asked.
    pub(crate) fn is_in_force(&self, known: &Subscription, about: &SubscriptionId) -> bool {
        self.question.revision == known.revision && self.question.subscription == *about
    }

    /// The last of the customer's subscriptions that is charged, where the one that is known is not any more.
    pub(crate) fn other_that_lives(&self, known: &Subscription) -> Option<&StripeSubscription> {
        let is_theirs = |other: &&StripeSubscription| known.customer.as_ref() == Some(&other.customer);
        let living = self.others.iter().filter(is_theirs).filter(|other| is_live(other.status));
        living.max_by_key(|other| other.created).filter(|_| !known.is_live())
    }
}
