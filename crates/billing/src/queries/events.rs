//! `stripe_events`.

use diesel::{
    prelude::*,
    sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use rubis_db::{
    AsyncPgConnection,
    statement::{Bind as _, prepared, statement},
};
use rubis_kernel::OrganizationId;
use rubis_stripe::Event;
use time::OffsetDateTime;

use crate::EventOutcome;

statement!(
    InsertEvent,
    "INSERT INTO stripe_events (id, kind, created_at, received_at, outcome)
     VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET received_at = excluded.received_at, outcome = excluded.outcome
         WHERE stripe_events.outcome
             IN ('unknown_organization', 'conflicting_organization', 'unknown_subscription')"
);

/// Records an event unless it is recorded, and waits for another transaction that does so. Returns true
/// if it is to be processed: it is new, or it had no effect for a reason that may have been fixed since,
/// see [`EventOutcome::is_unresolved`].
pub(crate) async fn insert(
    mut conn: &AsyncPgConnection,
    event: &Event,
    outcome: EventOutcome,
    now: OffsetDateTime,
) -> QueryResult<bool> {
    let inserted = prepared::<InsertEvent>()
        .bind::<Text, _>(&event.id)
        .bind::<Text, _>(&event.kind)
        .bind::<Timestamptz, _>(event.created)
        .bind::<Timestamptz, _>(now)
        .bind::<Text, _>(outcome.as_str())
        .execute(&mut conn)
        .await?;
    Ok(inserted > 0)
}

statement!(SaveOutcome, "UPDATE stripe_events SET outcome = ?, organization_id = ? WHERE id = ?");

/// Saves the outcome of an event.
pub(crate) async fn save_outcome(
    mut conn: &AsyncPgConnection,
    event: &Event,
    outcome: EventOutcome,
    organization: Option<OrganizationId>,
) -> QueryResult<()> {
    prepared::<SaveOutcome>()
        .bind::<Text, _>(outcome.as_str())
        .bind::<Nullable<SqlUuid>, _>(organization.map(uuid::Uuid::from))
        .bind::<Text, _>(&event.id)
        .execute(&mut conn)
        .await
        .map(drop)
}

statement!(
    PurgeEvents,
    "DELETE FROM stripe_events WHERE id IN (
         SELECT id FROM stripe_events WHERE received_at < ? ORDER BY received_at LIMIT ? FOR UPDATE SKIP LOCKED
     )"
);

/// Deletes at most `limit` events received before an instant, and returns their number.
pub(crate) async fn purge(
    mut conn: &AsyncPgConnection,
    before: OffsetDateTime,
    limit: i64,
) -> QueryResult<usize> {
    prepared::<PurgeEvents>().bind::<Timestamptz, _>(before).bind::<BigInt, _>(limit).execute(&mut conn).await
}
