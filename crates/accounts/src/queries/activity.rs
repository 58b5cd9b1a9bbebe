//! The table `activity_events`.

use diesel::{
    ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper, result::Error,
};
use diesel_async::RunQueryDsl;
use rubis_db::{AsyncPgConnection, schema::activity_events};
use rubis_kernel::{ActivityEventId, InvoiceId, OrganizationId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{ActivityEvent, NewEvent};

/// Number of rows inserted by one statement: well below the 65,535 parameters that PostgreSQL accepts.
const ROWS_AT_ONCE: usize = 1000;

/// A row of the table, without its organization.
#[derive(Queryable, Selectable)]
#[diesel(table_name = activity_events, check_for_backend(diesel::pg::Pg))]
struct EventRow {
    id: Uuid,
    kind: String,
    invoice_id: Option<Uuid>,
    actor_user_id: Option<Uuid>,
    meta: serde_json::Value,
    created_at: OffsetDateTime,
}

impl From<EventRow> for ActivityEvent {
    fn from(row: EventRow) -> Self {
        Self {
            id: row.id.into(),
            kind: row.kind,
            invoice_id: row.invoice_id.map(Into::into),
            actor: row.actor_user_id.map(Into::into),
            meta: row.meta,
            created_at: row.created_at,
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = activity_events, treat_none_as_default_value = false)]
struct NewRow {
    id: Uuid,
    organization_id: Uuid,
    kind: &'static str,
    invoice_id: Option<Uuid>,
    actor_user_id: Option<Uuid>,
    meta: serde_json::Value,
    created_at: OffsetDateTime,
}

impl NewRow {
    fn new(organization: OrganizationId, event: NewEvent, now: OffsetDateTime) -> Self {
        Self {
            id: ActivityEventId::new().into(),
            organization_id: organization.into(),
            kind: event.kind.as_str(),
            invoice_id: event.invoice_id.map(Into::into),
            actor_user_id: event.actor.map(Into::into),
            meta: event.meta,
            created_at: now,
        }
    }
}

/// Inserts one row. Unlike [`insert_many`], whose text depends on the rows, it is prepared once per connection.
pub(crate) async fn insert(
    mut conn: &AsyncPgConnection,
    organization: OrganizationId,
    event: NewEvent,
    now: OffsetDateTime,
) -> Result<(), Error> {
    diesel::insert_into(activity_events::table)
        .values(NewRow::new(organization, event, now))
        .execute(&mut conn)
        .await?;
    Ok(())
}

pub(crate) async fn insert_many(
    mut conn: &AsyncPgConnection,
    organization: OrganizationId,
    events: Vec<NewEvent>,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let rows: Vec<NewRow> = events.into_iter().map(|event| NewRow::new(organization, event, now)).collect();
    for rows in rows.chunks(ROWS_AT_ONCE) {
        diesel::insert_into(activity_events::table).values(rows).execute(&mut conn).await?;
    }
    Ok(())
}

/// Returns one row more than `limit`, latest first.
pub(crate) async fn latest(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    after: Option<ActivityEventId>,
    limit: u32,
) -> Result<Vec<ActivityEvent>, Error> {
    let mut query = activity_events::table
        .filter(activity_events::organization_id.eq(organization.as_uuid()))
        .order(activity_events::id.desc())
        .limit(i64::from(limit) + 1)
        .select(EventRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(activity_events::id.lt(after.as_uuid()));
    }
    Ok(query.load::<EventRow>(conn).await?.into_iter().map(Into::into).collect())
}

/// Returns the latest rows of an invoice, oldest first.
pub(crate) async fn of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    limit: u32,
) -> Result<Vec<ActivityEvent>, Error> {
    let latest_first: Vec<EventRow> = activity_events::table
        .filter(activity_events::organization_id.eq(organization.as_uuid()))
        .filter(activity_events::invoice_id.eq(invoice.as_uuid()))
        .order(activity_events::id.desc())
        .limit(i64::from(limit))
        .select(EventRow::as_select())
        .load(conn)
        .await?;
    Ok(latest_first.into_iter().rev().map(Into::into).collect())
}
