//! Verification of a user's mail address.

use diesel_async::AsyncConnection;
use rubis_db::AsyncPgConnection;
use rubis_jobs::Job as _;
use rubis_kernel::{OrganizationId, UserId};
use time::{Duration, OffsetDateTime};

use crate::{
    AccountKeys, TokenError, TokenPurpose,
    account_mail::{AccountMail, AccountMailKind},
    issue_token, queries, use_token,
};

/// Age of an account from which it gets no more verification mails, so that an address that is never verified does not
/// get mails for ever.
pub const VERIFICATION_PERIOD: Duration = Duration::days(30);

/// Result of a verified address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAddress {
    pub user_id: UserId,
    /// Organizations of the user that may send mails from now on.
    pub organizations: Vec<OrganizationId>,
}

/// Result of a request for a verification mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// The mail is queued.
    MailQueued,
    /// The address is verified: no mail is sent.
    AlreadyVerified,
}

/// Reasons why no further verification mail is sent.
#[derive(Debug, thiserror::Error)]
pub enum RequestVerificationError {
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// The account is older than [`VERIFICATION_PERIOD`].
    #[error("the account is too old for another verification mail")]
    PeriodOver,
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Enqueues the mail that asks a user to verify their address. Does nothing if it is verified. Earlier mails that are
/// still waiting are replaced; links that were sent stay valid.
#[tracing::instrument(skip_all, fields(user = %user))]
pub async fn request_verification(
    conn: &mut AsyncPgConnection,
    keys: &AccountKeys,
    user: UserId,
    now: OffsetDateTime,
) -> Result<Verification, RequestVerificationError> {
    conn.transaction(async |conn| {
        let user = queries::users::lock(conn, user).await?.ok_or(RequestVerificationError::NotFound)?;
        if user.is_verified() {
            return Ok(Verification::AlreadyVerified);
        }
        if user.created_at + VERIFICATION_PERIOD <= now {
            return Err(RequestVerificationError::PeriodOver);
        }
        cancel_waiting_mails(conn, user.id).await?;
        let token_id = issue_token(conn, keys, user.id, TokenPurpose::VerifyAddress, now).await?;
        let mail = AccountMail { user_id: user.id, mail: AccountMailKind::VerifyAddress { token_id } };
        rubis_jobs::enqueue(conn, &mail, now, now).await?;
        Ok(Verification::MailQueued)
    })
    .await
}

/// Verifies the address of the token's user. Plan the returned organizations again in the same transaction: reminders
/// may have waited for this.
#[tracing::instrument(skip_all)]
pub async fn verify_address(
    conn: &mut AsyncPgConnection,
    token: &str,
    now: OffsetDateTime,
) -> Result<VerifiedAddress, TokenError> {
    conn.transaction(async |conn| {
        let user = use_token(conn, TokenPurpose::VerifyAddress, token, now).await?;
        Ok(mark_address_verified(conn, user, now).await?)
    })
    .await
}

/// Records that a user receives the mail of their address, which they have proved. Changes nothing if it is already
/// verified.
#[tracing::instrument(skip_all, fields(user = %user))]
pub async fn mark_address_verified(
    conn: &mut AsyncPgConnection,
    user: UserId,
    now: OffsetDateTime,
) -> Result<VerifiedAddress, diesel::result::Error> {
    conn.transaction(async |conn| {
        queries::users::mark_verified(conn, user, now).await?;
        queries::account_tokens::end_all(conn, user, TokenPurpose::VerifyAddress, now).await?;
        cancel_waiting_mails(conn, user).await?;
        let organizations = queries::organizations::mark_sender_verified(conn, user, now).await?;
        Ok(VerifiedAddress { user_id: user, organizations })
    })
    .await
}

async fn cancel_waiting_mails(
    conn: &mut AsyncPgConnection,
    user_id: UserId,
) -> Result<(), diesel::result::Error> {
    let tokens = queries::account_tokens::ids_of_user(conn, user_id, TokenPurpose::VerifyAddress).await?;
    let jobs: Vec<_> = tokens
        .into_iter()
        .map(|token_id| AccountMail { user_id, mail: AccountMailKind::VerifyAddress { token_id } }.id())
        .collect();
    rubis_jobs::cancel(conn, &jobs).await.map(drop)
}
