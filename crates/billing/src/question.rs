//! Questions to Stripe about a subscription whose event alone is not enough, and the answers.

use rubis_stripe::{CustomerId, Subscription as StripeSubscription, SubscriptionId};
use time::OffsetDateTime;

use crate::{Subscription, subscription::is_live};

/// A question to Stripe about a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub subscription: SubscriptionId,
    /// The customer whose other subscriptions are requested too, if this one is the current one and has
    /// ended: a customer who was led to subscribe twice goes on paying for the other.
    pub others_of: Option<CustomerId>,
    /// The revision of the known state at the time of the question.
    revision: i64,
    /// Time of the question.
    asked_at: OffsetDateTime,
}

impl Question {
    /// Returns a question about a subscription, given the known state.
    pub(crate) fn new(known: &Subscription, about: SubscriptionId, asked_at: OffsetDateTime) -> Self {
        let others_of = known.customer.clone().filter(|_| known.is_about(&about) && known.is_live());
        Self { subscription: about, others_of, revision: known.revision, asked_at }
    }

    /// Adds Stripe's answer; `None` if it has no such subscription.
    #[must_use]
    pub const fn answered(self, reported: Option<StripeSubscription>) -> Answer {
        Answer { question: self, reported, others: Vec::new() }
    }
}

/// Stripe's answer.
#[derive(Clone, Debug)]
pub struct Answer {
    question: Question,
    /// The subscription that was asked for.
    pub(crate) reported: Option<StripeSubscription>,
    others: Vec<StripeSubscription>,
}

impl Answer {
    /// Adds the customer's subscriptions.
    #[must_use]
    pub fn beside(self, others: Vec<StripeSubscription>) -> Self {
        Self { others, ..self }
    }

    /// Returns the time of the question.
    pub(crate) const fn asked_at(&self) -> OffsetDateTime {
        self.question.asked_at
    }

    /// Returns true if the answer is about this subscription, and the state has not changed since the
    /// question.
    pub(crate) fn is_in_force(&self, known: &Subscription, about: &SubscriptionId) -> bool {
        self.question.revision == known.revision && self.question.subscription == *about
    }

    /// Returns the last charged subscription of the customer, if the known one is not charged any more.
    pub(crate) fn other_that_lives(&self, known: &Subscription) -> Option<&StripeSubscription> {
        let is_theirs = |other: &&StripeSubscription| known.customer.as_ref() == Some(&other.customer);
        let living = self.others.iter().filter(is_theirs).filter(|other| is_live(other.status));
        living.max_by_key(|other| other.created).filter(|_| !known.is_live())
    }
}
