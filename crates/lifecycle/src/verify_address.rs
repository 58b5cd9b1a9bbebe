//! Verification of an owner's address, which lets the mails of their organizations be sent.

use rubis_accounts::{TokenError, VerifiedAddress};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::InvoiceScope;
use rubis_kernel::UserId;
use time::OffsetDateTime;

use crate::request_planning::{self, RequestedBy};

/// Verifies the address of the user whose token this is. Reminders and questions that waited for it are planned
/// again, by the rule for late ones.
///
/// # Errors
/// [`TokenError`].
#[tracing::instrument(skip_all)]
pub async fn verify_address(
    conn: &mut AsyncPgConnection,
    token: &str,
    now: OffsetDateTime,
) -> Result<VerifiedAddress, TokenError> {
    conn.transaction(async |conn| {
        let verified = rubis_accounts::verify_address(conn, token, now).await?;
        release(conn, &verified, now).await?;
        Ok(verified)
    })
    .await
}

/// As [`verify_address`], for a user who has proved otherwise that they receive the mail of their address, such as
/// by following the link of a password reset.
///
/// # Errors
/// The database's.
#[tracing::instrument(skip_all, fields(user = %user))]
pub async fn mark_address_verified(
    conn: &mut AsyncPgConnection,
    user: UserId,
    now: OffsetDateTime,
) -> Result<VerifiedAddress, diesel::result::Error> {
    conn.transaction(async |conn| {
        let verified = rubis_accounts::mark_address_verified(conn, user, now).await?;
        release(conn, &verified, now).await?;
        Ok(verified)
    })
    .await
}

async fn release(
    conn: &mut AsyncPgConnection,
    verified: &VerifiedAddress,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    for organization in &verified.organizations {
        // Most users verify their address before they enter an invoice: nothing waits then.
        let (all, first) = (InvoiceScope::All, None);
        let waiting = rubis_invoices::ids_of_unfinished_invoices(conn, *organization, all, first, 1).await?;
        if !waiting.is_empty() {
            let by = RequestedBy::Change;
            request_planning::request(conn, *organization, InvoiceScope::All, by, now).await?;
        }
    }
    Ok(())
}
