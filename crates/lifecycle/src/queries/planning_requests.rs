//! `planning_requests`.

use diesel::{
    dsl::count_star,
    prelude::*,
    sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid},
    upsert::excluded,
};
use diesel_async::RunQueryDsl;
use rubis_db::{
    AsyncPgConnection,
    schema::planning_requests,
    statement::{Bind as _, prepared, statement},
};
use rubis_kernel::{InvoiceId, OrganizationId};
use time::OffsetDateTime;
use uuid::Uuid;

type QueryResult<T> = Result<T, diesel::result::Error>;

/// Progress of the planning of a scope.
#[derive(Queryable, Selectable)]
#[diesel(table_name = planning_requests)]
pub(crate) struct PlanningRequest {
    /// The number of changes that asked for it.
    pub(crate) generation: i64,
    /// The last change that the running pass covers.
    pub(crate) pass_generation: Option<i64>,
    /// The last invoice that the running pass has planned.
    pub(crate) after_invoice_id: Option<Uuid>,
    /// The earliest beginning of a pass that covers the last change.
    pub(crate) not_before: OffsetDateTime,
    /// Time at which the next pass was first wanted.
    pub(crate) waiting_since: OffsetDateTime,
    /// Set if overdue reminders are sent at any hour.
    pub(crate) at_once: bool,
}

statement!(
    LockOrganization,
    "SELECT pg_advisory_xact_lock(('x' || right(replace(?::text, '-', ''), 16))::bit(64)::bigint)::text AS locked"
);

/// Lets one transaction at a time add requests of an organization, so that the number of its scopes stays
/// bounded.
pub(crate) async fn lock_organization(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
) -> QueryResult<()> {
    prepared::<LockOrganization>().bind::<Text, _>(organization.to_string()).execute(conn).await.map(drop)
}

/// The number of waiting scopes other than this one and `all`.
pub(crate) async fn count_narrow_scopes_except(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    scope: &str,
) -> QueryResult<i64> {
    planning_requests::table
        .filter(planning_requests::organization_id.eq(organization.as_uuid()))
        .filter(planning_requests::scope.ne_all(["all", scope]))
        .select(count_star())
        .get_result(conn)
        .await
}

/// Notes another change for the scope.
pub(crate) async fn count_change(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    scope: &str,
    (not_before, at_once): (OffsetDateTime, bool),
    now: OffsetDateTime,
) -> QueryResult<()> {
    diesel::insert_into(planning_requests::table)
        .values((
            planning_requests::organization_id.eq(organization.as_uuid()),
            planning_requests::scope.eq(scope),
            planning_requests::not_before.eq(not_before),
            planning_requests::waiting_since.eq(now),
            planning_requests::at_once.eq(at_once),
        ))
        .on_conflict((planning_requests::organization_id, planning_requests::scope))
        .do_update()
        .set((
            planning_requests::generation.eq(planning_requests::generation + 1_i64.into_sql::<BigInt>()),
            planning_requests::not_before.eq(excluded(planning_requests::not_before)),
            planning_requests::at_once
                .eq(planning_requests::at_once.or(excluded(planning_requests::at_once))),
        ))
        .execute(conn)
        .await
        .map(drop)
}

/// The request, if the scope is waiting or being planned.
pub(crate) async fn find(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    scope: &str,
) -> QueryResult<Option<PlanningRequest>> {
    planning_requests::table
        .find((organization.as_uuid(), scope))
        .select(PlanningRequest::as_select())
        .first(conn)
        .await
        .optional()
}

/// Reports if one of the scopes is waiting or being planned.
pub(crate) async fn any(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    scopes: &[String],
) -> QueryResult<bool> {
    let waiting = planning_requests::table
        .filter(planning_requests::organization_id.eq(organization.as_uuid()))
        .filter(planning_requests::scope.eq_any(scopes));
    diesel::select(diesel::dsl::exists(waiting)).get_result(conn).await
}

statement!(
    ReadWaiting,
    "SELECT organization_id, scope FROM planning_requests
     WHERE waiting_since < ?
         AND (organization_id, scope) > (coalesce(?, '00000000-0000-0000-0000-000000000000'), coalesce(?, ''))
     ORDER BY organization_id, scope LIMIT ?"
);

#[derive(QueryableByName)]
struct WaitingRow {
    #[diesel(sql_type = SqlUuid)]
    organization_id: Uuid,
    #[diesel(sql_type = Text)]
    scope: String,
}

/// A request as the reconciliation reads it.
pub(crate) struct WaitingRequest {
    pub(crate) organization_id: OrganizationId,
    pub(crate) scope: String,
}

/// Requests of all organizations that have waited since before an instant, in the order of their keys.
pub(crate) async fn page(
    conn: &mut AsyncPgConnection,
    waiting_before: OffsetDateTime,
    after: Option<(OrganizationId, String)>,
    limit: u32,
) -> QueryResult<Vec<WaitingRequest>> {
    let (organization, scope) = after.unzip();
    let rows: Vec<WaitingRow> = prepared::<ReadWaiting>()
        .bind::<Timestamptz, _>(waiting_before)
        .bind::<Nullable<SqlUuid>, _>(organization.map(|id| id.as_uuid()))
        .bind::<Nullable<Text>, _>(scope)
        .bind::<BigInt, _>(i64::from(limit))
        .load(conn)
        .await?;
    let request =
        |row: WaitingRow| WaitingRequest { organization_id: row.organization_id.into(), scope: row.scope };
    Ok(rows.into_iter().map(request).collect())
}

/// Records that the pass has planned all invoices up to this one.
pub(crate) async fn move_cursor(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    scope: &str,
    pass_generation: i64,
    after: InvoiceId,
) -> QueryResult<()> {
    diesel::update(planning_requests::table.find((organization.as_uuid(), scope)))
        .set((
            planning_requests::pass_generation.eq(pass_generation),
            planning_requests::after_invoice_id.eq(after.as_uuid()),
        ))
        .execute(conn)
        .await
        .map(drop)
}

/// Deletes the request if the pass covers its last change. Returns whether it did.
pub(crate) async fn delete_if_covered(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    scope: &str,
    pass_generation: i64,
) -> QueryResult<bool> {
    let request = planning_requests::table.find((organization.as_uuid(), scope));
    let covered = diesel::delete(request.filter(planning_requests::generation.eq(pass_generation)));
    Ok(covered.execute(conn).await? > 0)
}

/// Deletes the request.
pub(crate) async fn delete(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    scope: &str,
) -> QueryResult<()> {
    diesel::delete(planning_requests::table.find((organization.as_uuid(), scope)))
        .execute(conn)
        .await
        .map(drop)
}

/// Lets the next pass begin with the first invoice. Returns its earliest beginning.
pub(crate) async fn start_over(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    scope: &str,
    now: OffsetDateTime,
) -> QueryResult<OffsetDateTime> {
    diesel::update(planning_requests::table.find((organization.as_uuid(), scope)))
        .set((
            planning_requests::pass_generation.eq(None::<i64>),
            planning_requests::after_invoice_id.eq(None::<Uuid>),
            planning_requests::waiting_since.eq(now),
        ))
        .returning(planning_requests::not_before)
        .get_result(conn)
        .await
}
