//! Reads `invoices` of all organizations, for the reconciliation.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rubis_db::{AsyncPgConnection, schema::invoices};
use rubis_kernel::{InvoiceId, OrganizationId};
use uuid::Uuid;

use crate::InvoiceStatus;

/// Returns invoices that await the user's answer, ordered by id.
pub async fn page(
    conn: &mut AsyncPgConnection,
    after: Option<InvoiceId>,
    limit: u32,
) -> QueryResult<Vec<(OrganizationId, InvoiceId)>> {
    let rows: Vec<(Uuid, Uuid)> = invoices::table
        .filter(invoices::status.eq(InvoiceStatus::AwaitingUserConfirmation))
        .filter(invoices::id.gt(after.map_or(Uuid::nil(), |id| id.as_uuid())))
        .order(invoices::id)
        .limit(i64::from(limit))
        .select((invoices::organization_id, invoices::id))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|(organization, id)| (organization.into(), id.into())).collect())
}
