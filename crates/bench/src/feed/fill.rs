//! Fills the calendar by the million.

use anyhow::{Result, ensure};
use diesel::sql_types::{Integer, Text, Timestamptz};
use diesel::{QueryableByName, sql_query};
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use rubis_db::{AsyncConnection as _, AsyncPgConnection};
use time::OffsetDateTime;
use tokio::time::Instant;

use super::thousands;
use crate::report::say;

/// Jobs to an organization, if the bounds below allow it.
const JOBS_PER_ORGANIZATION: u32 = 100;
const ORGANIZATIONS: std::ops::RangeInclusive<u32> = 200..=100_000;

/// Organizations that have something due.
const DUE_ORGANIZATIONS: u32 = 200;

/// Jobs to a statement.
const BATCH: u32 = 200_000;

/// Connections that fill at the same time: as many as the smallest machine has cores.
const CONNECTIONS: u32 = 2;

const INSERT_ORGANIZATIONS: &str = "
    INSERT INTO organizations (id, name, created_at, updated_at)
    SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(number), 12, '0'))::uuid, 'Société ' || number, $2, $2
    FROM generate_series(0, $1 - 1) AS number";

/// Jobs as the product writes them: a reminder's payload, and an id that grows with the instant at which
/// the reminder was planned, some time in the last month. Each `$4`th is due, within the last minute; the
/// others will be at some instant of the year to come.
const INSERT_JOBS: &str = "
    INSERT INTO jobs (id, queue, payload, organization_id, run_at, created_at)
    SELECT 'relance:' || task, 'relances',
        jsonb_build_object('organization_id', organization, 'task_id', task), organization, run_at, created_at
    FROM (
        SELECT created_at,
            ('00000000-0000-7000-8000-' || lpad(to_hex(CASE WHEN is_due THEN number / $4 % $6
                ELSE number % $5 END), 12, '0'))::uuid AS organization,
            CASE WHEN is_due THEN $7 - random() * interval '1 minute'
                ELSE $7 + random() * interval '365 days' END AS run_at,
            substr(milliseconds, 1, 8) || '-' || substr(milliseconds, 9, 4) || '-7' || substr(chance, 16)
                AS task
        FROM (
            SELECT number, created_at, number % $4 = 0 AS is_due, gen_random_uuid()::text AS chance,
                lpad(to_hex((extract(epoch FROM created_at) * 1000)::bigint), 12, '0') AS milliseconds
            FROM (
                SELECT number, $7 - interval '30 days' * (1 - number / $3::float8) AS created_at
                FROM generate_series($1, $2) AS number
            ) AS numbered
        ) AS dated
    ) AS planned";

/// Statements that make the indexes and the keys of the jobs: the table is filled without them, which takes
/// a third of the time, and gets them back as they were.
const DEFINITIONS: &str = "
    SELECT format('ALTER TABLE jobs ADD CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)) AS make,
        format('ALTER TABLE jobs DROP CONSTRAINT %I', conname) AS drop
    FROM pg_constraint WHERE conrelid = 'jobs'::regclass AND contype IN ('p', 'u', 'f')
    UNION ALL
    SELECT pg_get_indexdef(indexrelid), format('DROP INDEX %s', indexrelid::regclass)
    FROM pg_index WHERE indrelid = 'jobs'::regclass
        AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)
    ORDER BY make";

#[derive(PartialEq, Eq, QueryableByName)]
struct Definition {
    #[diesel(sql_type = Text)]
    make: String,
    #[diesel(sql_type = Text)]
    drop: String,
}

/// Puts in as many jobs, of which `due` are due at `now`, and the organizations that they are of.
pub async fn fill(url: &str, jobs: u32, due: u32, now: OffsetDateTime) -> Result<()> {
    let began = Instant::now();
    let organizations = (jobs / JOBS_PER_ORGANIZATION).clamp(*ORGANIZATIONS.start(), *ORGANIZATIONS.end());
    let mut conn = AsyncPgConnection::establish(url).await?;
    sql_query(INSERT_ORGANIZATIONS)
        .bind::<Integer, _>(i32::try_from(organizations)?)
        .bind::<Timestamptz, _>(now)
        .execute(&mut conn)
        .await?;
    let definitions: Vec<Definition> = sql_query(DEFINITIONS).load(&mut conn).await?;
    for definition in &definitions {
        conn.batch_execute(&definition.drop).await?;
    }

    let every = jobs / due;
    let filling = (0..CONNECTIONS).map(|part| fill_part(url, part, jobs, every, organizations, now));
    futures_util::future::try_join_all(filling).await?;

    conn.batch_execute("SET maintenance_work_mem = '1GB'").await?;
    for definition in &definitions {
        conn.batch_execute(&definition.make).await?;
    }
    let made: Vec<Definition> = sql_query(DEFINITIONS).load(&mut conn).await?;
    ensure!(made == definitions, "the schema is not what it was");
    conn.batch_execute("VACUUM (ANALYZE) jobs").await?;
    // One that began in the middle of a measurement would be measured.
    conn.batch_execute("CHECKPOINT").await?;
    say(format!("{} jobs put in within {:.0?}", thousands(jobs), began.elapsed()));
    Ok(())
}

/// Every [`CONNECTIONS`]th batch.
async fn fill_part(
    url: &str,
    part: u32,
    jobs: u32,
    every: u32,
    organizations: u32,
    now: OffsetDateTime,
) -> Result<()> {
    let mut conn = AsyncPgConnection::establish(url).await?;
    for (first, last) in batches(jobs).skip(usize::try_from(part)?).step_by(usize::try_from(CONNECTIONS)?) {
        sql_query(INSERT_JOBS)
            .bind::<Integer, _>(i32::try_from(first)?)
            .bind::<Integer, _>(i32::try_from(last)?)
            .bind::<Integer, _>(i32::try_from(jobs)?)
            .bind::<Integer, _>(i32::try_from(every)?)
            .bind::<Integer, _>(i32::try_from(organizations)?)
            .bind::<Integer, _>(i32::try_from(DUE_ORGANIZATIONS)?)
            .bind::<Timestamptz, _>(now)
            .execute(&mut conn)
            .await?;
        if last % (BATCH * 10) == BATCH * 10 - 1 {
            say(format!("{} of {} jobs", thousands(last + 1), thousands(jobs)));
        }
    }
    Ok(())
}

/// The first and the last number of each batch.
fn batches(jobs: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..jobs.div_ceil(BATCH)).map(move |batch| (batch * BATCH, ((batch + 1) * BATCH).min(jobs) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_batches_are_all_jobs_once() {
        assert_eq!(batches(BATCH).collect::<Vec<_>>(), [(0, BATCH - 1)]);
        let three: Vec<_> = batches(2 * BATCH + 1).collect();
        assert_eq!(three, [(0, BATCH - 1), (BATCH, 2 * BATCH - 1), (2 * BATCH, 2 * BATCH)]);
    }
}
