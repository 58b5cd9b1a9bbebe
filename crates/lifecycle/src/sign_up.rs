//! Sign-up of a company.

use rubis_accounts::{
    AccountKeys, NewAccount, PasswordHash, RequestVerificationError, SignUpError, SignedUp,
};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use time::OffsetDateTime;

/// Creates the user, the organization that they own, its default plan, and that it has no subscription yet;
/// enqueues the mail that asks the user to verify their address.
///
/// # Errors
/// [`SignUpError`].
#[tracing::instrument(skip_all)]
pub async fn sign_up(
    conn: &mut AsyncPgConnection,
    account: &NewAccount,
    password_hash: &PasswordHash,
    keys: &AccountKeys,
    now: OffsetDateTime,
) -> Result<SignedUp, SignUpError> {
    conn.transaction(async |conn| {
        let signed_up = rubis_accounts::sign_up(conn, account, password_hash, now).await?;
        rubis_relances::create_default_plan(conn, signed_up.organization.id, now).await?;
        rubis_billing::create_subscription(conn, signed_up.organization.id, now).await?;
        match rubis_accounts::request_verification(conn, keys, signed_up.user.id, now).await {
            Ok(_) => Ok(signed_up),
            Err(RequestVerificationError::Database(error)) => Err(error.into()),
            // The user was inserted a moment ago.
            Err(RequestVerificationError::NotFound | RequestVerificationError::PeriodOver) => {
                Err(diesel::result::Error::NotFound.into())
            }
        }
    })
    .await
}
