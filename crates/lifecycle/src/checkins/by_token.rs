//! Finds and locks the check-in of a token.

use rubis_checkins::{AskedInvoice, CheckinRules};
use rubis_db::AsyncPgConnection;
use time::OffsetDateTime;

/// The check-in of a token.
pub(crate) enum ByToken {
    /// It is locked, with its invoice.
    Found(Box<AskedInvoice>),
    /// Its links ended so long ago that the token is not answered any more.
    Gone,
    /// No check-in has this token.
    Unknown,
}

/// Locks the invoice that a token's check-in asks about, and then the check-in.
#[tracing::instrument(skip_all)]
pub(crate) async fn lock_by_token(
    conn: &mut AsyncPgConnection,
    token: &str,
    rules: &CheckinRules,
    now: OffsetDateTime,
) -> Result<ByToken, diesel::result::Error> {
    let Some(found) = rubis_checkins::find_by_token(conn, token).await? else {
        return Ok(ByToken::Unknown);
    };
    if found.is_gone(rules, now) {
        return Ok(ByToken::Gone);
    }
    let asked = rubis_checkins::lock_with_invoice(conn, found.organization_id, found.id).await?;
    Ok(asked.map_or(ByToken::Unknown, |asked| ByToken::Found(Box::new(asked))))
}
