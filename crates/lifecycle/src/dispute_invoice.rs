//! A debtor disputes an invoice.

use rubis_db::AsyncPgConnection;
use rubis_invoices::Invoice;
use rubis_kernel::{InvoiceId, OrganizationId, UserId};
use time::OffsetDateTime;

use crate::{
    MoveError,
    cancel_invoice::{Stop, stop_chasing},
};

/// Suspends the chain of an invoice until the dispute is over.
///
/// # Errors
/// [`MoveError`].
#[tracing::instrument(skip_all, fields(organization = %organization, invoice = %invoice))]
pub async fn dispute_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    actor: Option<UserId>,
    now: OffsetDateTime,
) -> Result<Invoice, MoveError> {
    stop_chasing(conn, organization, invoice, Stop::Dispute, actor, now).await
}
