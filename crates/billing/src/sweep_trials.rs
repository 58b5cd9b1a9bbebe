//! The daily round for trials whose recap was not sent.

use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_jobs::{FinishError, Lease};
use time::{Date, Duration, OffsetDateTime, Time, macros::time};

use crate::{TrialRecap, jobs::TrialSweep, queries::subscriptions};

/// The time of the round: before the first offices open, after the last night's maintenance.
const AT: Time = time!(05:00);

/// The time before its end at which a trial's recap is requested.
const AHEAD: Duration = Duration::days(3);

/// Number of trials that one statement reads.
const BATCH: i64 = 500;

/// Enqueues the next daily round unless it is enqueued already. Every worker does so when it starts.
pub async fn seed_trial_sweep(
    conn: &mut AsyncPgConnection,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    enqueue(conn, next_round(now), now).await
}

/// Enqueues the recap of every trial that ends within three days, will be charged then and had none, and
/// the next round, and finishes this one, in one transaction. Returns the number of recaps.
///
/// # Errors
/// [`FinishError::LeaseLost`] if another worker may have the job.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn sweep_trials(
    conn: &mut AsyncPgConnection,
    job: &TrialSweep,
    lease: &Lease,
    now: OffsetDateTime,
) -> Result<usize, FinishError> {
    conn.transaction(async |conn| {
        let (mut asked_for, mut after) = (0_usize, None);
        loop {
            let due = subscriptions::lock_without_recap(conn, now, now + AHEAD, after, BATCH).await?;
            let Some(last) = due.last() else { break };
            after = Some(last.organization_id);
            let mut recaps = Vec::with_capacity(due.len());
            for mut subscription in due {
                let Some(stripe_id) = subscription.stripe_id.clone() else { continue };
                let organization_id = subscription.organization_id;
                recaps.push((TrialRecap { organization_id, subscription_id: stripe_id }, now));
                if subscription.recap_queued_at.is_none() {
                    subscription.recap_queued_at = Some(now);
                    subscriptions::save(conn, &subscription, now).await?;
                }
            }
            // A recap that was requested and given up is tried again.
            rubis_jobs::enqueue_many(conn, &recaps, now).await?;
            asked_for = asked_for.saturating_add(recaps.len());
        }
        // Never this round again, even if the worker's clock is behind.
        enqueue(conn, next_round(now).max(day_after(job.date)), now).await?;
        lease.finish(conn).await?;
        Ok(asked_for)
    })
    .await
}

async fn enqueue(
    conn: &mut AsyncPgConnection,
    date: Date,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let at = date.with_time(AT).assume_utc();
    rubis_jobs::enqueue(conn, &TrialSweep { date }, at, now).await.map(drop)
}

/// Returns the day of the next round after this instant.
fn next_round(now: OffsetDateTime) -> Date {
    let now = now.to_offset(time::UtcOffset::UTC);
    if now.time() < AT { now.date() } else { day_after(now.date()) }
}

fn day_after(date: Date) -> Date {
    date.next_day().unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::next_round;

    #[test]
    fn the_next_round_is_at_five_whatever_the_offset_says() {
        assert_eq!(next_round(datetime!(2026-11-21 04:59:59 UTC)), date!(2026 - 11 - 21));
        assert_eq!(next_round(datetime!(2026-11-21 05:00 UTC)), date!(2026 - 11 - 22));
        assert_eq!(next_round(datetime!(2026-12-31 23:00 UTC)), date!(2027 - 01 - 01));
        assert_eq!(next_round(datetime!(2026-11-21 01:00 +02:00)), date!(2026 - 11 - 21));
    }
}
