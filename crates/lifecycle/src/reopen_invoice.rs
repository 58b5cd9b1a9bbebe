//! A settlement is undone.

use rubis_accounts::ActivityKind;
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::{Invoice, VoidSettlementError};
use rubis_kernel::{InvoiceId, OrganizationId, UserId};
use rubis_relances::PlanningTrigger;
use serde_json::json;
use time::OffsetDateTime;

use crate::{events, plan_again::plan_invoice};

/// Why a settlement could not be undone.
#[derive(Debug, thiserror::Error)]
pub enum ReopenError {
    /// The organization has no such invoice.
    #[error("there is no such invoice")]
    NotFound,
    /// A rule forbids it.
    #[error(transparent)]
    Void(#[from] VoidSettlementError),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Undoes the payment that settled an invoice: it is outstanding again, the rubis it earned by being
/// paid is taken back, and what had not been sent is planned again.
///
/// # Errors
/// [`ReopenError`].
pub async fn reopen_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    actor: Option<UserId>,
    now: OffsetDateTime,
) -> Result<Invoice, ReopenError> {
    conn.transaction(async |conn| {
        let mut invoice =
            rubis_invoices::lock_invoice(conn, organization, invoice).await?.ok_or(ReopenError::NotFound)?;
        let voided = rubis_invoices::void_settlement(conn, &mut invoice, now).await?;
        let more = json!({ "paymentId": voided.id, "amountCents": voided.amount_cents });
        events::record(conn, &invoice, ActivityKind::InvoiceReopened, actor, more, now).await?;
        plan_invoice(conn, &invoice, PlanningTrigger::InvoiceChanged, now).await?;
        rubis_accounts::earn_rubis(conn, organization, -1).await?;
        Ok(invoice)
    })
    .await
}
