//! `relance_tasks`.

use diesel::{
    prelude::*,
    sql_types::{Array, Date as SqlDate, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use rubis_db::{
    AsyncPgConnection,
    schema::relance_tasks,
    statement::{Bind as _, prepared, statement},
};
use rubis_invoices::{Invoice, Reason};
use rubis_jobs::{Job, JobId};
use rubis_kernel::{Email, EmailAddress, InvoiceId, OrganizationId, PlanStepId, RelanceTaskId, UserId};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::{
    jobs::SendRelance,
    task::{RelanceStatus, RelanceTask},
    text::RenderedText,
};

/// The columns without the long text and the draft: those that lists read.
#[derive(Queryable, Selectable)]
#[diesel(table_name = relance_tasks)]
struct ListedRow {
    id: Uuid,
    organization_id: Uuid,
    invoice_id: Uuid,
    plan_step_id: Uuid,
    send_at: OffsetDateTime,
    meant_for: Date,
    chain: i32,
    status: RelanceStatus,
    sending_since: Option<OffsetDateTime>,
    sent_at: Option<OffsetDateTime>,
    reason: Option<String>,
    reason_detail: Option<String>,
    drafted_at: Option<OffsetDateTime>,
    approved_at: Option<OffsetDateTime>,
    approved_by: Option<Uuid>,
    hurried_at: Option<OffsetDateTime>,
    counted_on: Option<Date>,
    counted_recipients: Option<i32>,
    subject: Option<String>,
    recipient: Option<String>,
    refused_copies: Option<Vec<Option<String>>>,
    created_at: OffsetDateTime,
}

/// All columns of a reminder.
#[derive(Queryable, Selectable)]
#[diesel(table_name = relance_tasks)]
struct TaskRow {
    #[diesel(embed)]
    listed: ListedRow,
    draft: Option<serde_json::Value>,
    body: Option<String>,
}

impl From<TaskRow> for RelanceTask {
    fn from(row: TaskRow) -> Self {
        Self {
            draft: row.draft.and_then(|draft| serde_json::from_value(draft).ok()),
            body: row.body,
            ..Self::from(row.listed)
        }
    }
}

impl From<ListedRow> for RelanceTask {
    fn from(row: ListedRow) -> Self {
        let id = RelanceTaskId::from(row.id);
        Self {
            id,
            organization_id: row.organization_id.into(),
            invoice_id: row.invoice_id.into(),
            plan_step_id: row.plan_step_id.into(),
            send_at: row.send_at,
            meant_for: row.meant_for,
            chain: row.chain,
            status: row.status,
            sending_since: row.sending_since,
            sent_at: row.sent_at,
            reason: row.reason,
            reason_detail: row.reason_detail,
            drafted_at: row.drafted_at,
            approved_at: row.approved_at,
            approved_by: row.approved_by.map(UserId::from),
            draft: None,
            hurried_at: row.hurried_at,
            counted_on: row.counted_on,
            counted_recipients: row
                .counted_recipients
                .and_then(|count| u32::try_from(count).ok())
                .unwrap_or(0),
            subject: row.subject,
            body: None,
            recipient: row.recipient,
            refused_copies: row.refused_copies.into_iter().flatten().flatten().collect(),
            queue_job_id: job_id(id),
            created_at: row.created_at,
        }
    }
}

/// The job that sends a reminder.
pub fn job_id(task: RelanceTaskId) -> JobId {
    JobId::new(SendRelance::KIND, task)
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
        .optional()
        .map(|row| row.map(RelanceTask::from))
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
        .optional()
        .map(|row| row.map(RelanceTask::from))
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
    Ok(rows.into_iter().map(RelanceTask::from).collect())
}

/// All reminders of an invoice, the earliest first.
pub async fn of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
) -> QueryResult<Vec<RelanceTask>> {
    let rows: Vec<TaskRow> = relance_tasks::table
        .filter(relance_tasks::organization_id.eq(organization.as_uuid()))
        .filter(relance_tasks::invoice_id.eq(invoice.as_uuid()))
        .order((relance_tasks::send_at, relance_tasks::id))
        .select(TaskRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(RelanceTask::from).collect())
}

/// The latest reminders of an invoice without their texts, the earliest first. Those that planning again
/// replaced are left out.
pub async fn latest_of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    limit: i64,
) -> QueryResult<Vec<RelanceTask>> {
    let rows: Vec<ListedRow> = relance_tasks::table
        .filter(relance_tasks::organization_id.eq(organization.as_uuid()))
        .filter(relance_tasks::invoice_id.eq(invoice.as_uuid()))
        .filter(relance_tasks::reason.is_distinct_from(Reason::Replanned.as_str()))
        .order((relance_tasks::send_at.desc(), relance_tasks::id.desc()))
        .limit(limit)
        .select(ListedRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().rev().map(RelanceTask::from).collect())
}

/// Reminders of an organization without their texts, in the order of their dates.
pub async fn list(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    status: Option<RelanceStatus>,
    after: Option<(OffsetDateTime, RelanceTaskId)>,
    limit: i64,
) -> QueryResult<Vec<RelanceTask>> {
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
    Ok(rows.into_iter().map(RelanceTask::from).collect())
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
                relance_tasks::queue_job_id.eq(job_id(task.id).as_str().to_owned()),
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

/// Calls reminders off.
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
            relance_tasks::updated_at.eq(now),
        ))
        .execute(conn)
        .await
        .map(drop)
}

statement!(
    MarkSending,
    "UPDATE relance_tasks SET status = 'scheduled', sending_since = COALESCE(sending_since, ?), reason = NULL, reason_detail = NULL,
         recipient = ?, message_id = ?, counted_on = ?, counted_recipients = ?, subject = ?, body = ?, updated_at = ?
     WHERE organization_id = ? AND id = ?"
);

/// Records that a reminder is being sent, the recipient and the `Message-ID` of its mail, the day on which its
/// recipients were counted with their number, and its text.
pub async fn mark_sending(
    conn: &mut AsyncPgConnection,
    task: &RelanceTask,
    email: &Email,
    counted: Option<(Date, u32)>,
    text: &RenderedText,
    now: OffsetDateTime,
) -> QueryResult<()> {
    prepared::<MarkSending>()
        .bind::<Timestamptz, _>(now)
        .bind::<Text, _>(email.to.address.as_str())
        .bind::<Text, _>(&email.message_id)
        .bind::<Nullable<SqlDate>, _>(counted.map(|(day, _)| day))
        .bind::<Nullable<Integer>, _>(
            counted.map(|(_, recipients)| i32::try_from(recipients).unwrap_or(i32::MAX)),
        )
        .bind::<Text, _>(&text.subject)
        .bind::<Text, _>(&text.body)
        .bind::<Timestamptz, _>(now)
        .bind::<SqlUuid, _>(task.organization_id.as_uuid())
        .bind::<SqlUuid, _>(task.id.as_uuid())
        .execute(conn)
        .await
        .map(drop)
}

statement!(
    MarkSent,
    "UPDATE relance_tasks SET status = 'sent', sending_since = NULL, sent_at = ?, refused_copies = ?,
         updated_at = ?
     WHERE organization_id = ? AND id = ?"
);

/// The most refused copies that are kept of a reminder.
const MAX_REFUSED_COPIES: usize = 20;

/// Records that a reminder was sent, and the copies that the mail server refused.
pub async fn mark_sent(
    mut conn: &AsyncPgConnection,
    organization: OrganizationId,
    task: RelanceTaskId,
    refused_copies: &[EmailAddress],
    now: OffsetDateTime,
) -> QueryResult<()> {
    let refused: Vec<&str> =
        refused_copies.iter().take(MAX_REFUSED_COPIES).map(EmailAddress::as_str).collect();
    prepared::<MarkSent>()
        .bind::<Timestamptz, _>(now)
        .bind::<Nullable<Array<Text>>, _>((!refused.is_empty()).then_some(refused))
        .bind::<Timestamptz, _>(now)
        .bind::<SqlUuid, _>(organization.as_uuid())
        .bind::<SqlUuid, _>(task.as_uuid())
        .execute(&mut conn)
        .await
        .map(drop)
}

/// A change of one reminder. Fields that are left out stay.
#[derive(AsChangeset, Default)]
#[diesel(table_name = relance_tasks)]
pub struct TaskChange<'a> {
    pub send_at: Option<OffsetDateTime>,
    pub meant_for: Option<Date>,
    pub status: Option<RelanceStatus>,
    pub sending_since: Option<Option<OffsetDateTime>>,
    pub reason: Option<Option<&'a str>>,
    pub reason_detail: Option<Option<&'a str>>,
    pub drafted_at: Option<OffsetDateTime>,
    pub approved_at: Option<Option<OffsetDateTime>>,
    pub approved_by: Option<Option<Uuid>>,
    pub draft: Option<serde_json::Value>,
    pub plan_step_id: Option<Uuid>,
    pub hurried_at: Option<Option<OffsetDateTime>>,
    pub subject: Option<&'a str>,
    pub body: Option<&'a str>,
}

impl<'a> TaskChange<'a> {
    /// The text that the reminder now has.
    pub fn text(text: &'a RenderedText) -> Self {
        Self { subject: Some(&text.subject), body: Some(&text.body), ..Self::default() }
    }
}

/// Changes one reminder.
pub async fn change(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    task: RelanceTaskId,
    change: &TaskChange<'_>,
    now: OffsetDateTime,
) -> QueryResult<()> {
    diesel::update(relance_tasks::table)
        .filter(relance_tasks::organization_id.eq(organization.as_uuid()))
        .filter(relance_tasks::id.eq(task.as_uuid()))
        .set((change, relance_tasks::updated_at.eq(now)))
        .execute(conn)
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
