//! What has to be tidied up from time to time.

use std::time::Duration;

use rubis_accounts::purge_expired;
use rubis_db::{AsyncPgConnection, Pool};
use rubis_kernel::SharedClock;
use rubis_runtime::Shutdown;

const EVERY: Duration = Duration::from_secs(3_600);
const BATCH: u32 = 1_000;

/// Forgets expired tokens and idempotency keys each hour, until the process is to stop. Several
/// workers may do it at once.
pub async fn keep_house(pool: Pool, clock: SharedClock, shutdown: Shutdown) {
    let mut hours = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = shutdown.requested() => return,
            _ = hours.tick() => {}
        }
        match pool.get().await {
            Ok(mut conn) => {
                if let Err(error) = purge(&mut conn, &clock).await {
                    tracing::warn!(%error, "what has expired could not be forgotten");
                }
            }
            Err(error) => tracing::warn!(%error, "what has expired could not be forgotten"),
        }
    }
}

async fn purge(conn: &mut AsyncPgConnection, clock: &SharedClock) -> Result<(), diesel::result::Error> {
    loop {
        let purged = purge_expired(conn, clock.now(), BATCH).await?;
        if !purged.is_full(BATCH) {
            return Ok(());
        }
    }
}
