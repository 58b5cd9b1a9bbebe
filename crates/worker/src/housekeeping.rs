//! Housekeeping: deletes old rows from time to time.

use std::time::Duration;

use rubis_accounts::purge_expired;
use rubis_billing::{purge_events, seed_trial_sweep};
use rubis_checkins::purge_clicks;
use rubis_db::{AsyncPgConnection, Pool};
use rubis_kernel::SharedClock;
use rubis_lifecycle::seed_reconciliation;
use rubis_relances::purge_recipient_counts;
use rubis_runtime::Shutdown;

const EVERY: Duration = Duration::from_secs(3_600);
const BATCH: u32 = 1_000;

/// Runs at once and then each hour, until the process is to stop: deletes expired tokens and idempotency keys, Stripe's
/// old events and old openings of check-ins, and enqueues the daily sweep of trials that are about to end. A sweep
/// enqueues the next one itself, except for the first one and after one that was given up. Several workers may do it at
/// once.
pub async fn run_housekeeping(pool: Pool, clock: SharedClock, shutdown: Shutdown) {
    let mut hours = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = shutdown.requested() => return,
            _ = hours.tick() => {}
        }
        match pool.get().await {
            Ok(mut conn) => {
                if let Err(error) = seed_trial_sweep(&mut conn, clock.now()).await {
                    tracing::warn!(%error, "trial sweep not enqueued");
                }
                if let Err(error) = seed_reconciliation(&mut conn, clock.now()).await {
                    tracing::warn!(%error, "reconciliation not enqueued");
                }
                if let Err(error) = purge(&mut conn, &clock).await {
                    tracing::warn!(%error, "expired rows not deleted");
                }
            }
            Err(error) => tracing::warn!(%error, "housekeeping skipped, no database connection"),
        }
    }
}

async fn purge(conn: &mut AsyncPgConnection, clock: &SharedClock) -> Result<(), diesel::result::Error> {
    while purge_expired(conn, clock.now(), BATCH).await?.is_full(BATCH) {}
    while purge_recipient_counts(conn, clock.now(), BATCH).await? {}
    // Each batch is a transaction of its own, so that no delivery waits for more than one.
    while purge_events(conn, clock.now(), BATCH).await? {}
    while purge_clicks(conn, clock.now(), BATCH).await? {}
    Ok(())
}
