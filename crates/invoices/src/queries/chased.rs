//! Counts the invoices that are being chased.

use diesel::{
    QueryableByName,
    result::Error,
    sql_types::{BigInt, Nullable, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use rubis_db::{
    AsyncPgConnection,
    statement::{Bind as _, prepared, statement},
};
use rubis_kernel::{InvoiceId, OrganizationId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::unreadable;

// Must list the states of `InvoiceStatus::is_chased`.
statement!(
    CountChased,
    "SELECT count(*) AS chased FROM (
         (SELECT 1 FROM invoices
          WHERE organization_id = ? AND plan_id IS NOT NULL AND id IS DISTINCT FROM ?
            AND status IN ('pending', 'awaiting_user_confirmation', 'in_relance'))
         UNION ALL
         (SELECT 1 FROM invoices
          WHERE organization_id = ? AND id IS DISTINCT FROM ? AND last_reminded_at > ? AND status NOT IN ('paid', 'litigation')
            AND chased AND (plan_id IS NULL OR status = 'cancelled'))
         LIMIT ?
     ) AS found"
);

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    chased: i64,
}

/// Counts the invoices that a plan chases, and those that were reminded since an instant and then given up.
pub(crate) async fn count(
    mut conn: &AsyncPgConnection,
    organization: OrganizationId,
    aside: Option<InvoiceId>,
    reminded_since: OffsetDateTime,
    at_most: Option<u32>,
) -> Result<u32, Error> {
    let row: Counted = prepared::<CountChased>()
        .bind::<SqlUuid, _>(organization.as_uuid())
        .bind::<Nullable<SqlUuid>, _>(aside.map(Uuid::from))
        .bind::<SqlUuid, _>(organization.as_uuid())
        .bind::<Nullable<SqlUuid>, _>(aside.map(Uuid::from))
        .bind::<Timestamptz, _>(reminded_since)
        .bind::<Nullable<BigInt>, _>(at_most.map(i64::from))
        .get_result(&mut conn)
        .await?;
    u32::try_from(row.chased).map_err(unreadable)
}
