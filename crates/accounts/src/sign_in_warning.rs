//! Warns a user whose password an attacker is guessing.

use diesel_async::AsyncConnection;
use rubis_db::AsyncPgConnection;
use rubis_kernel::UserId;
use time::{Duration, OffsetDateTime};

use crate::{
    account_mail::{AccountMailKind, Notice, notify},
    queries,
};

/// Minimum time between two warnings of one user.
const WARNING_PERIOD: Duration = Duration::hours(24);

/// Warns a user of failed sign-ins, at most once a day. Without a user it runs the same query, so that an unknown
/// address costs the same.
#[tracing::instrument(skip_all)]
pub async fn warn_of_failed_sign_ins(
    conn: &mut AsyncPgConnection,
    user: Option<UserId>,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let user = user.unwrap_or_else(UserId::new);
    conn.transaction(async |conn| {
        if queries::users::claim_warning(conn, user, now, now.saturating_sub(WARNING_PERIOD)).await? {
            notify(conn, user, AccountMailKind::FailedSignIns(Notice::at(now)), now).await?;
        }
        Ok(())
    })
    .await
}
