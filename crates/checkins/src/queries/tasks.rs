//! The table `checkin_tasks`.

use diesel::{
    prelude::*,
    sql_types::{Array, Bytea, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use rubis_db::{
    AsyncPgConnection,
    schema::checkin_tasks,
    statement::{Bind as _, prepared, statement},
};
use rubis_invoices::Reason;
use rubis_kernel::{CheckinMailId, CheckinTaskId, InvoiceId, OrganizationId};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::task::{CheckinAnswer, CheckinAnsweredBy, CheckinStatus, CheckinTask};

#[derive(Queryable, Selectable)]
#[diesel(table_name = checkin_tasks, check_for_backend(diesel::pg::Pg))]
pub(super) struct TaskRow {
    id: Uuid,
    organization_id: Uuid,
    invoice_id: Uuid,
    due_date: Date,
    send_at: OffsetDateTime,
    status: CheckinStatus,
    mail_id: Option<Uuid>,
    renews: Option<Uuid>,
    token_hash: Option<Vec<u8>>,
    sending_since: Option<OffsetDateTime>,
    sent_at: Option<OffsetDateTime>,
    expires_at: Option<OffsetDateTime>,
    answered_at: Option<OffsetDateTime>,
    answer: Option<CheckinAnswer>,
    answered_by: Option<CheckinAnsweredBy>,
    payment_id: Option<Uuid>,
    answered_with: Option<Uuid>,
    suspect_since: Option<OffsetDateTime>,
    reason: Option<String>,
    created_at: OffsetDateTime,
}

impl TaskRow {
    /// Converts the row, which [`FitsNoState`](crate::task_state::FitsNoState) rejects.
    fn into_task(self) -> QueryResult<CheckinTask> {
        let row = self;
        let task = CheckinTask {
            id: row.id.into(),
            organization_id: row.organization_id.into(),
            invoice_id: row.invoice_id.into(),
            due_date: row.due_date,
            send_at: row.send_at,
            status: row.status,
            mail_id: row.mail_id.map(Into::into),
            renews: row.renews.map(Into::into),
            // A check of the table guarantees that it has 32 bytes.
            token_hash: row.token_hash.and_then(|hash| hash.try_into().ok()),
            sending_since: row.sending_since,
            sent_at: row.sent_at,
            expires_at: row.expires_at,
            answered_at: row.answered_at,
            answer: row.answer,
            answered_by: row.answered_by,
            payment_id: row.payment_id.map(Into::into),
            answered_with: row.answered_with,
            suspect_since: row.suspect_since,
            reason: row.reason,
            created_at: row.created_at,
        };
        task.state()?;
        Ok(task)
    }
}

pub(super) fn all(rows: Vec<TaskRow>) -> QueryResult<Vec<CheckinTask>> {
    rows.into_iter().map(TaskRow::into_task).collect()
}

fn uuids(ids: &[CheckinTaskId]) -> Vec<Uuid> {
    ids.iter().map(CheckinTaskId::as_uuid).collect()
}

#[diesel::dsl::auto_type]
fn of_organization(organization: Uuid) -> _ {
    checkin_tasks::table.filter(checkin_tasks::organization_id.eq(organization))
}

/// Returns the check-in whose links contain this token. The only query without an organization: the token determines
/// it.
pub async fn find_by_token_hash(
    conn: &mut AsyncPgConnection,
    hash: [u8; 32],
) -> QueryResult<Option<CheckinTask>> {
    checkin_tasks::table
        .filter(checkin_tasks::token_hash.eq(hash.as_slice()))
        .select(TaskRow::as_select())
        .first(conn)
        .await
        .optional()?
        .map(TaskRow::into_task)
        .transpose()
}

/// Returns a check-in, without a lock.
pub async fn find(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    task: CheckinTaskId,
) -> QueryResult<Option<CheckinTask>> {
    of_organization(organization.into())
        .filter(checkin_tasks::id.eq(task.as_uuid()))
        .select(TaskRow::as_select())
        .first(conn)
        .await
        .optional()?
        .map(TaskRow::into_task)
        .transpose()
}

/// Returns a check-in, locked until the transaction ends. Lock its invoice first.
pub async fn lock(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    task: CheckinTaskId,
) -> QueryResult<Option<CheckinTask>> {
    Ok(lock_many(conn, organization, &[task]).await?.pop())
}

/// Returns check-ins in the order of their ids, locked. Lock their invoices first.
pub async fn lock_many(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    tasks: &[CheckinTaskId],
) -> QueryResult<Vec<CheckinTask>> {
    checkin_tasks::table
        .filter(checkin_tasks::organization_id.eq(organization.as_uuid()))
        .filter(checkin_tasks::id.eq_any(uuids(tasks)))
        .order(checkin_tasks::id)
        .select(TaskRow::as_select())
        .for_no_key_update()
        .load(conn)
        .await
        .and_then(all)
}

/// Returns all check-ins of an invoice, earliest first, locked. Lock the invoice first.
pub async fn lock_of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
) -> QueryResult<Vec<CheckinTask>> {
    checkin_tasks::table
        .filter(checkin_tasks::organization_id.eq(organization.as_uuid()))
        .filter(checkin_tasks::invoice_id.eq(invoice.as_uuid()))
        .order(checkin_tasks::id)
        .select(TaskRow::as_select())
        .for_no_key_update()
        .load(conn)
        .await
        .and_then(all)
}

/// Returns all check-ins of an invoice, earliest first.
pub async fn of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
) -> QueryResult<Vec<CheckinTask>> {
    of_organization(organization.into())
        .filter(checkin_tasks::invoice_id.eq(invoice.as_uuid()))
        .order(checkin_tasks::id)
        .select(TaskRow::as_select())
        .load(conn)
        .await
        .and_then(all)
}

/// Returns the latest check-ins of an invoice, ordered by id. Those replaced by a new planning are left out.
pub async fn latest_of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    limit: i64,
) -> QueryResult<Vec<CheckinTask>> {
    let mut latest = of_organization(organization.into())
        .filter(checkin_tasks::invoice_id.eq(invoice.as_uuid()))
        .filter(checkin_tasks::reason.is_distinct_from(Reason::Replanned.as_str()))
        .order(checkin_tasks::id.desc())
        .limit(limit)
        .select(TaskRow::as_select())
        .load(conn)
        .await
        .and_then(all)?;
    latest.reverse();
    Ok(latest)
}

/// Returns the check-ins of a mail, ordered by id.
pub async fn of_mail(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    mail: CheckinMailId,
) -> QueryResult<Vec<CheckinTask>> {
    of_organization(organization.into())
        .filter(checkin_tasks::mail_id.eq(mail.as_uuid()))
        .order(checkin_tasks::id)
        .select(TaskRow::as_select())
        .load(conn)
        .await
        .and_then(all)
}

/// Returns at most `limit` check-ins of an organization that are due and in no mail yet, earliest first, after the
/// date and id of the last one seen.
pub async fn due(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    now: OffsetDateTime,
    after: Option<(OffsetDateTime, CheckinTaskId)>,
    limit: usize,
) -> QueryResult<Vec<CheckinTask>> {
    let mut query = checkin_tasks::table
        .filter(checkin_tasks::organization_id.eq(organization.as_uuid()))
        .filter(checkin_tasks::status.eq(CheckinStatus::Scheduled))
        .filter(checkin_tasks::mail_id.is_null())
        .filter(checkin_tasks::send_at.le(now))
        .order((checkin_tasks::send_at, checkin_tasks::id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(TaskRow::as_select())
        .into_boxed();
    if let Some((send_at, id)) = after {
        // Diesel has no row comparison; the first condition is the one that the index uses.
        query = query
            .filter(checkin_tasks::send_at.ge(send_at))
            .filter(checkin_tasks::send_at.gt(send_at).or(checkin_tasks::id.gt(id.as_uuid())));
    }
    query.load(conn).await.and_then(all)
}

/// Returns those of these invoices that have a check-in that is planned or waits for its answer.
pub async fn invoices_with_live(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoices: &[InvoiceId],
) -> QueryResult<Vec<InvoiceId>> {
    let ids: Vec<Uuid> = invoices.iter().map(InvoiceId::as_uuid).collect();
    let found: Vec<Uuid> = checkin_tasks::table
        .filter(checkin_tasks::organization_id.eq(organization.as_uuid()))
        .filter(checkin_tasks::invoice_id.eq_any(ids))
        .filter(checkin_tasks::status.eq_any([CheckinStatus::Scheduled, CheckinStatus::Sent]))
        .select(checkin_tasks::invoice_id)
        .load(conn)
        .await?;
    Ok(found.into_iter().map(InvoiceId::from).collect())
}

/// Returns the time at which new links were last requested for an invoice.
pub async fn last_renewal(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
) -> QueryResult<Option<OffsetDateTime>> {
    of_organization(organization.into())
        .filter(checkin_tasks::invoice_id.eq(invoice.as_uuid()))
        .filter(checkin_tasks::renews.is_not_null())
        .select(diesel::dsl::max(checkin_tasks::created_at))
        .first(conn)
        .await
}

/// A check-in to be planned.
pub struct TaskToInsert {
    pub id: CheckinTaskId,
    pub invoice: InvoiceId,
    pub due_date: Date,
    pub send_at: OffsetDateTime,
    pub renews: Option<CheckinTaskId>,
}

/// Inserts a planned check-in.
pub async fn insert(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    task: &TaskToInsert,
    now: OffsetDateTime,
) -> QueryResult<CheckinTask> {
    diesel::insert_into(checkin_tasks::table)
        .values((
            checkin_tasks::id.eq(task.id.as_uuid()),
            checkin_tasks::organization_id.eq(organization.as_uuid()),
            checkin_tasks::invoice_id.eq(task.invoice.as_uuid()),
            checkin_tasks::due_date.eq(task.due_date),
            checkin_tasks::send_at.eq(task.send_at),
            checkin_tasks::renews.eq(task.renews.map(Uuid::from)),
            checkin_tasks::created_at.eq(now),
            checkin_tasks::updated_at.eq(now),
        ))
        .returning(TaskRow::as_returning())
        .get_result(conn)
        .await
        .and_then(TaskRow::into_task)
}

statement!(
    SaveTasks,
    "UPDATE checkin_tasks AS task
     SET send_at = saved.send_at, status = saved.status::checkin_status, mail_id = saved.mail_id,
         token_hash = saved.token_hash, sending_since = saved.sending_since, sent_at = saved.sent_at,
         expires_at = saved.expires_at, answered_at = saved.answered_at, answer = saved.answer::checkin_answer,
         answered_by = saved.answered_by::checkin_answered_by, payment_id = saved.payment_id,
         answered_with = saved.answered_with, suspect_since = saved.suspect_since, reason = saved.reason, updated_at = ?
     FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         AS saved(id, send_at, status, mail_id, token_hash, sending_since, sent_at, expires_at, answered_at, answer,
                  answered_by, payment_id, answered_with, suspect_since, reason)
     WHERE task.organization_id = ? AND task.id = saved.id"
);

/// Saves check-ins of one organization, which are locked: every column that their states have, or have not.
pub async fn save(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    tasks: &[CheckinTask],
    now: OffsetDateTime,
) -> QueryResult<()> {
    fn of<T>(tasks: &[CheckinTask], column: impl Fn(&CheckinTask) -> T) -> Vec<T> {
        tasks.iter().map(column).collect()
    }
    if tasks.is_empty() {
        return Ok(());
    }
    prepared::<SaveTasks>()
        .bind::<Timestamptz, _>(now)
        .bind::<Array<SqlUuid>, _>(of(tasks, |task| task.id.as_uuid()))
        .bind::<Array<Timestamptz>, _>(of(tasks, |task| task.send_at))
        .bind::<Array<Text>, _>(of(tasks, |task| task.status.as_str()))
        .bind::<Array<Nullable<SqlUuid>>, _>(of(tasks, |task| task.mail_id.map(Uuid::from)))
        .bind::<Array<Nullable<Bytea>>, _>(of(tasks, |task| task.token_hash.map(Vec::from)))
        .bind::<Array<Nullable<Timestamptz>>, _>(of(tasks, |task| task.sending_since))
        .bind::<Array<Nullable<Timestamptz>>, _>(of(tasks, |task| task.sent_at))
        .bind::<Array<Nullable<Timestamptz>>, _>(of(tasks, |task| task.expires_at))
        .bind::<Array<Nullable<Timestamptz>>, _>(of(tasks, |task| task.answered_at))
        .bind::<Array<Nullable<Text>>, _>(of(tasks, |task| task.answer.map(CheckinAnswer::as_str)))
        .bind::<Array<Nullable<Text>>, _>(of(tasks, |task| task.answered_by.map(CheckinAnsweredBy::as_str)))
        .bind::<Array<Nullable<SqlUuid>>, _>(of(tasks, |task| task.payment_id.map(Uuid::from)))
        .bind::<Array<Nullable<SqlUuid>>, _>(of(tasks, |task| task.answered_with))
        .bind::<Array<Nullable<Timestamptz>>, _>(of(tasks, |task| task.suspect_since))
        .bind::<Array<Nullable<Text>>, _>(of(tasks, |task| task.reason.clone()))
        .bind::<SqlUuid, _>(organization.as_uuid())
        .execute(conn)
        .await
        .map(drop)
}

/// Serializes the gathering of an organization's check-ins until the transaction ends.
pub async fn lock_gathering(conn: &mut AsyncPgConnection, organization: OrganizationId) -> QueryResult<()> {
    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind::<Text, _>(format!("rubis:checkins:{organization}"))
        .execute(conn)
        .await
        .map(drop)
}
