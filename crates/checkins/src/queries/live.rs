//! Reads `checkin_tasks` of all organizations, for the reconciliation.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rubis_db::{AsyncPgConnection, schema::checkin_tasks};
use rubis_kernel::{CheckinTaskId, InvoiceId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::tasks::{TaskRow, all};
use crate::task::{CheckinStatus, CheckinTask};

/// Returns check-ins that are scheduled or sent, planned before an instant, ordered by id.
pub async fn page(
    conn: &mut AsyncPgConnection,
    planned_before: OffsetDateTime,
    after: Option<CheckinTaskId>,
    limit: u32,
) -> QueryResult<Vec<CheckinTask>> {
    checkin_tasks::table
        .filter(checkin_tasks::status.eq_any([CheckinStatus::Scheduled, CheckinStatus::Sent]))
        .filter(checkin_tasks::created_at.lt(planned_before))
        .filter(checkin_tasks::id.gt(after.map_or(Uuid::nil(), |id| id.as_uuid())))
        .order(checkin_tasks::id)
        .limit(i64::from(limit))
        .select(TaskRow::as_select())
        .load(conn)
        .await
        .and_then(all)
}

/// Returns the statuses of those of the check-ins that exist.
pub async fn statuses(
    conn: &mut AsyncPgConnection,
    ids: &[CheckinTaskId],
) -> QueryResult<Vec<(CheckinTaskId, CheckinStatus)>> {
    let ids: Vec<Uuid> = ids.iter().map(CheckinTaskId::as_uuid).collect();
    let rows: Vec<(Uuid, CheckinStatus)> = checkin_tasks::table
        .filter(checkin_tasks::id.eq_any(ids))
        .select((checkin_tasks::id, checkin_tasks::status))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|(id, status)| (id.into(), status)).collect())
}

/// Returns those of the invoices whose check-in waits for an answer.
pub async fn invoices_with_question_out(
    conn: &mut AsyncPgConnection,
    invoices: &[InvoiceId],
) -> QueryResult<Vec<InvoiceId>> {
    let ids: Vec<Uuid> = invoices.iter().map(InvoiceId::as_uuid).collect();
    let found: Vec<Uuid> = checkin_tasks::table
        .filter(checkin_tasks::invoice_id.eq_any(ids))
        .filter(checkin_tasks::status.eq(CheckinStatus::Sent))
        .select(checkin_tasks::invoice_id)
        .load(conn)
        .await?;
    Ok(found.into_iter().map(InvoiceId::from).collect())
}
