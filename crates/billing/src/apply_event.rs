//! Applies Stripe's events, once each and never backwards.

use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_stripe::{Event, MalformedObject, Subscription as StripeSubscription, SubscriptionStatus};
use time::OffsetDateTime;

use crate::{
    Answer, EventOutcome, PaymentFailedMail, Question, StateMark, Subscription, TrialRecap,
    event_subject::{ORGANIZATION, Subject},
    find_subscriber::{Subscriber, find_subscriber},
    judgement::{Judgement, judge},
    order::{Order, order},
    queries::{events, subscriptions},
};

/// The result of applying an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The event is finished.
    Done(EventOutcome),
    /// The event alone is not enough. Nothing was recorded: ask Stripe for this subscription, and apply
    /// the event again with the answer.
    Ask(Question),
}

/// An event could not be applied, and Stripe should deliver it again.
#[derive(Debug, thiserror::Error)]
pub enum ApplyEventError {
    /// The object does not match the event's type.
    #[error(transparent)]
    Malformed(#[from] MalformedObject),
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// The reason why the transaction ends without a commit.
enum Interruption {
    Ask(Question),
    Database(diesel::result::Error),
}

impl From<diesel::result::Error> for Interruption {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error)
    }
}

/// Applies an event whose signature was verified, received at `now`, in the transaction that records it
/// as processed: of any number of deliveries, at any time, one has an effect. An event older than the
/// known state changes nothing; if its age is in doubt, Stripe has to be asked.
///
/// # Errors
/// [`ApplyEventError`]; nothing was recorded then.
#[tracing::instrument(skip_all, fields(event = %event.id, kind = %event.kind))]
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

/// Inserts the row of an organization that has none yet, because it signed up with a release that knew no
/// subscriptions. Returns true if there is such an organization.
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

/// Changes the organization's subscription, as far as the event or Stripe's answer allows.
fn change(
    subscription: &mut Subscription,
    event: &Event,
    subject: &Subject,
    answer: Option<&Answer>,
    now: OffsetDateTime,
) -> Result<EventOutcome, Interruption> {
    if let Some(answer) = answer.filter(|answer| answer.is_in_force(subscription, subject.subscription())) {
        let Some(reported) = &answer.reported else { return Ok(EventOutcome::UnknownSubscription) };
        let mark = if confirms(reported, event, subject, subscription, now) {
            StateMark { at: event.created, fetched: false }
        } else {
            StateMark { at: answer.asked_at(), fetched: true }
        };
        let was_missing = subscription.past_due_since.is_some();
        let outcome = adopt(subscription, reported, mark);
        if let Some(other) = answer.other_that_lives(subscription) {
            subscription.take_over(other, mark);
        }
        if matches!(subject, Subject::PaymentFailed { .. }) && !was_missing {
            // The grace begins with the failure, not with the late delivery of its event.
            subscription.past_due_since = subscription.past_due_since.map(|since| since.min(event.created));
        }
        return Ok(outcome);
    }
    // An outdated answer is discarded: the event is judged again.
    match judge(subscription, event, subject, now) {
        Judgement::Ask => {
            Err(Interruption::Ask(Question::new(subscription, subject.subscription().clone(), now)))
        }
        Judgement::Nothing(outcome) => Ok(outcome),
        Judgement::Adopt(reported) => {
            Ok(adopt(subscription, reported, StateMark { at: event.created, fetched: false }))
        }
    }
}

/// Returns true if Stripe answered exactly what the event says, which is newer than the known state. The
/// state then has the event's own date, and events of the same minute need no question each.
fn confirms(
    reported: &StripeSubscription,
    event: &Event,
    subject: &Subject,
    known: &Subscription,
    now: OffsetDateTime,
) -> bool {
    let Subject::Subscription { snapshot, .. } = subject else { return false };
    **snapshot == *reported && order(event.created, now, known.state) == Order::Newer
}

/// Adopts the subscription as Stripe describes it, unless it is not the organization's own or the
/// organization has another that counts.
fn adopt(known: &mut Subscription, reported: &StripeSubscription, mark: StateMark) -> EventOutcome {
    if !belongs_to(reported, known) {
        return EventOutcome::ConflictingOrganization;
    }
    if known.is_about(&reported.id) {
        known.take_over(reported, mark);
        return EventOutcome::Applied;
    }
    let are_two = known.is_live() && crate::subscription::is_live(reported.status);
    if !known.gives_way_to(reported) {
        return if are_two { EventOutcome::SecondSubscription } else { EventOutcome::Superseded };
    }
    known.take_over(reported, mark);
    if are_two { EventOutcome::SecondSubscription } else { EventOutcome::Applied }
}

/// Returns true if a subscription is the organization's: of its customer, or, as long as it has none,
/// with its id in the metadata. Metadata that names another organization rules it out in either case.
fn belongs_to(reported: &StripeSubscription, known: &Subscription) -> bool {
    let named = reported.metadata.get(ORGANIZATION).map(|id| id.parse() == Ok(known.organization_id));
    match &known.customer {
        Some(customer) => *customer == reported.customer && named != Some(false),
        None => named == Some(true),
    }
}

/// Requests the mails that follow from an event, each once.
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
        // A notice about an end that was moved since does not apply to the current end.
        Subject::Subscription { snapshot, trial_will_end: true }
            if subscription.awaits_recap(now)
                && snapshot.trial_end.is_none_or(|end| subscription.trial_ends_at == Some(end)) =>
        {
            let job = TrialRecap { organization_id, subscription_id: snapshot.id.clone() };
            rubis_jobs::enqueue(conn, &job, now, now).await?;
            subscription.recap_queued_at.get_or_insert(now);
        }
        Subject::PaymentFailed { invoice, .. }
            if subscription.status == Some(SubscriptionStatus::PastDue)
                && subscription.failed_invoice.as_ref() != Some(&invoice.id) =>
        {
            let job = PaymentFailedMail {
                organization_id,
                stripe_invoice_id: invoice.id.clone(),
                next_attempt_at: invoice.next_payment_attempt,
            };
            rubis_jobs::enqueue(conn, &job, now, now).await?;
            subscription.failed_invoice = Some(invoice.id.clone());
        }
        _ => {}
    }
    Ok(())
}
