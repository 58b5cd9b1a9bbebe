//! Requests that invoices are planned again in the background, one job per organization and scope.

use std::time::Duration;

use rubis_db::AsyncPgConnection;
use rubis_invoices::{Invoice, InvoiceScope};
use rubis_jobs::{Job, JobId, Queue, RetryPolicy};
use rubis_kernel::OrganizationId;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::queries::planning_requests;

/// The time between a change and the pass that covers it: a request that read the settings before the change
/// has written its invoice by then.
const AFTER_THE_CHANGE: time::Duration = time::Duration::seconds(2);

/// The most scopes of one organization that wait at a time, [`InvoiceScope::All`] aside. The next one becomes
/// `All`, which covers it.
pub const MAX_SCOPES: i64 = 20;

/// Plans invoices of an organization again, because its rules, a plan or a pause changed. The job of a scope
/// runs one page at a time, from the cursor in `planning_requests`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanAgain {
    /// The tenant.
    pub organization_id: OrganizationId,
    /// The invoices.
    pub scope: InvoiceScope,
}

impl Job for PlanAgain {
    const KIND: &'static str = "plan-again";
    const QUEUE: Queue = Queue::Planning;
    const RETRY: RetryPolicy = RetryPolicy {
        max_attempts: 10,
        first_delay: Duration::from_secs(5),
        max_delay: Duration::from_secs(600),
    };

    fn id(&self) -> JobId {
        JobId::new(Self::KIND, format!("{}:{}", self.organization_id, scope_key(self.scope)))
    }

    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization_id)
    }
}

/// The scope as `planning_requests` and the ids of jobs write it.
pub(crate) fn scope_key(scope: InvoiceScope) -> String {
    match scope {
        InvoiceScope::All => "all".to_owned(),
        InvoiceScope::OfClient(client) => format!("client:{client}"),
        InvoiceScope::OfPlan(plan) => format!("plan:{plan}"),
    }
}

/// The scope that a key names; `None` if another release wrote it.
pub(crate) fn scope_of(key: &str) -> Option<InvoiceScope> {
    match key.split_once(':') {
        None if key == "all" => Some(InvoiceScope::All),
        Some(("client", id)) => Some(InvoiceScope::OfClient(id.parse::<uuid::Uuid>().ok()?.into())),
        Some(("plan", id)) => Some(InvoiceScope::OfPlan(id.parse::<uuid::Uuid>().ok()?.into())),
        _ => None,
    }
}

/// The reason of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestedBy {
    /// The rules, a plan or a pause changed: overdue reminders are sent in business hours.
    Change,
    /// A signed-in user ended a pause: overdue reminders are sent at any hour.
    Resuming,
}

/// Requests that invoices are planned again, in the transaction of the change and as its last statements: the
/// request's row is locked after everything that the change itself locks.
///
/// A request for a scope that is waiting or being planned adds no job. It counts as another change, after which
/// the scope is planned once more.
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub(crate) async fn request(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    scope: InvoiceScope,
    by: RequestedBy,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    planning_requests::lock_organization(conn, organization).await?;
    let key = scope_key(scope);
    let others = planning_requests::count_narrow_scopes_except(conn, organization, &key).await?;
    let scope = if others < MAX_SCOPES { scope } else { InvoiceScope::All };
    let not_before = now + AFTER_THE_CHANGE;
    let start = (not_before, by == RequestedBy::Resuming);
    planning_requests::count_change(conn, organization, &scope_key(scope), start, now).await?;
    // The job may have been given up or dropped by an operator while its request stayed.
    let job = PlanAgain { organization_id: organization, scope };
    rubis_jobs::ensure(conn, &job, not_before, now).await.map(drop)
}

/// Reports if a request covers the invoice: its reminders and check-ins get their jobs when it is planned.
///
/// # Errors
/// Returns the error of the database.
pub(crate) async fn is_requested(
    conn: &mut AsyncPgConnection,
    invoice: &Invoice,
) -> Result<bool, diesel::result::Error> {
    let plan = invoice.plan_id.map(InvoiceScope::OfPlan);
    let scopes: Vec<String> = [InvoiceScope::All, InvoiceScope::OfClient(invoice.client_id)]
        .into_iter()
        .chain(plan)
        .map(scope_key)
        .collect();
    planning_requests::any(conn, invoice.organization_id, &scopes).await
}

/// Deletes the request of a job that an operator drops, in the same transaction: it would wait for ever. The next
/// change of the scope makes another.
///
/// # Errors
/// Returns the error of the database.
pub async fn drop_planning_request(
    conn: &mut AsyncPgConnection,
    job: &PlanAgain,
) -> Result<(), diesel::result::Error> {
    planning_requests::delete(conn, job.organization_id, &scope_key(job.scope)).await
}
