//! `recipient_counts`.

use diesel::{
    prelude::*,
    sql_types::{Date as SqlDate, Integer, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use rubis_db::{
    AsyncPgConnection,
    schema::recipient_counts,
    statement::{Bind as _, prepared, statement},
};
use rubis_kernel::OrganizationId;
use time::Date;
use uuid::Uuid;

statement!(
    AddRecipients,
    "INSERT INTO recipient_counts AS counted (organization_id, day, recipients)
     SELECT organization, day, recipients
     FROM (VALUES (?::uuid, ?::date, ?::integer)) AS added (organization, day, recipients)
     WHERE recipients <= ?
     ON CONFLICT (organization_id, day) DO UPDATE SET recipients = counted.recipients + excluded.recipients
     WHERE counted.recipients + excluded.recipients <= ?"
);

/// Adds recipients to a day's count, unless it would exceed the limit; returns if it did. The count stays locked
/// until the transaction ends, so that of several claims at once none counts what another takes back.
pub async fn add(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    day: Date,
    recipients: u32,
    limit: u32,
) -> QueryResult<bool> {
    let integer = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    let written = prepared::<AddRecipients>()
        .bind::<SqlUuid, _>(organization.as_uuid())
        .bind::<SqlDate, _>(day)
        .bind::<Integer, _>(integer(recipients))
        .bind::<Integer, _>(integer(limit))
        .bind::<Integer, _>(integer(limit))
        .execute(conn)
        .await?;
    Ok(written > 0)
}

/// Deletes at most `limit` counts of days before one; returns their number.
pub async fn delete_before(conn: &mut AsyncPgConnection, before: Date, limit: u32) -> QueryResult<usize> {
    let old: Vec<(Uuid, Date)> = recipient_counts::table
        .filter(recipient_counts::day.lt(before))
        .order(recipient_counts::day)
        .limit(i64::from(limit))
        .select((recipient_counts::organization_id, recipient_counts::day))
        .load(conn)
        .await?;
    let mut deleted = 0;
    for (organization, day) in old {
        deleted += diesel::delete(recipient_counts::table.find((organization, day))).execute(conn).await?;
    }
    Ok(deleted)
}
