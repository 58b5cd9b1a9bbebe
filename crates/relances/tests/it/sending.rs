//! A late invoice whose first reminder is due, and workers that claim it.

use rubis_db::AsyncPgConnection;
use rubis_invoices::Invoice;
use rubis_jobs::{CrashPolicy, Job as _, JobRow, Lease, Queue, ReapAt};
use rubis_kernel::{Email, OrganizationId, RelanceTaskId};
use rubis_relances::{
    Claimed, RelanceTask, SendRelance, Sender, SendingLimits, SendingPolicy, claim_relance, relance_detail,
};
use rubis_testkit::Chain;
use time::{
    Duration, OffsetDateTime,
    macros::{date, datetime},
};

/// A Tuesday at ten in Paris.
const TUESDAY: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);
const LEASE: std::time::Duration = std::time::Duration::from_secs(10);

/// The same limits for every organization.
pub struct Limits(pub SendingLimits);

impl SendingPolicy for Limits {
    fn limits_of(
        &self,
        _: &AsyncPgConnection,
        _: OrganizationId,
        _: OffsetDateTime,
    ) -> impl Future<Output = Result<SendingLimits, diesel::result::Error>> + Send {
        std::future::ready(Ok(self.0))
    }
}

pub struct Sending {
    pub chain: Chain,
    pub invoice: Invoice,
    pub id: RelanceTaskId,
}

impl Sending {
    pub async fn due() -> Self {
        let chain = Chain::start_at(TUESDAY).await;
        let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
        let id = chain.relances(invoice.id).await[0].id;
        chain.clock.advance(Duration::MINUTE);
        Self { chain, invoice, id }
    }

    /// As [`Self::due`], for a reminder that a person has to approve.
    pub async fn due_for_approval() -> Self {
        let sending = Self::due().await;
        sending.sql("UPDATE plan_steps SET requires_manual_validation = true").await;
        sending
    }

    pub async fn sql(&self, sql: &str) {
        self.chain.database.execute_as_owner(sql).await;
    }

    pub fn job(&self) -> SendRelance {
        SendRelance { organization_id: self.chain.organization, task_id: self.id }
    }

    pub async fn job_row(&self) -> Option<JobRow> {
        rubis_jobs::find(&mut *self.chain.conn().await, &self.job().id()).await.unwrap()
    }

    pub async fn task(&self) -> RelanceTask {
        let (organization, now) = (self.chain.organization, self.chain.now());
        let detail = relance_detail(&mut *self.chain.conn().await, organization, self.id, now).await;
        detail.unwrap().unwrap().task
    }

    /// Claims the job, which is due.
    pub async fn lease(&self) -> Lease {
        let mut conn = self.chain.conn().await;
        let (id, now) = (self.job().id(), Some(self.chain.now()));
        let claimed = rubis_jobs::claim(&mut conn, Queue::Relances, &[id], LEASE, now).await.unwrap();
        claimed.into_iter().next().unwrap().lease
    }

    pub async fn claim(&self, lease: &Lease) -> Claimed {
        self.claim_within(SendingLimits::NONE, lease).await
    }

    pub async fn claim_within(&self, limits: SendingLimits, lease: &Lease) -> Claimed {
        let sender = Sender { address: "relances@rubis.example".parse().unwrap() };
        let (policy, job, now) = (Limits(limits), self.job(), self.chain.now());
        claim_relance(&mut *self.chain.conn().await, &sender, &policy, &job, lease, now).await.unwrap()
    }

    /// Claims the reminder, and returns the mail to be sent.
    pub async fn claim_mail(&self) -> (Lease, Email) {
        let lease = self.lease().await;
        match self.claim(&lease).await {
            Claimed::Send(email) => (lease, *email),
            Claimed::Settled(reason) => panic!("{reason:?}"),
        }
    }

    /// Simulates the loss of the worker that has the job, which becomes due again after this time.
    pub async fn lose_the_worker(&self, after: Duration) {
        self.chain.clock.advance(after);
        let policy = CrashPolicy { max_crashes: 5, delays: vec![std::time::Duration::ZERO] };
        let (mut conn, at) = (self.chain.conn().await, ReapAt::Given(self.chain.now()));
        let reaped = rubis_jobs::reap_expired(&mut conn, Queue::Relances, &policy, LEASE, 10, &at).await;
        assert_eq!(reaped.unwrap().len(), 1);
    }
}
