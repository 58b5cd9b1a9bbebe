//! A dispute is over, and the chain goes on.

use rubis_accounts::ActivityKind;
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::{Invoice, Transition};
use rubis_kernel::{InvoiceId, OrganizationId, UserId};
use rubis_relances::PlanningTrigger;
use serde_json::json;
use time::OffsetDateTime;

use crate::{MoveError, events, plan_again::plan_invoice};

/// Takes an invoice out of dispute and plans what had not been sent.
///
/// # Errors
/// [`MoveError`].
pub async fn resume_dispute(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    actor: Option<UserId>,
    now: OffsetDateTime,
) -> Result<Invoice, MoveError> {
    conn.transaction(async |conn| {
        let mut invoice =
            rubis_invoices::lock_invoice(conn, organization, invoice).await?.ok_or(MoveError::NotFound)?;
        rubis_invoices::transition(conn, &mut invoice, Transition::Resumed, now).await?;
        events::record(conn, &invoice, ActivityKind::InvoiceResumed, actor, json!({}), now).await?;
        plan_invoice(conn, &mut invoice, PlanningTrigger::InvoiceChanged, now).await?;
        Ok(invoice)
    })
    .await
}
