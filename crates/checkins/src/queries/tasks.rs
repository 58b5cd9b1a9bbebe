//! The table `checkin_tasks`.

use diesel::{
    prelude::*,
    sql_types::{Array, Bytea, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use rubis_db::{AsyncPgConnection, schema::checkin_tasks};
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

impl From<TaskRow> for CheckinTask {
    fn from(row: TaskRow) -> Self {
        Self {
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
        }
    }
}

pub(super) fn all(rows: Vec<TaskRow>) -> Vec<CheckinTask> {
    rows.into_iter().map(CheckinTask::from).collect()
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
        .optional()
        .map(|row| row.map(CheckinTask::from))
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
        .optional()
        .map(|row| row.map(CheckinTask::from))
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
        .map(all)
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
        .map(all)
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
        .map(all)
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
        .map(all)?;
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
        .map(all)
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
    query.load(conn).await.map(all)
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
        .map(CheckinTask::from)
}

/// A change of check-ins. Fields that are `None` stay as they are.
#[derive(AsChangeset, Default)]
#[diesel(table_name = checkin_tasks)]
pub struct TaskChange<'a> {
    pub send_at: Option<OffsetDateTime>,
    pub status: Option<CheckinStatus>,
    pub mail_id: Option<Option<Uuid>>,
    pub sending_since: Option<Option<OffsetDateTime>>,
    pub answered_at: Option<Option<OffsetDateTime>>,
    pub answer: Option<Option<CheckinAnswer>>,
    pub answered_by: Option<Option<CheckinAnsweredBy>>,
    pub payment_id: Option<Option<Uuid>>,
    pub answered_with: Option<Uuid>,
    pub suspect_since: Option<OffsetDateTime>,
    pub reason: Option<Option<&'a str>>,
}

impl TaskChange<'_> {
    /// Returns the change that cancels check-ins for this reason.
    pub fn cancelled(reason: Reason) -> Self {
        Self {
            status: Some(CheckinStatus::Cancelled),
            reason: Some(Some(reason.as_str())),
            ..Self::default()
        }
    }
}

/// Applies one change to several check-ins, and returns them in no particular order.
pub async fn change(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    tasks: &[CheckinTaskId],
    change: &TaskChange<'_>,
    now: OffsetDateTime,
) -> QueryResult<Vec<CheckinTask>> {
    diesel::update(checkin_tasks::table)
        .filter(checkin_tasks::organization_id.eq(organization.as_uuid()))
        .filter(checkin_tasks::id.eq_any(uuids(tasks)))
        .set((change, checkin_tasks::updated_at.eq(now)))
        .returning(TaskRow::as_returning())
        .load(conn)
        .await
        .map(all)
}

/// Marks check-ins as being sent: each gets the hash of its token.
pub async fn begin_sending(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    hashes: &[(CheckinTaskId, [u8; 32])],
    now: OffsetDateTime,
) -> QueryResult<()> {
    let (ids, hashes): (Vec<Uuid>, Vec<Vec<u8>>) =
        hashes.iter().map(|(id, hash)| (id.as_uuid(), hash.to_vec())).unzip();
    diesel::sql_query(
        "UPDATE checkin_tasks SET status = 'scheduled', reason = NULL, token_hash = wanted.hash,
             sending_since = COALESCE(checkin_tasks.sending_since, $1), updated_at = $1
         FROM unnest($2, $3) AS wanted(id, hash)
         WHERE checkin_tasks.organization_id = $4 AND checkin_tasks.id = wanted.id",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<Bytea>, _>(hashes)
    .bind::<SqlUuid, _>(organization.as_uuid())
    .execute(conn)
    .await
    .map(drop)
}

/// Marks the check-ins of a mail as sent; those cancelled or answered meanwhile keep their status.
pub async fn record_sent(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    mail: CheckinMailId,
    expires_at: OffsetDateTime,
    now: OffsetDateTime,
) -> QueryResult<Vec<CheckinTask>> {
    let left = checkin_tasks::table
        .filter(checkin_tasks::organization_id.eq(organization.as_uuid()))
        .filter(checkin_tasks::mail_id.eq(mail.as_uuid()))
        .filter(checkin_tasks::sending_since.is_not_null());
    let still_scheduled = checkin_tasks::status.eq(CheckinStatus::Scheduled);
    diesel::update(left)
        .set((
            checkin_tasks::status.eq(diesel::dsl::case_when(
                still_scheduled,
                CheckinStatus::Sent.into_sql::<rubis_db::schema::sql_types::CheckinStatus>(),
            )
            .otherwise(checkin_tasks::status)),
            checkin_tasks::sending_since.eq(None::<OffsetDateTime>),
            checkin_tasks::sent_at.eq(now),
            checkin_tasks::expires_at.eq(expires_at),
            checkin_tasks::updated_at.eq(now),
        ))
        .returning(TaskRow::as_returning())
        .load(conn)
        .await
        .map(all)
}

/// Records that the attempt begun at `now` did not send the check-ins of a mail. Those that an earlier attempt may
/// have sent stay marked as being sent.
pub async fn record_not_sent_yet(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    mail: CheckinMailId,
    now: OffsetDateTime,
) -> QueryResult<()> {
    diesel::update(checkin_tasks::table)
        .filter(checkin_tasks::organization_id.eq(organization.as_uuid()))
        .filter(checkin_tasks::mail_id.eq(mail.as_uuid()))
        .filter(checkin_tasks::sending_since.ge(now))
        .set((checkin_tasks::sending_since.eq(None::<OffsetDateTime>), checkin_tasks::updated_at.eq(now)))
        .execute(conn)
        .await
        .map(drop)
}

/// Records that the check-ins of a mail were given up.
pub async fn record_not_sent(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    mail: CheckinMailId,
    now: OffsetDateTime,
) -> QueryResult<()> {
    diesel::update(checkin_tasks::table)
        .filter(checkin_tasks::organization_id.eq(organization.as_uuid()))
        .filter(checkin_tasks::mail_id.eq(mail.as_uuid()))
        .set((checkin_tasks::sending_since.eq(None::<OffsetDateTime>), checkin_tasks::updated_at.eq(now)))
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
