//! The rows that reminders are sent of.

use anyhow::{Context as _, Result};
use diesel::sql_query;
use diesel::sql_types::{Array, Integer, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use rubis_chaos::{Database, Due};
use rubis_db::{AsyncConnection as _, AsyncPgConnection};
use rubis_kernel::{Clock as _, SystemClock};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::Machine;
use crate::reference::FRESH_ID;

const SEEDING_CONNECTIONS: u32 = 8;

pub struct Template {
    pub name: &'static str,
    /// The organizations, in the order in which their sizes were given.
    pub organizations: Vec<Uuid>,
}

impl Template {
    /// Creates organizations with so many invoices, one through the domain and the others as copies of it.
    pub async fn fill(machine: &Machine, name: &'static str, sizes: &[usize]) -> Result<Self> {
        let url = machine.servers.database(name).await?;
        let pool = rubis_db::connect(&url, SEEDING_CONNECTIONS)?;
        let seeded = rubis_chaos::seed(&pool, sizes.len(), 1, SystemClock.now()).await?;
        drop(pool);
        let organizations: Vec<Uuid> = seeded.iter().map(|organization| organization.id.as_uuid()).collect();
        let mut conn = AsyncPgConnection::establish(&url).await?;
        conn.batch_execute("CREATE TEMPORARY TABLE wanted (organization_id uuid, invoices integer)").await?;
        let counts = sizes.iter().map(|size| i32::try_from(*size)).collect::<Result<Vec<_>, _>>()?;
        sql_query("INSERT INTO wanted SELECT * FROM unnest($1, $2)")
            .bind::<Array<SqlUuid>, _>(&organizations)
            .bind::<Array<Integer>, _>(counts)
            .execute(&mut conn)
            .await?;
        let multiply = include_str!("multiply.sql").replace("{fresh}", FRESH_ID);
        conn.batch_execute(&multiply).await.context("the rows cannot be multiplied")?;
        conn.batch_execute("VACUUM (ANALYZE)").await?;
        Ok(Self { name, organizations })
    }
}

/// Makes reminders due as [`Database::make_due`] does, and vacuums, so that no round vacuums another's rows.
pub async fn make_due(
    database: &Database,
    organizations: &[Uuid],
    most: Option<usize>,
    at: OffsetDateTime,
) -> Result<Vec<Due>> {
    let due = database.make_due(Some(organizations), most, at).await?;
    database.execute("VACUUM (ANALYZE)").await?;
    // Otherwise a checkpoint could begin during a measurement.
    database.execute("CHECKPOINT").await?;
    Ok(due)
}
