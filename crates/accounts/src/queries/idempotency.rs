//! The table `idempotency_keys`.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, Queryable, Selectable,
    SelectableHelper, query_dsl::methods::FilterDsl, result::Error, upsert::excluded,
};
use diesel_async::RunQueryDsl;
use rubis_db::{AsyncPgConnection, schema::idempotency_keys};
use rubis_kernel::OrganizationId;
use time::OffsetDateTime;

use crate::IdempotencyKey;

/// The stored part of a request.
#[derive(Queryable, Selectable)]
#[diesel(table_name = idempotency_keys, check_for_backend(diesel::pg::Pg))]
pub(crate) struct FirstRequest {
    pub(crate) request_hash: Vec<u8>,
    pub(crate) response_status: Option<i16>,
    pub(crate) response_body: Option<serde_json::Value>,
}

/// Claims the key, unless another request has claimed it since `kept_since`. Waits for a transaction that is claiming
/// it, and locks the row that it finds.
pub(crate) async fn claim(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    key: &IdempotencyKey,
    request_hash: &[u8; 32],
    now: OffsetDateTime,
    kept_since: OffsetDateTime,
) -> Result<bool, Error> {
    let claimed = diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::organization_id.eq(organization.as_uuid()),
            idempotency_keys::key.eq(key.as_str()),
            idempotency_keys::request_hash.eq(request_hash.as_slice()),
            idempotency_keys::created_at.eq(now),
        ))
        .on_conflict((idempotency_keys::organization_id, idempotency_keys::key))
        .do_update()
        .set((
            idempotency_keys::request_hash.eq(excluded(idempotency_keys::request_hash)),
            idempotency_keys::response_status.eq(None::<i16>),
            idempotency_keys::response_body.eq(None::<serde_json::Value>),
            idempotency_keys::created_at.eq(excluded(idempotency_keys::created_at)),
        ))
        .filter(idempotency_keys::created_at.lt(kept_since))
        .execute(conn)
        .await?;
    Ok(claimed > 0)
}

pub(crate) async fn find(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    key: &IdempotencyKey,
) -> Result<FirstRequest, Error> {
    QueryDsl::find(idempotency_keys::table, (organization.as_uuid(), key.as_str()))
        .select(FirstRequest::as_select())
        .first(conn)
        .await
}

pub(crate) async fn answer(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    key: &IdempotencyKey,
    status: i16,
    body: &serde_json::Value,
) -> Result<(), Error> {
    let answered =
        diesel::update(QueryDsl::find(idempotency_keys::table, (organization.as_uuid(), key.as_str())))
            .set((idempotency_keys::response_status.eq(status), idempotency_keys::response_body.eq(body)))
            .execute(conn)
            .await?;
    if answered == 0 { Err(Error::NotFound) } else { Ok(()) }
}

/// Deletes the `limit` oldest keys that were claimed before an instant, and those claimed at the same instant as the
/// last of them; returns their number.
pub(crate) async fn delete_before(
    conn: &mut AsyncPgConnection,
    kept_since: OffsetDateTime,
    limit: u32,
) -> Result<usize, Error> {
    let last_of_batch: Option<OffsetDateTime> =
        FilterDsl::filter(idempotency_keys::table, idempotency_keys::created_at.lt(kept_since))
            .order(idempotency_keys::created_at)
            .offset(i64::from(limit.saturating_sub(1)))
            .select(idempotency_keys::created_at)
            .first(conn)
            .await
            .optional()?;
    let expired = idempotency_keys::created_at
        .lt(kept_since)
        .and(idempotency_keys::created_at.le(last_of_batch.unwrap_or(kept_since)));
    diesel::delete(FilterDsl::filter(idempotency_keys::table, expired)).execute(conn).await
}
