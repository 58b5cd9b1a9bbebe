//! What has to be seen to from time to time.

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

/// At once and then each hour, until the process is to stop: forgets expired tokens, idempotency keys,
/// Stripe's events and the openings of check-ins of long ago, and asks for the daily round for trials that are about to end. A round asks
/// for the next one itself; the first has to come from somewhere, and so has one after a round that was given
/// up. Several workers may do it at once.
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
