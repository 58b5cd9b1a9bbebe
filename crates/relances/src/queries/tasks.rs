//! `relance_tasks`.

use diesel::{
    prelude::*,
    result::Error as DatabaseError,
    sql_types::{Array, Date as SqlDate, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use rubis_db::{
    AsyncPgConnection,
    schema::{relance_tasks, sql_types},
    statement::{Bind as _, prepared, statement},
};
use rubis_invoices::{Invoice, Reason};
use rubis_jobs::Job as _;
use rubis_kernel::{InvoiceId, OrganizationId, PlanStepId, RelanceTaskId, UserId};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::state_columns::StateColumns;
use crate::{
    jobs::SendRelance,
    task::{ListedRelance, RelanceStatus, RelanceTask},
};

/// The columns that hold no state.
#[derive(Queryable, Selectable)]
#[diesel(table_name = relance_tasks)]
struct PlannedRow {
    id: Uuid,
    organization_id: Uuid,
    invoice_id: Uuid,
    plan_step_id: Uuid,
    send_at: OffsetDateTime,
    meant_for: Date,
    chain: i32,
    hurried_at: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
}

/// The columns without the long text and the draft: those that lists read.
#[derive(Queryable, Selectable)]
#[diesel(table_name = relance_tasks)]
struct ListedRow {
    #[diesel(embed)]
    planned: PlannedRow,
    status: RelanceStatus,
    sending_since: Option<OffsetDateTime>,
    sent_at: Option<OffsetDateTime>,
    reason: Option<String>,
    reason_detail: Option<String>,
    drafted_at: Option<OffsetDateTime>,
    approved_at: Option<OffsetDateTime>,
    approved_by: Option<Uuid>,
    subject: Option<String>,
    recipient: Option<String>,
    refused_copies: Option<Vec<Option<String>>>,
}

/// All columns of a reminder.
#[derive(Queryable, Selectable)]
#[diesel(table_name = relance_tasks)]
struct TaskRow {
    #[diesel(embed)]
    planned: PlannedRow,
    counted_on: Option<Date>,
    counted_recipients: Option<i32>,
    #[diesel(embed)]
    state: StateColumns,
}

impl TaskRow {
    /// Converts the row, which [`FitsNoState`](super::state_columns::FitsNoState) rejects.
    fn into_task(self) -> QueryResult<RelanceTask> {
        let Self { planned, counted_on, counted_recipients, state } = self;
        let id = planned.id.into();
        let state =
            state.into_state(id).map_err(|error| DatabaseError::DeserializationError(Box::new(error)))?;
        let recipients = counted_recipients.and_then(|count| u32::try_from(count).ok()).unwrap_or(0);
        Ok(RelanceTask {
            id,
            organization_id: planned.organization_id.into(),
            invoice_id: planned.invoice_id.into(),
            plan_step_id: planned.plan_step_id.into(),
            send_at: planned.send_at,
            meant_for: planned.meant_for,
            chain: planned.chain,
            state,
            counted: counted_on.map(|day| (day, recipients)),
            hurried_at: planned.hurried_at,
            created_at: planned.created_at,
        })
    }
}

impl From<ListedRow> for ListedRelance {
    fn from(row: ListedRow) -> Self {
        Self {
            id: row.planned.id.into(),
            organization_id: row.planned.organization_id.into(),
            invoice_id: row.planned.invoice_id.into(),
            plan_step_id: row.planned.plan_step_id.into(),
            send_at: row.planned.send_at,
            meant_for: row.planned.meant_for,
            chain: row.planned.chain,
            status: row.status,
            sending_since: row.sending_since,
            sent_at: row.sent_at,
            reason: row.reason,
            reason_detail: row.reason_detail,
            drafted_at: row.drafted_at,
            approved_at: row.approved_at,
            approved_by: row.approved_by.map(UserId::from),
            hurried_at: row.planned.hurried_at,
            subject: row.subject,
            recipient: row.recipient,
            refused_copies: row.refused_copies.into_iter().flatten().flatten().collect(),
            created_at: row.planned.created_at,
        }
    }
}

/// A reminder, without a lock.
pub async fn find(
    mut conn: &AsyncPgConnection,
    organization: OrganizationId,
    task: RelanceTaskId,
) -> QueryResult<Option<RelanceTask>> {
    relance_tasks::table
        .filter(relance_tasks::organization_id.eq(organization.as_uuid()))
        .filter(relance_tasks::id.eq(task.as_uuid()))
        .select(TaskRow::as_select())
        .first(&mut conn)
        .await
        .optional()?
        .map(TaskRow::into_task)
        .transpose()
}

/// Locks a reminder until the transaction ends. Lock its invoice first.
pub async fn lock(
    mut conn: &AsyncPgConnection,
    organization: OrganizationId,
    task: RelanceTaskId,
) -> QueryResult<Option<RelanceTask>> {
    relance_tasks::table
        .filter(relance_tasks::organization_id.eq(organization.as_uuid()))
        .filter(relance_tasks::id.eq(task.as_uuid()))
        .select(TaskRow::as_select())
        .for_no_key_update()
        .first(&mut conn)
        .await
        .optional()?
        .map(TaskRow::into_task)
        .transpose()
}

/// All reminders of an invoice, the earliest first, locked. Lock the invoice first.
pub async fn lock_of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
) -> QueryResult<Vec<RelanceTask>> {
    let rows: Vec<TaskRow> = relance_tasks::table
        .filter(relance_tasks::organization_id.eq(organization.as_uuid()))
        .filter(relance_tasks::invoice_id.eq(invoice.as_uuid()))
        .order((relance_tasks::send_at, relance_tasks::id))
        .select(TaskRow::as_select())
        .for_no_key_update()
        .load(conn)
        .await?;
    rows.into_iter().map(TaskRow::into_task).collect()
}

/// All reminders of an invoice without their texts, the earliest first.
pub async fn of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
) -> QueryResult<Vec<ListedRelance>> {
    let rows: Vec<ListedRow> = relance_tasks::table
        .filter(relance_tasks::organization_id.eq(organization.as_uuid()))
        .filter(relance_tasks::invoice_id.eq(invoice.as_uuid()))
        .order((relance_tasks::send_at, relance_tasks::id))
        .select(ListedRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(ListedRelance::from).collect())
}

/// The latest reminders of an invoice without their texts, the earliest first. Those that planning again
/// replaced are left out.
pub async fn latest_of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    limit: i64,
) -> QueryResult<Vec<ListedRelance>> {
    let rows: Vec<ListedRow> = relance_tasks::table
        .filter(relance_tasks::organization_id.eq(organization.as_uuid()))
        .filter(relance_tasks::invoice_id.eq(invoice.as_uuid()))
        .filter(relance_tasks::reason.is_distinct_from(Reason::Replanned.as_str()))
        .order((relance_tasks::send_at.desc(), relance_tasks::id.desc()))
        .limit(limit)
        .select(ListedRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().rev().map(ListedRelance::from).collect())
}

/// Reminders of an organization without their texts, in the order of their dates.
pub async fn list(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    status: Option<RelanceStatus>,
    after: Option<(OffsetDateTime, RelanceTaskId)>,
    limit: i64,
) -> QueryResult<Vec<ListedRelance>> {
    let mut query = relance_tasks::table
        .filter(relance_tasks::organization_id.eq(organization.as_uuid()))
        .order((relance_tasks::send_at, relance_tasks::id))
        .limit(limit)
        .select(ListedRow::as_select())
        .into_boxed();
    if let Some(status) = status {
        query = query.filter(relance_tasks::status.eq(status));
    }
    if let Some((send_at, id)) = after {
        // Diesel has no row comparison; the first condition is what the index seeks to.
        query = query
            .filter(relance_tasks::send_at.ge(send_at))
            .filter(relance_tasks::send_at.gt(send_at).or(relance_tasks::id.gt(id.as_uuid())));
    }
    let rows: Vec<ListedRow> = query.load(conn).await?;
    Ok(rows.into_iter().map(ListedRelance::from).collect())
}

/// Reports if another reminder of the invoice, which no user has to approve, is due as well, is being sent, or was sent
/// since the beginning of the day.
pub async fn has_sibling_today(
    mut conn: &AsyncPgConnection,
    task: &RelanceTask,
    day_began: OffsetDateTime,
    now: OffsetDateTime,
) -> QueryResult<bool> {
    let is_due = relance_tasks::status
        .eq(RelanceStatus::Scheduled)
        .and(relance_tasks::drafted_at.is_null())
        .and(relance_tasks::send_at.le(now));
    let siblings = relance_tasks::table
        .filter(relance_tasks::organization_id.eq(task.organization_id.as_uuid()))
        .filter(relance_tasks::invoice_id.eq(task.invoice_id.as_uuid()))
        .filter(relance_tasks::id.ne(task.id.as_uuid()))
        .filter(is_due.or(relance_tasks::sending_since.is_not_null()).or(
            relance_tasks::sent_at.is_not_null().and(relance_tasks::sent_at.assume_not_null().ge(day_began)),
        ));
    diesel::select(diesel::dsl::exists(siblings)).get_result(&mut conn).await
}

/// Reports if a reminder of the invoice's chain that goes on was sent.
pub async fn was_sent_in_chain(mut conn: &AsyncPgConnection, invoice: &Invoice) -> QueryResult<bool> {
    let sent = relance_tasks::table
        .filter(relance_tasks::organization_id.eq(invoice.organization_id.as_uuid()))
        .filter(relance_tasks::invoice_id.eq(invoice.id.as_uuid()))
        .filter(relance_tasks::chain.eq(invoice.chain))
        .filter(relance_tasks::status.eq(RelanceStatus::Sent));
    diesel::select(diesel::dsl::exists(sent)).get_result(&mut conn).await
}

/// The `Message-ID` of the first reminder of the invoice that was sent to this recipient.
pub async fn first_message_id(
    mut conn: &AsyncPgConnection,
    task: &RelanceTask,
    recipient: &str,
) -> QueryResult<Option<String>> {
    relance_tasks::table
        .filter(relance_tasks::organization_id.eq(task.organization_id.as_uuid()))
        .filter(relance_tasks::invoice_id.eq(task.invoice_id.as_uuid()))
        .filter(relance_tasks::id.ne(task.id.as_uuid()))
        .filter(relance_tasks::status.eq(RelanceStatus::Sent))
        .filter(relance_tasks::recipient.eq(recipient))
        .filter(relance_tasks::message_id.is_not_null())
        .order((relance_tasks::sent_at, relance_tasks::id))
        .select(relance_tasks::message_id.assume_not_null())
        .first(&mut conn)
        .await
        .optional()
}

/// A reminder to be planned, or to be recorded as not sent for a reason.
pub struct TaskToInsert {
    pub id: RelanceTaskId,
    pub step: PlanStepId,
    pub send_at: OffsetDateTime,
    pub meant_for: Date,
    pub skipped: Option<Reason>,
}

/// Plans reminders.
pub async fn insert(
    conn: &mut AsyncPgConnection,
    invoice: &Invoice,
    tasks: &[TaskToInsert],
    now: OffsetDateTime,
) -> QueryResult<()> {
    let rows: Vec<_> = tasks
        .iter()
        .map(|task| {
            let status =
                if task.skipped.is_some() { RelanceStatus::Cancelled } else { RelanceStatus::Scheduled };
            let job = SendRelance { organization_id: invoice.organization_id, task_id: task.id };
            (
                relance_tasks::id.eq(task.id.as_uuid()),
                relance_tasks::organization_id.eq(invoice.organization_id.as_uuid()),
                relance_tasks::invoice_id.eq(invoice.id.as_uuid()),
                relance_tasks::chain.eq(invoice.chain),
                relance_tasks::plan_step_id.eq(task.step.as_uuid()),
                relance_tasks::send_at.eq(task.send_at),
                relance_tasks::meant_for.eq(task.meant_for),
                relance_tasks::status.eq(status),
                relance_tasks::reason.eq(task.skipped.map(Reason::as_str)),
                relance_tasks::queue_job_id.eq(job.id().as_str().to_owned()),
                relance_tasks::created_at.eq(now),
                relance_tasks::updated_at.eq(now),
            )
        })
        .collect();
    diesel::insert_into(relance_tasks::table).values(rows).execute(conn).await.map(drop)
}

statement!(
    MoveTasks,
    "UPDATE relance_tasks AS task
     SET send_at = moved.send_at, meant_for = moved.meant_for, updated_at = ?,
         reason = CASE WHEN task.send_at = moved.send_at THEN task.reason END,
         reason_detail = CASE WHEN task.send_at = moved.send_at THEN task.reason_detail END
     FROM unnest(?, ?, ?) AS moved(id, send_at, meant_for)
     WHERE task.organization_id = ? AND task.id = moved.id"
);

/// Another date of a reminder that is scheduled.
pub struct MovedTask {
    pub id: RelanceTaskId,
    pub send_at: OffsetDateTime,
    pub meant_for: Date,
}

/// Gives reminders, which are locked and scheduled, other dates.
pub async fn move_to(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    moved: &[MovedTask],
    now: OffsetDateTime,
) -> QueryResult<()> {
    if moved.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = moved.iter().map(|task| task.id.as_uuid()).collect();
    let send_at: Vec<OffsetDateTime> = moved.iter().map(|task| task.send_at).collect();
    let meant_for: Vec<Date> = moved.iter().map(|task| task.meant_for).collect();
    prepared::<MoveTasks>()
        .bind::<Timestamptz, _>(now)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Array<Timestamptz>, _>(send_at)
        .bind::<Array<SqlDate>, _>(meant_for)
        .bind::<SqlUuid, _>(organization.as_uuid())
        .execute(conn)
        .await
        .map(drop)
}

/// Calls off reminders, which are locked and wait.
pub async fn cancel(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    tasks: &[RelanceTaskId],
    reason: Reason,
    now: OffsetDateTime,
) -> QueryResult<()> {
    let ids: Vec<Uuid> = tasks.iter().map(RelanceTaskId::as_uuid).collect();
    diesel::update(relance_tasks::table)
        .filter(relance_tasks::organization_id.eq(organization.as_uuid()))
        .filter(relance_tasks::id.eq_any(ids))
        .set((
            relance_tasks::status.eq(RelanceStatus::Cancelled),
            relance_tasks::sending_since.eq(None::<OffsetDateTime>),
            relance_tasks::reason.eq(reason.as_str()),
            relance_tasks::reason_detail.eq(None::<String>),
            relance_tasks::updated_at.eq(now),
        ))
        .execute(conn)
        .await
        .map(drop)
}

statement!(
    SaveTask,
    "UPDATE relance_tasks SET plan_step_id = ?, send_at = ?, meant_for = ?, hurried_at = ?, counted_on = ?,
         counted_recipients = ?, status = ?, sending_since = ?, sent_at = ?, reason = ?, reason_detail = ?,
         drafted_at = ?, approved_at = ?, approved_by = ?, draft = ?, subject = ?, body = ?, recipient = ?,
         message_id = ?, refused_copies = ?, updated_at = ?
     WHERE organization_id = ? AND id = ?"
);

/// Saves a reminder, which is locked: every column that its state has, or has not.
pub async fn save(mut conn: &AsyncPgConnection, task: &RelanceTask, now: OffsetDateTime) -> QueryResult<()> {
    let columns = StateColumns::from(&task.state);
    let recipients = task.counted.map(|(_, recipients)| i32::try_from(recipients).unwrap_or(i32::MAX));
    prepared::<SaveTask>()
        .bind::<SqlUuid, _>(task.plan_step_id.as_uuid())
        .bind::<Timestamptz, _>(task.send_at)
        .bind::<SqlDate, _>(task.meant_for)
        .bind::<Nullable<Timestamptz>, _>(task.hurried_at)
        .bind::<Nullable<SqlDate>, _>(task.counted.map(|(day, _)| day))
        .bind::<Nullable<Integer>, _>(recipients)
        .bind::<sql_types::RelanceStatus, _>(columns.status)
        .bind::<Nullable<Timestamptz>, _>(columns.sending_since)
        .bind::<Nullable<Timestamptz>, _>(columns.sent_at)
        .bind::<Nullable<Text>, _>(columns.reason)
        .bind::<Nullable<Text>, _>(columns.reason_detail)
        .bind::<Nullable<Timestamptz>, _>(columns.drafted_at)
        .bind::<Nullable<Timestamptz>, _>(columns.approved_at)
        .bind::<Nullable<SqlUuid>, _>(columns.approved_by)
        .bind::<Nullable<Jsonb>, _>(columns.draft)
        .bind::<Nullable<Text>, _>(columns.subject)
        .bind::<Nullable<Text>, _>(columns.body)
        .bind::<Nullable<Text>, _>(columns.recipient)
        .bind::<Nullable<Text>, _>(columns.message_id)
        .bind::<Nullable<Array<Nullable<Text>>>, _>(columns.refused_copies)
        .bind::<Timestamptz, _>(now)
        .bind::<SqlUuid, _>(task.organization_id.as_uuid())
        .bind::<SqlUuid, _>(task.id.as_uuid())
        .execute(&mut conn)
        .await
        .map(drop)
}

/// Counts the reminders sent in a time.
pub async fn count_sent(
    mut conn: &AsyncPgConnection,
    organization: OrganizationId,
    from: OffsetDateTime,
    until: OffsetDateTime,
) -> QueryResult<u64> {
    let count: i64 = relance_tasks::table
        .filter(relance_tasks::organization_id.eq(organization.as_uuid()))
        .filter(relance_tasks::status.eq(RelanceStatus::Sent))
        .filter(relance_tasks::sent_at.ge(from))
        .filter(relance_tasks::sent_at.lt(until))
        .count()
        .get_result(&mut conn)
        .await?;
    u64::try_from(count).map_err(|error| diesel::result::Error::DeserializationError(Box::new(error)))
}
