//! A dispute is over, and the chain goes on.

use rubis_accounts::ActivityKind;
use rubis_billing::{BillingRules, PlanLimitReached};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::{Invoice, Transition};
use rubis_kernel::{InvoiceId, OrganizationId, UserId};
use rubis_relances::PlanningTrigger;
use serde_json::json;
use time::OffsetDateTime;

use crate::{MoveError, events, invoice_limit::admit, plan_again::plan_invoice};

/// Reasons why a dispute could not be ended.
#[derive(Debug, thiserror::Error)]
pub enum ResumeDisputeError {
    /// The invoice is not disputed, or there is none.
    #[error(transparent)]
    Move(#[from] MoveError),
    /// It would be chased again, and no further one may be.
    #[error(transparent)]
    LimitReached(#[from] PlanLimitReached),
}

impl From<diesel::result::Error> for ResumeDisputeError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Move(error.into())
    }
}

/// Takes an invoice out of dispute and plans what had not been sent. It takes one of the places that the
/// subscription limits, which a disputed one does not.
///
/// # Errors
/// [`ResumeDisputeError`].
#[tracing::instrument(skip_all, fields(organization = %organization, invoice = %invoice))]
pub async fn resume_dispute(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    actor: Option<UserId>,
    rules: &BillingRules,
    now: OffsetDateTime,
) -> Result<Invoice, ResumeDisputeError> {
    conn.transaction(async |conn| {
        let mut invoice =
            rubis_invoices::lock_invoice(conn, organization, invoice).await?.ok_or(MoveError::NotFound)?;
        rubis_invoices::transition(conn, &mut invoice, Transition::Resumed, now)
            .await
            .map_err(MoveError::from)?;
        if invoice.takes_place() {
            admit(conn, organization, invoice.id, rules, now).await??;
        }
        events::record(conn, &invoice, ActivityKind::InvoiceResumed, actor, json!({}), now).await?;
        plan_invoice(conn, &mut invoice, PlanningTrigger::InvoiceChanged, now).await?;
        Ok(invoice)
    })
    .await
}
