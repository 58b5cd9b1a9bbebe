//! A company joins, with a plan to start with.

use rubis_accounts::{NewAccount, PasswordHash, SignUpError, SignedUp};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use time::OffsetDateTime;

/// Creates the user, the organization that they own, its default plan, and that it has no subscription yet.
///
/// # Errors
/// [`SignUpError`].
pub async fn sign_up(
    conn: &mut AsyncPgConnection,
    account: &NewAccount,
    password_hash: &PasswordHash,
    now: OffsetDateTime,
) -> Result<SignedUp, SignUpError> {
    conn.transaction(async |conn| {
        let signed_up = rubis_accounts::sign_up(conn, account, password_hash, now).await?;
        rubis_relances::create_default_plan(conn, signed_up.organization.id, now).await?;
        rubis_billing::create_subscription(conn, signed_up.organization.id, now).await?;
        Ok(signed_up)
    })
    .await
}
