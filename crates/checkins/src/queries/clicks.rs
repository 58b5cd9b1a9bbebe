//! The table `checkin_clicks`.

use diesel::{
    prelude::*,
    sql_types::{BigInt, Timestamptz},
};
use diesel_async::RunQueryDsl;
use rubis_db::{
    AsyncPgConnection,
    schema::checkin_clicks,
    statement::{Bind as _, prepared, statement},
};
use rubis_kernel::{CheckinClickId, CheckinTaskId, OrganizationId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{list::CheckinClick, opening::Opening, task::CheckinTask};

#[derive(Queryable, Selectable)]
#[diesel(table_name = checkin_clicks, check_for_backend(diesel::pg::Pg))]
struct ClickRow {
    id: Uuid,
    at: OffsetDateTime,
    method: String,
    link: String,
    user_agent: String,
    verdict: String,
}

impl From<ClickRow> for CheckinClick {
    fn from(row: ClickRow) -> Self {
        Self {
            id: row.id.into(),
            at: row.at,
            method: row.method,
            link: row.link,
            user_agent: row.user_agent,
            verdict: row.verdict,
        }
    }
}

/// Records an opening.
pub async fn insert(
    conn: &mut AsyncPgConnection,
    task: &CheckinTask,
    opening: &Opening,
    verdict: &str,
) -> QueryResult<()> {
    diesel::insert_into(checkin_clicks::table)
        .values((
            checkin_clicks::id.eq(CheckinClickId::new().as_uuid()),
            checkin_clicks::organization_id.eq(task.organization_id.as_uuid()),
            checkin_clicks::checkin_task_id.eq(task.id.as_uuid()),
            checkin_clicks::at.eq(opening.at),
            checkin_clicks::method.eq(&opening.method),
            checkin_clicks::link.eq(opening.link.as_str()),
            checkin_clicks::user_agent.eq(&opening.user_agent),
            checkin_clicks::verdict.eq(verdict),
        ))
        .execute(conn)
        .await
        .map(drop)
}

/// Returns all openings of a check-in, in the order in which they were recorded.
pub async fn of_task(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    task: CheckinTaskId,
) -> QueryResult<Vec<CheckinClick>> {
    let rows: Vec<ClickRow> = checkin_clicks::table
        .filter(checkin_clicks::organization_id.eq(organization.as_uuid()))
        .filter(checkin_clicks::checkin_task_id.eq(task.as_uuid()))
        .order(checkin_clicks::id)
        .select(ClickRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(CheckinClick::from).collect())
}

/// Returns the time at which a link of a check-in was last opened with this verdict.
pub async fn last_opened_at(
    conn: &mut AsyncPgConnection,
    task: &CheckinTask,
    link: &str,
    verdict: &str,
) -> QueryResult<Option<OffsetDateTime>> {
    checkin_clicks::table
        .filter(checkin_clicks::organization_id.eq(task.organization_id.as_uuid()))
        .filter(checkin_clicks::checkin_task_id.eq(task.id.as_uuid()))
        .filter(checkin_clicks::link.eq(link))
        .filter(checkin_clicks::verdict.eq(verdict))
        .select(diesel::dsl::max(checkin_clicks::at))
        .first(conn)
        .await
}

statement!(
    PurgeClicks,
    "DELETE FROM checkin_clicks WHERE id = ANY(ARRAY(
         SELECT id FROM checkin_clicks WHERE at < ? ORDER BY at LIMIT ? FOR UPDATE SKIP LOCKED
     ))"
);

/// Deletes the oldest openings before an instant, a limited number of them.
pub async fn purge(conn: &mut AsyncPgConnection, before: OffsetDateTime, limit: i64) -> QueryResult<usize> {
    prepared::<PurgeClicks>().bind::<Timestamptz, _>(before).bind::<BigInt, _>(limit).execute(conn).await
}
