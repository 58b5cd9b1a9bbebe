//! The user asks for fresh links.

use rubis_accounts::ActivityKind;
use rubis_checkins::{AskedInvoice, CheckinLink, CheckinRules, CheckinStatus, RenewError};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::InvoiceStatus;
use rubis_relances::PlanningTrigger;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::{
    checkins::{
        by_token::{ByToken, lock_by_token},
        outcome::pressed,
    },
    events,
    plan_again::plan_invoice,
};

/// Errors of requesting fresh links.
#[derive(Debug, thiserror::Error)]
pub enum RenewCheckinError {
    /// There is no such check-in.
    #[error("there is no such check-in")]
    NotFound,
    /// Its links ended too long ago.
    #[error("the check-in ended too long ago")]
    Gone,
    /// The user answered, or the invoice was settled otherwise.
    #[error("the check-in was answered already")]
    AlreadyAnswered,
    /// The invoice is not asked about any more: it is disputed or cancelled, or check-ins were turned off.
    #[error("there are no more check-ins for this invoice")]
    NotRenewable,
    /// Fresh links were mailed a short while ago.
    #[error("new links were mailed a short while ago")]
    TooSoon {
        /// Time until they can be requested again.
        retry_after: Duration,
    },
    /// The database refused.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

impl From<RenewError> for RenewCheckinError {
    fn from(error: RenewError) -> Self {
        match error {
            RenewError::TooSoon { retry_after } => Self::TooSoon { retry_after },
            RenewError::NotAsked(_) => Self::NotRenewable,
            RenewError::Database(error) => Self::Database(error),
        }
    }
}

/// Mails fresh links to the organization's user, in place of those that a token came with. Those end, and the
/// fresh ones are never shown in the response.
///
/// # Errors
/// [`RenewCheckinError`].
#[tracing::instrument(skip_all)]
pub async fn renew_checkin(
    conn: &mut AsyncPgConnection,
    token: &str,
    user_agent: &str,
    rules: &CheckinRules,
    now: OffsetDateTime,
) -> Result<(), RenewCheckinError> {
    // A refusal is kept too: it must not roll the transaction back.
    conn.transaction(async |conn| {
        let mut asked = match lock_by_token(conn, token, rules, now).await? {
            ByToken::Found(asked) => *asked,
            ByToken::Gone => return Ok(Err(RenewCheckinError::Gone)),
            ByToken::Unknown => return Ok(Err(RenewCheckinError::NotFound)),
        };
        let renewed = match renew_locked(conn, &mut asked, now).await {
            Err(RenewCheckinError::Database(error)) => return Err(error),
            renewed => renewed,
        };
        let opening = pressed(CheckinLink::Renew, user_agent, now);
        let verdict = if renewed.is_ok() { "effect" } else { "refused" };
        rubis_checkins::record_click(conn, &asked.task, &opening, verdict).await?;
        Ok::<_, diesel::result::Error>(renewed)
    })
    .await?
}

async fn renew_locked(
    conn: &mut AsyncPgConnection,
    asked: &mut AskedInvoice,
    now: OffsetDateTime,
) -> Result<(), RenewCheckinError> {
    let AskedInvoice { invoice, task } = asked;
    if invoice.status == InvoiceStatus::Paid || task.status == CheckinStatus::Answered {
        return Err(RenewCheckinError::AlreadyAnswered);
    }
    let organization = rubis_accounts::organization(conn, task.organization_id)
        .await?
        .ok_or(diesel::result::Error::NotFound)?;
    let fresh = rubis_checkins::renew(conn, &organization, invoice, task.id, now).await?;
    let more = json!({ "checkinId": fresh.id, "renews": task.id });
    events::record(conn, invoice, ActivityKind::CheckinRenewed, None, more, now).await?;
    Ok(plan_invoice(conn, invoice, PlanningTrigger::RulesChanged, now).await?)
}
