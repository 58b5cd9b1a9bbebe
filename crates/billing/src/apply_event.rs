//! What Stripe tells is applied, once and never backwards.

use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_stripe::{
    Event, MalformedObject, Subscription as StripeSubscription, SubscriptionId, SubscriptionStatus,
};
use time::OffsetDateTime;

use crate::{
    PaymentFailedMail, StateMark, Subscription, TrialRecap,
    event_subject::Subject,
    find_subscriber::{Subscriber, find_subscriber},
    order::{Order, order},
    queries::{events, subscriptions},
};

/// What an event came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventOutcome {
    /// What it tells is on record now.
    Applied,
    /// It tells nothing that was not known.
    Unchanged,
    /// Something later is known already.
    Stale,
    /// It was dealt with before.
    Duplicate,
    /// Its type is none of our concern.
    Ignored,
    /// It is about another subscription than the one that the organization has now.
    Superseded,
    /// The organization has two subscriptions that are charged; the later one counts. Operations have to end
    /// the other.
    SecondSubscription,
    /// No organization is named that is known here.
    UnknownOrganization,
    /// Its metadata names one organization and its customer is another's: neither is changed.
    ConflictingOrganization,
    /// Stripe knows no such subscription.
    UnknownSubscription,
}

impl EventOutcome {
    /// Every outcome.
    pub const ALL: &'static [Self] = &[
        Self::Applied,
        Self::Unchanged,
        Self::Stale,
        Self::Duplicate,
        Self::Ignored,
        Self::Superseded,
        Self::SecondSubscription,
        Self::UnknownOrganization,
        Self::ConflictingOrganization,
        Self::UnknownSubscription,
    ];

    /// Its name on record, in metrics and in logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Stale => "stale",
            Self::Duplicate => "duplicate",
            Self::Ignored => "ignored",
            Self::Superseded => "superseded",
            Self::SecondSubscription => "second_subscription",
            Self::UnknownOrganization => "unknown_organization",
            Self::ConflictingOrganization => "conflicting_organization",
            Self::UnknownSubscription => "unknown_subscription",
        }
    }

    /// Whether operations should look at it.
    #[must_use]
    pub const fn is_suspicious(self) -> bool {
        matches!(
            self,
            Self::SecondSubscription
                | Self::UnknownOrganization
                | Self::ConflictingOrganization
                | Self::UnknownSubscription
        )
    }
}

/// What is to be done about an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Nothing more: it is dealt with.
    Done(EventOutcome),
    /// The event alone does not tell enough. Nothing was recorded: ask Stripe for this subscription and apply
    /// the event again, with the answer.
    Ask(Question),
}

/// A subscription that Stripe is to be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Which one.
    pub subscription: SubscriptionId,
    /// What was known when the question came up.
    revision: i64,
    /// When that was.
    asked_at: OffsetDateTime,
}

impl Question {
    /// With Stripe's answer; `None` where it knows no such subscription.
    #[must_use]
    pub const fn answered(self, answer: Option<StripeSubscription>) -> Answer {
        Answer { question: self, answer }
    }
}

/// What Stripe answered.
#[derive(Clone, Debug)]
pub struct Answer {
    question: Question,
    answer: Option<StripeSubscription>,
}

/// Why an event could not be applied: Stripe should deliver it again.
#[derive(Debug, thiserror::Error)]
pub enum ApplyEventError {
    /// Its object is not what its type says.
    #[error(transparent)]
    Malformed(#[from] MalformedObject),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Why the transaction ends without a commit.
enum Interruption {
    Ask(Question),
    Database(diesel::result::Error),
}

impl From<diesel::result::Error> for Interruption {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error)
    }
}

/// Applies an event whose signature was verified, received at `now`, in the transaction that puts it on record
/// as dealt with: of any number of deliveries, at any time, one has an effect. What is older than what is known
/// changes nothing; where that cannot be told, Stripe has to be asked.
///
/// # Errors
/// [`ApplyEventError`]; nothing was recorded then.
pub async fn apply_event(
    conn: &mut AsyncPgConnection,
    event: &Event,
    answer: Option<&Answer>,
    now: OffsetDateTime,
) -> Result<Applied, ApplyEventError> {
    let Some(subject) = Subject::of(event)? else {
        let is_new = events::insert(conn, event, EventOutcome::Ignored, now).await?;
        return Ok(Applied::Done(if is_new { EventOutcome::Ignored } else { EventOutcome::Duplicate }));
    };
    let applied = conn
        .transaction(async |conn| {
            let (is_new, mut subscriber) = futures_util::future::try_join(
                events::insert(conn, event, EventOutcome::Unchanged, now),
                find_subscriber(conn, &subject),
            )
            .await?;
            if !is_new {
                return Ok(EventOutcome::Duplicate);
            }
            if matches!(subscriber, Subscriber::Unknown) && begin(conn, &subject, now).await? {
                subscriber = find_subscriber(conn, &subject).await?;
            }
            let mut subscription = match subscriber {
                Subscriber::Known(subscription) => *subscription,
                Subscriber::Unknown => {
                    return without_effect(conn, event, EventOutcome::UnknownOrganization).await;
                }
                Subscriber::Conflicting => {
                    return without_effect(conn, event, EventOutcome::ConflictingOrganization).await;
                }
            };
            let before = subscription.clone();
            let outcome = change(&mut subscription, event, &subject, answer, now)?;
            request_mails(conn, &mut subscription, &subject, now).await?;
            if subscription != before {
                subscriptions::save(conn, &subscription, now).await?;
            }
            events::save_outcome(conn, event, outcome, Some(subscription.organization_id)).await?;
            Ok(outcome)
        })
        .await;
    match applied {
        Ok(outcome) => Ok(Applied::Done(outcome)),
        Err(Interruption::Ask(question)) => Ok(Applied::Ask(question)),
        Err(Interruption::Database(error)) => Err(error.into()),
    }
}

/// Puts an organization on record that is none yet, because it signed up with a release that knew no
/// subscriptions. Returns whether there is such an organization.
async fn begin(
    conn: &mut AsyncPgConnection,
    subject: &Subject,
    now: OffsetDateTime,
) -> Result<bool, diesel::result::Error> {
    let Some(named) = subject.organization() else { return Ok(false) };
    let exists = rubis_accounts::organization(conn, named).await?.is_some();
    if exists {
        subscriptions::insert(conn, named, now).await?;
    }
    Ok(exists)
}

async fn without_effect(
    conn: &AsyncPgConnection,
    event: &Event,
    outcome: EventOutcome,
) -> Result<EventOutcome, Interruption> {
    events::save_outcome(conn, event, outcome, None).await?;
    Ok(outcome)
}

/// Changes what the organization has, as far as the event or Stripe's answer tells.
fn change(
    subscription: &mut Subscription,
    event: &Event,
    subject: &Subject,
    answer: Option<&Answer>,
    now: OffsetDateTime,
) -> Result<EventOutcome, Interruption> {
    let ask = |subscription: &Subscription| {
        Interruption::Ask(Question {
            subscription: subject.subscription().clone(),
            revision: subscription.revision,
            asked_at: now,
        })
    };
    let in_force = answer.filter(|answer| {
        answer.question.revision == subscription.revision
            && answer.question.subscription == *subject.subscription()
    });
    if let Some(Answer { question, answer }) = in_force {
        let mark = StateMark { at: question.asked_at, fetched: true };
        return Ok(match answer {
            Some(told) => adopt(subscription, told, mark),
            None => EventOutcome::UnknownSubscription,
        });
    }
    // An answer that something else has overtaken is worth nothing: the event is judged anew.
    match judge(subscription, event, subject, now) {
        Judgement::Ask => Err(ask(subscription)),
        Judgement::Nothing(outcome) => Ok(outcome),
        Judgement::Adopt(told) => {
            Ok(adopt(subscription, told, StateMark { at: event.created, fetched: false }))
        }
        Judgement::MissPayment => {
            subscription.miss_payment(StateMark { at: event.created, fetched: false });
            Ok(EventOutcome::Applied)
        }
    }
}

/// What an event means for what is known.
enum Judgement<'a> {
    /// Only Stripe can tell.
    Ask,
    /// Nothing changes.
    Nothing(EventOutcome),
    /// The subscription is as this says.
    Adopt(&'a StripeSubscription),
    /// A payment is missing.
    MissPayment,
}

fn judge<'a>(
    known: &Subscription,
    event: &Event,
    subject: &'a Subject,
    received: OffsetDateTime,
) -> Judgement<'a> {
    let order = order(event.created, received, known.state);
    let is_about_known = known.is_about(subject.subscription());
    match subject {
        Subject::Subscription { snapshot, .. } => {
            if known.stripe_id.is_none() {
                return Judgement::Adopt(snapshot);
            }
            if !is_about_known {
                // One that has ended never takes another's place; of the others Stripe tells how they stand now.
                let is_past = snapshot.status.is_over() || (known.is_live() && !known.gives_way_to(snapshot));
                return if is_past { Judgement::Nothing(EventOutcome::Superseded) } else { Judgement::Ask };
            }
            match order {
                Order::Newer => Judgement::Adopt(snapshot),
                Order::Older => Judgement::Nothing(EventOutcome::Stale),
                Order::InDoubt => Judgement::Ask,
            }
        }
        Subject::Checkout { .. } => {
            if is_about_known {
                Judgement::Nothing(EventOutcome::Unchanged)
            } else {
                Judgement::Ask
            }
        }
        Subject::PaymentFailed { .. } => {
            if !is_about_known {
                return Judgement::Ask;
            }
            match (order, known.status) {
                (Order::Older, _) => Judgement::Nothing(EventOutcome::Stale),
                (
                    Order::Newer,
                    Some(
                        SubscriptionStatus::Trialing
                        | SubscriptionStatus::Active
                        | SubscriptionStatus::PastDue,
                    ),
                ) => Judgement::MissPayment,
                // The first charge of a subscription that never began, or one that has ended.
                (Order::Newer, _) => Judgement::Nothing(EventOutcome::Unchanged),
                (Order::InDoubt, _) => Judgement::Ask,
            }
        }
        Subject::Paid { .. } => match known.status {
            Some(SubscriptionStatus::PastDue | SubscriptionStatus::Unpaid) if is_about_known => match order {
                Order::Older => Judgement::Nothing(EventOutcome::Stale),
                // What the subscription is then, its own events tell; this one only that something changed.
                Order::Newer | Order::InDoubt => Judgement::Ask,
            },
            _ => Judgement::Nothing(EventOutcome::Unchanged),
        },
    }
}

/// Takes over what Stripe says of a subscription, unless the organization has another that counts.
fn adopt(known: &mut Subscription, told: &StripeSubscription, mark: StateMark) -> EventOutcome {
    if known.customer.as_ref().is_some_and(|customer| *customer != told.customer) {
        return EventOutcome::ConflictingOrganization;
    }
    if known.is_about(&told.id) {
        known.take_over(told, mark);
        return EventOutcome::Applied;
    }
    let are_two = known.is_live() && crate::subscription::is_live(told.status);
    if !known.gives_way_to(told) {
        return if are_two { EventOutcome::SecondSubscription } else { EventOutcome::Superseded };
    }
    known.take_over(told, mark);
    if are_two { EventOutcome::SecondSubscription } else { EventOutcome::Applied }
}

/// Asks for the mails that follow from an event, each once.
async fn request_mails(
    conn: &mut AsyncPgConnection,
    subscription: &mut Subscription,
    subject: &Subject,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let organization_id = subscription.organization_id;
    if !subscription.is_about(subject.subscription()) {
        return Ok(());
    }
    match subject {
        Subject::Subscription { snapshot, trial_will_end: true }
            if subscription.recap_queued_at.is_none() && subscription.awaits_recap(now) =>
        {
            let job = TrialRecap { organization_id, subscription_id: snapshot.id.clone() };
            rubis_jobs::enqueue(conn, &job, now, now).await?;
            subscription.recap_queued_at = Some(now);
        }
        Subject::PaymentFailed { invoice, .. }
            if subscription.status == Some(SubscriptionStatus::PastDue)
                && subscription.failed_invoice.as_ref() != Some(&invoice.id) =>
        {
            let job = PaymentFailedMail { organization_id, stripe_invoice_id: invoice.id.clone() };
            rubis_jobs::enqueue(conn, &job, now, now).await?;
            subscription.failed_invoice = Some(invoice.id.clone());
        }
        _ => {}
    }
    Ok(())
}
