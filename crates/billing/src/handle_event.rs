//! Applies an event, and asks Stripe if the event alone is not enough.

use rubis_db::Pool;
use rubis_stripe::{CustomerId, Event, StripeError, StripeGateway, Subscription};
use time::OffsetDateTime;

use crate::{
    Answer, EventOutcome, Question,
    apply_event::{Applied, ApplyEventError, apply_event},
};

/// The maximum number of questions to Stripe about one delivery, one each time another event overtook its
/// answer.
const QUESTIONS: u32 = 4;

/// An event could not be processed, and Stripe should deliver it again.
#[derive(Debug, thiserror::Error)]
pub enum HandleEventError {
    #[error(transparent)]
    Apply(#[from] ApplyEventError),
    /// Stripe could not be asked.
    #[error(transparent)]
    Stripe(#[from] StripeError),
    /// Each of Stripe's answers was overtaken by other events.
    #[error("the event was overtaken by other events too often")]
    Overtaken,
    /// No database connection was available.
    #[error(transparent)]
    Pool(#[from] rubis_db::PoolError),
}

/// Processes an event whose signature was verified, received at `now`. Stripe is asked outside of any
/// transaction, holding no connection, with a short timeout: it waits for our response meanwhile, and
/// delivers the event again if it gets none. An event of another account or mode than our key's has no
/// effect.
///
/// # Errors
/// [`HandleEventError`]; nothing was recorded then.
#[tracing::instrument(skip_all, fields(event = %event.id, kind = %event.kind))]
pub async fn handle_event(
    pool: &Pool,
    stripe: &StripeGateway,
    event: &Event,
    now: OffsetDateTime,
) -> Result<EventOutcome, HandleEventError> {
    if stripe.stranger(event).is_some() {
        // Not recorded: events of another mode are not part of this one's history.
        return Ok(EventOutcome::Ignored);
    }
    let mut answer: Option<Answer> = None;
    for _ in 0..=QUESTIONS {
        let mut conn = pool.get().await?;
        let applied = apply_event(&mut conn, event, answer.as_ref(), now).await?;
        drop(conn);
        match applied {
            Applied::Done(outcome) => return Ok(outcome),
            Applied::Ask(question) => answer = Some(ask(stripe, question).await?),
        }
    }
    Err(HandleEventError::Overtaken)
}

async fn ask(stripe: &StripeGateway, question: Question) -> Result<Answer, StripeError> {
    let reported = match stripe.subscription_in_a_hurry(&question.subscription).await {
        Ok(reported) => Some(reported),
        Err(StripeError::NotFound { .. }) => None,
        Err(error) => return Err(error),
    };
    let has_ended = reported.as_ref().is_some_and(|reported| reported.status.is_over());
    let others = match &question.others_of {
        Some(customer) if has_ended => others_of(stripe, customer).await?,
        _ => Vec::new(),
    };
    Ok(question.answered(reported).beside(others))
}

async fn others_of(stripe: &StripeGateway, customer: &CustomerId) -> Result<Vec<Subscription>, StripeError> {
    match stripe.subscriptions_of_in_a_hurry(customer).await {
        // A deleted customer has no subscriptions.
        Err(error) if error.is_missing_customer() => Ok(Vec::new()),
        outcome => outcome,
    }
}
