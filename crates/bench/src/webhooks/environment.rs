//! The API over a database with as many organizations as subscribe.

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use diesel::sql_query;
use diesel::sql_types::{Integer, Timestamptz};
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use rubis_chaos::{Api, count};
use rubis_db::{AsyncConnection as _, AsyncPgConnection};
use rubis_devkit::ports;
use rubis_kernel::{Clock as _, SystemClock};

use crate::Machine;

const SECRET: &str = "whsec_bench";

const DATABASE: &str = "bench_webhooks";

/// Organizations that have been on trial for a day.
const INSERT_ORGANIZATIONS: &str = "
    WITH organization AS (
        INSERT INTO organizations (id, name, created_at, updated_at)
        SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(number), 12, '0'))::uuid, 'Société ' || number, $2, $2
        FROM generate_series(0, $1 - 1) AS number
        RETURNING id, created_at
    )
    INSERT INTO subscriptions (organization_id, plan, status, billing_cycle, stripe_customer_id,
        stripe_subscription_id, subscription_created_at, current_period_end, trial_ends_at, state_at, created_at,
        updated_at)
    SELECT id, 'pro', 'trialing', 'monthly', 'cus_bench_' || number, 'sub_bench_' || number,
        created_at - interval '1 day', created_at + interval '14 days', created_at + interval '14 days',
        created_at - interval '1 day', created_at, created_at
    FROM (SELECT id, created_at, ('x' || right(id::text, 12))::bit(48)::bigint AS number FROM organization) AS made";

/// Subscriptions that are in the state of their last event.
const ACTIVE: &str = "SELECT count(*) AS count FROM subscriptions WHERE status = 'active' AND plan = 'pro'";

/// Events that are on record.
const EVENTS: &str = "SELECT count(*) AS count FROM stripe_events WHERE outcome = 'applied'";

/// The API over a database with as many organizations as subscribe.
pub struct Environment {
    _api: Api,
    database_url: String,
    pub address: SocketAddr,
    pub secret: &'static str,
}

impl Environment {
    pub async fn open(machine: &Machine, organizations: usize) -> Result<Self> {
        let database_url = machine.servers.database(DATABASE).await?;
        let mut conn = AsyncPgConnection::establish(&database_url).await?;
        sql_query(INSERT_ORGANIZATIONS)
            .bind::<Integer, _>(i32::try_from(organizations)?)
            .bind::<Timestamptz, _>(SystemClock.now())
            .execute(&mut conn)
            .await?;
        // The planner has statistics, as it would by the next day.
        conn.batch_execute("ANALYZE organizations, subscriptions").await?;
        // Nothing listens there: an event for which Stripe was asked would count as a failure.
        let stripe = format!("http://127.0.0.1:{}", ports::any()?);
        let settings = [
            ("REDIS_PREFIX", "bench-webhooks"),
            ("STRIPE_SECRET_KEY", "sk_test_bench"),
            ("STRIPE_API_BASE", &stripe),
            ("STRIPE_WEBHOOK_SECRET", SECRET),
        ];
        let api = machine.servers.api(DATABASE, &database_url, &settings)?;
        let address = api.address;
        Ok(Self { _api: api, database_url, address, secret: SECRET })
    }

    /// Checks that every subscription is in the state of its last event, and that each event has had its effect once.
    pub async fn verify(&self, subscribers: usize) -> Result<()> {
        let mut conn = AsyncPgConnection::establish(&self.database_url).await?;
        let active = count(&mut conn, ACTIVE).await?;
        let applied = count(&mut conn, EVENTS).await?;
        let subscribers = i64::try_from(subscribers)?;
        ensure!(active == subscribers, "{active} of {subscribers} subscriptions are active");
        ensure!(applied == subscribers * 2, "{applied} events had an effect, and {} should", subscribers * 2);
        Ok(())
    }
}
