//! A worker whose steps are driven by a test.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use diesel::{QueryableByName, sql_types::Timestamptz};
use diesel_async::RunQueryDsl;
use rubis_accounts::{AccountKeys, AccountLinks};
use rubis_billing::{BillingLinks, BillingRules};
use rubis_checkins::{CheckinLinks, CheckinRules, KEY_PURPOSE};
use rubis_db::Pool;
use rubis_jobs::Queue;
use rubis_kernel::{AppKey, Clock, ManualClock};
use rubis_lifecycle::SubscriptionLimits;
use rubis_mailer::{Mailer, MemoryMailer};
use rubis_queue::{QueueRunner, QueueSettings, RunReport};
use rubis_relances::Sender;
use rubis_runtime::MailRate;
use rubis_stripe::StripeGateway;
use rubis_worker::{AccountParts, BillingParts, CheckinParts, HandlerParts, handlers};
use time::OffsetDateTime;

use crate::{TestDatabase, TestRedis};

/// Runners of all queues over a test's database and Redis, with the product's own handlers and a mailer in memory.
pub struct TestWorker {
    /// Outbox of the sent mails.
    pub mailer: Arc<MemoryMailer>,
    runners: Vec<QueueRunner>,
    pool: Pool,
    clock: Arc<ManualClock>,
}

/// The server's secret, in tests.
pub(crate) const APP_KEY: &str = "7c1fe09b52d84a63b0cd1e7f94a28d65";

/// Returns the keys of the tokens in account mails, in tests.
#[must_use]
pub fn account_keys() -> AccountKeys {
    AccountKeys::derived_from(&APP_KEY.parse().expect("a secret"))
}

/// Returns the values for mails about accounts, in tests.
#[must_use]
pub fn account_parts() -> AccountParts {
    AccountParts { links: AccountLinks::new("http://localhost:5173"), keys: account_keys() }
}

/// Returns the values for mails about check-ins, in tests.
#[must_use]
pub fn checkin_parts() -> CheckinParts {
    let key: AppKey = APP_KEY.parse().expect("a secret");
    CheckinParts {
        links: CheckinLinks::new("http://localhost:3333"),
        key: key.derive(KEY_PURPOSE),
        rules: CheckinRules::default(),
    }
}

/// Returns the values for mails about subscriptions, in tests.
#[must_use]
pub fn billing_parts(stripe: Option<Arc<StripeGateway>>) -> BillingParts {
    BillingParts {
        stripe,
        links: BillingLinks::new("http://localhost:5173"),
        rules: BillingRules::default(),
        minutes_per_rubis: 15,
    }
}

/// Returns the limits on reminders, in tests: the defaults.
#[must_use]
pub fn sending_limits() -> SubscriptionLimits {
    SubscriptionLimits {
        rules: BillingRules::default(),
        free_recipients_per_day: Some(50),
        paid_recipients_per_day: None,
    }
}

/// Returns the dependencies of the handlers, in tests: they send with this mailer, and there is no Stripe.
#[must_use]
pub fn handler_parts(mailer: Arc<dyn Mailer>) -> HandlerParts {
    HandlerParts {
        mailer,
        rate: Arc::new(MailRate::unlimited()),
        sender: Sender { address: "relances@rubis.example".parse().expect("an address") },
        limits: sending_limits(),
        accounts: account_parts(),
        checkins: checkin_parts(),
        billing: billing_parts(None),
    }
}

/// Creates a runner for each queue, with the product's own handlers and this mailer.
#[must_use]
pub fn runners(database: &TestDatabase, redis: &TestRedis, mailer: Arc<dyn Mailer>) -> Vec<QueueRunner> {
    runners_with(database, redis, handler_parts(mailer))
}

/// Creates a runner for each queue, with the product's own handlers and these parts.
#[must_use]
pub fn runners_with(database: &TestDatabase, redis: &TestRedis, parts: HandlerParts) -> Vec<QueueRunner> {
    let handlers = handlers(parts);
    let settings = QueueSettings { prefix: redis.prefix.clone(), concurrency: 4, ..QueueSettings::default() };
    let runner = |queue: &Queue| {
        QueueRunner::new(
            *queue,
            settings.clone(),
            database.pool.clone(),
            redis.pool.clone(),
            handlers.clone(),
        )
    };
    Queue::ALL.iter().map(runner).collect()
}

#[derive(QueryableByName)]
struct NextDue {
    #[diesel(sql_type = Timestamptz)]
    run_at: OffsetDateTime,
}

impl TestWorker {
    /// Creates a worker that uses this clock.
    #[must_use]
    pub fn new(database: &TestDatabase, redis: &TestRedis, clock: Arc<ManualClock>) -> Self {
        Self::with_billing(database, redis, clock, billing_parts(None))
    }

    /// Like [`new`](Self::new), with these values for mails about subscriptions.
    #[must_use]
    pub fn with_billing(
        database: &TestDatabase,
        redis: &TestRedis,
        clock: Arc<ManualClock>,
        billing: BillingParts,
    ) -> Self {
        Self::with_parts(database, redis, clock, |parts| HandlerParts { billing, ..parts })
    }

    /// Like [`new`](Self::new), with parts that a test changes.
    pub fn with_parts(
        database: &TestDatabase,
        redis: &TestRedis,
        clock: Arc<ManualClock>,
        change: impl FnOnce(HandlerParts) -> HandlerParts,
    ) -> Self {
        let mailer = Arc::new(MemoryMailer::new());
        let runners = runners_with(database, redis, change(handler_parts(mailer.clone())));
        Self { mailer, runners, pool: database.pool.clone(), clock }
    }

    /// Runs all due jobs, and those that become due by them.
    pub async fn run_due(&self) -> RunReport {
        let (now, mut report) = (self.clock.now(), RunReport::default());
        loop {
            for runner in &self.runners {
                report += runner.run_due(now).await.expect("the database answers");
            }
            if self.next_due().await.is_none_or(|due| due > now) {
                return report;
            }
        }
    }

    /// Moves the clock to an instant, and runs every job on the way at the instant it is due.
    pub async fn run_until(&self, instant: OffsetDateTime) {
        while let Some(due) = self.next_due().await.filter(|due| *due <= instant) {
            self.clock.set(due.max(self.clock.now()));
            self.run_due().await;
        }
        self.clock.set(instant);
    }

    /// Returns the time at which the next job is due.
    pub async fn next_due(&self) -> Option<OffsetDateTime> {
        let mut conn = self.pool.get().await.expect("a connection");
        let next: Vec<NextDue> =
            diesel::sql_query("SELECT run_at FROM jobs WHERE state = 'scheduled' ORDER BY run_at LIMIT 1")
                .load(&mut conn)
                .await
                .expect("the jobs can be read");
        next.into_iter().next().map(|next| next.run_at)
    }
}
