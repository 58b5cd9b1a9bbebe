//! Pauses and resumes the reminders of a client or of one invoice.

use rubis_accounts::Pause;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{ClientId, InvoiceId, OrganizationId};
use time::OffsetDateTime;

use crate::{Client, Invoice, queries};

/// Pauses an invoice, replacing any pause it has; `None` if the organization has no such invoice.
#[tracing::instrument(skip_all, fields(organization = %organization, invoice = %invoice))]
pub async fn set_invoice_pause(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    pause: Pause,
    now: OffsetDateTime,
) -> Result<Option<Invoice>, diesel::result::Error> {
    queries::invoices::save_pause(conn, organization, invoice, Some(pause), now).await
}

/// Ends an invoice's pause, if it has one; `None` if the organization has no such invoice.
#[tracing::instrument(skip_all, fields(organization = %organization, invoice = %invoice))]
pub async fn clear_invoice_pause(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    now: OffsetDateTime,
) -> Result<Option<Invoice>, diesel::result::Error> {
    queries::invoices::save_pause(conn, organization, invoice, None, now).await
}

/// Pauses a client, replacing any pause they have; `None` if the organization has no such client.
#[tracing::instrument(skip_all, fields(organization = %organization, client = %client))]
pub async fn set_client_pause(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    pause: Pause,
    now: OffsetDateTime,
) -> Result<Option<Client>, diesel::result::Error> {
    queries::clients::save_pause(conn, organization, client, Some(pause), now).await
}

/// Ends a client's pause, if they have one; `None` if the organization has no such client.
#[tracing::instrument(skip_all, fields(organization = %organization, client = %client))]
pub async fn clear_client_pause(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    now: OffsetDateTime,
) -> Result<Option<Client>, diesel::result::Error> {
    queries::clients::save_pause(conn, organization, client, None, now).await
}
