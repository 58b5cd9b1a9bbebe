//! An invoice is given up.

use rubis_accounts::ActivityKind;
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::{Invoice, Reason, Transition};
use rubis_kernel::{InvoiceId, OrganizationId, UserId};
use serde_json::json;
use time::OffsetDateTime;

use crate::{MoveError, call_off::call_off, events};

/// Cancels an invoice and calls off everything planned for it.
///
/// # Errors
/// [`MoveError`].
#[tracing::instrument(skip_all, fields(organization = %organization, invoice = %invoice))]
pub async fn cancel_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    actor: Option<UserId>,
    now: OffsetDateTime,
) -> Result<Invoice, MoveError> {
    stop_chasing(conn, organization, invoice, Stop::Cancel, actor, now).await
}

/// The two ways in which an invoice stops being chased without being paid.
#[derive(Clone, Copy)]
pub(crate) enum Stop {
    Cancel,
    Dispute,
}

#[tracing::instrument(skip_all, fields(organization = %organization, invoice = %invoice))]
pub(crate) async fn stop_chasing(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    stop: Stop,
    actor: Option<UserId>,
    now: OffsetDateTime,
) -> Result<Invoice, MoveError> {
    let (transition, reason, kind) = match stop {
        Stop::Cancel => (Transition::Cancelled, Reason::InvoiceCancelled, ActivityKind::InvoiceCancelled),
        Stop::Dispute => (Transition::Disputed, Reason::InvoiceDisputed, ActivityKind::InvoiceDisputed),
    };
    conn.transaction(async |conn| {
        let mut invoice =
            rubis_invoices::lock_invoice(conn, organization, invoice).await?.ok_or(MoveError::NotFound)?;
        rubis_invoices::transition(conn, &mut invoice, transition, now).await?;
        let called_off = call_off(conn, &mut invoice, reason, now).await?;
        let more = json!({
            "cancelledRelances": called_off.cancelled.len(),
            "relancesBeingSent": called_off.being_sent.len(),
        });
        events::record(conn, &invoice, kind, actor, more, now).await?;
        Ok(invoice)
    })
    .await
}
