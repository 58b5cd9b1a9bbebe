//! `relance_tasks` as the reconciliation reads them, whatever organization they are of.

use diesel::{
    prelude::*,
    sql_types::{BigInt, Nullable, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use rubis_db::{
    AsyncPgConnection,
    schema::relance_tasks,
    statement::{Bind as _, prepared, statement},
};
use rubis_kernel::RelanceTaskId;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{reconcile::WaitingRelance, task::RelanceStatus};

statement!(
    ReadWaiting,
    "SELECT id, organization_id, invoice_id, send_at, sending_since FROM relance_tasks
     WHERE status = 'scheduled' AND (drafted_at IS NULL OR approved_at IS NOT NULL) AND created_at < ?
         AND (send_at, id) > (coalesce(?, '-infinity'::timestamptz), coalesce(?, '00000000-0000-0000-0000-000000000000'))
         AND send_at <= coalesce(?, 'infinity'::timestamptz)
     ORDER BY send_at, id LIMIT ?"
);

#[derive(QueryableByName)]
struct WaitingRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    organization_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    invoice_id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    send_at: OffsetDateTime,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    sending_since: Option<OffsetDateTime>,
}

/// Reminders that wait for their job, planned before an instant, in the order of their dates, after the date and id
/// of the last one seen.
pub async fn page(
    conn: &mut AsyncPgConnection,
    planned_before: OffsetDateTime,
    after: Option<(OffsetDateTime, RelanceTaskId)>,
    until: Option<OffsetDateTime>,
    limit: u32,
) -> QueryResult<Vec<WaitingRelance>> {
    let (send_at, id) = after.unzip();
    let rows: Vec<WaitingRow> = prepared::<ReadWaiting>()
        .bind::<Timestamptz, _>(planned_before)
        .bind::<Nullable<Timestamptz>, _>(send_at)
        .bind::<Nullable<SqlUuid>, _>(id.map(|id| id.as_uuid()))
        .bind::<Nullable<Timestamptz>, _>(until)
        .bind::<BigInt, _>(i64::from(limit))
        .load(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| WaitingRelance {
            id: row.id.into(),
            organization_id: row.organization_id.into(),
            invoice_id: row.invoice_id.into(),
            send_at: row.send_at,
            sending_since: row.sending_since,
        })
        .collect())
}

/// The statuses of those of the reminders that exist.
pub async fn statuses(
    conn: &mut AsyncPgConnection,
    ids: &[RelanceTaskId],
) -> QueryResult<Vec<(RelanceTaskId, RelanceStatus)>> {
    let ids: Vec<Uuid> = ids.iter().map(RelanceTaskId::as_uuid).collect();
    let rows: Vec<(Uuid, RelanceStatus)> = relance_tasks::table
        .filter(relance_tasks::id.eq_any(ids))
        .select((relance_tasks::id, relance_tasks::status))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|(id, status)| (id.into(), status)).collect())
}
