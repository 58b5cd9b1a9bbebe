//! An event is applied, with Stripe asked where the event alone does not tell enough.

use rubis_db::Pool;
use rubis_stripe::{Event, StripeError, StripeGateway};
use time::OffsetDateTime;

use crate::{
    EventOutcome,
    apply_event::{Answer, Applied, ApplyEventError, apply_event},
};

/// How often Stripe is asked about one delivery: each time that something else overtook its answer.
const QUESTIONS: u32 = 4;

/// Why an event could not be dealt with: Stripe should deliver it again.
#[derive(Debug, thiserror::Error)]
pub enum HandleEventError {
    /// It could not be applied.
    #[error(transparent)]
    Apply(#[from] ApplyEventError),
    /// Stripe could not be asked.
    #[error(transparent)]
    Stripe(#[from] StripeError),
    /// Whatever Stripe answered was overtaken by other events.
    #[error("other events overtook this one again and again")]
    Overtaken,
    /// No connection could be had.
    #[error(transparent)]
    Pool(#[from] rubis_db::PoolError),
}

/// Deals with an event whose signature was verified, received at `now`. Stripe is asked outside of any
/// transaction, holding no connection.
///
/// # Errors
/// [`HandleEventError`]; nothing was recorded then.
pub async fn handle_event(
    pool: &Pool,
    stripe: &StripeGateway,
    event: &Event,
    now: OffsetDateTime,
) -> Result<EventOutcome, HandleEventError> {
    let mut answer: Option<Answer> = None;
    for _ in 0..=QUESTIONS {
        let mut conn = pool.get().await?;
        let applied = apply_event(&mut conn, event, answer.as_ref(), now).await?;
        drop(conn);
        match applied {
            Applied::Done(outcome) => return Ok(outcome),
            Applied::Ask(question) => {
                let told = match stripe.subscription(&question.subscription).await {
                    Ok(told) => Some(told),
                    Err(StripeError::NotFound { .. }) => None,
                    Err(error) => return Err(error.into()),
                };
                answer = Some(question.answered(told));
            }
        }
    }
    Err(HandleEventError::Overtaken)
}
