//! The reconciliation: compares what waits with the jobs that it waits for, and repairs or reports what differs.
//!
//! It is the second line of defence, against faults that are not known yet: in a sound database it finds nothing. Each
//! page is read from one snapshot, so that a transaction under way is seen whole or not at all. What differs there is
//! looked at again under its locks before anything is repaired, in a transaction of its own.

mod checkins;
mod invoices;
mod jobs;
mod planning;
mod relances;

use std::{collections::HashSet, time::Duration};

use rubis_db::AsyncPgConnection;
use rubis_jobs::{FinishError, Job, JobId, Lease, Queue, RetryPolicy};
use rubis_kernel::{CheckinTaskId, InvoiceId, OrganizationId, RelanceTaskId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// The time between two sweeps.
pub const RECONCILED_EVERY: Duration = Duration::from_secs(300);

/// Rows of a page, and the most pages of one kind in one sweep. Ten million reminders are gone through within two
/// days, those that have just come due at each sweep.
const PAGE: u32 = 1_000;
const PAGES: usize = 20;

/// The most suspects of a page that are looked at under their locks. The next round finds the others.
const MAX_SUSPECTS: usize = 200;

/// The age from which rows are compared.
const AGE: time::Duration = time::Duration::minutes(2);

/// Age up to which reminders that came due are compared at each sweep.
const DUE_WINDOW: time::Duration = time::Duration::hours(2);

/// The finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingKind {
    /// A reminder waits and has no job.
    RelanceWithoutJob,
    /// A reminder waits for a job that is a dead letter.
    RelanceOfDeadJob,
    /// A reminder has been handed to the mail server for more than an hour.
    RelanceSendingForLong,
    /// A check-in waits and has no job.
    CheckinWithoutJob,
    /// A check-in waits for a job that is a dead letter.
    CheckinOfDeadJob,
    /// The mail of a check-in has been handed to the mail server for more than an hour.
    CheckinSendingForLong,
    /// An invoice awaits an answer, and no question is out.
    InvoiceOfDeadCheckin,
    /// A planning request has no job.
    PlanningWithoutJob,
    /// The job of a planning request is a dead letter.
    PlanningOfDeadJob,
    /// A job is about something that is gone or over.
    JobWithoutTask,
}

impl FindingKind {
    /// The label in metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RelanceWithoutJob => "relance_without_job",
            Self::RelanceOfDeadJob => "relance_of_dead_job",
            Self::RelanceSendingForLong => "relance_sending_for_long",
            Self::CheckinWithoutJob => "checkin_without_job",
            Self::CheckinOfDeadJob => "checkin_of_dead_job",
            Self::CheckinSendingForLong => "checkin_sending_for_long",
            Self::InvoiceOfDeadCheckin => "invoice_of_dead_checkin",
            Self::PlanningWithoutJob => "planning_without_job",
            Self::PlanningOfDeadJob => "planning_of_dead_job",
            Self::JobWithoutTask => "job_without_task",
        }
    }
}

/// The action taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingOutcome {
    /// It is as it should be again.
    Repaired,
    /// An operator has to look at it.
    Reported,
}

impl FindingOutcome {
    /// The label in metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Repaired => "repaired",
            Self::Reported => "reported",
        }
    }
}

/// A difference between what waits and the jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The finding.
    pub kind: FindingKind,
    /// The action taken.
    pub outcome: FindingOutcome,
    /// The tenant.
    pub organization: Option<OrganizationId>,
    /// The reminder, check-in, invoice, scope or job.
    pub id: String,
}

/// Compares what waits with the jobs, from where the last sweep ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconcile {
    /// The last reminder of the last sweep, by date and id; each round begins without one.
    #[serde(default)]
    pub after_relance: Option<(OffsetDateTime, RelanceTaskId)>,
    /// The last check-in.
    #[serde(default)]
    pub after_checkin: Option<CheckinTaskId>,
    /// The last invoice that awaits an answer.
    #[serde(default)]
    pub after_invoice: Option<InvoiceId>,
    /// The last planning request.
    #[serde(default)]
    pub after_request: Option<(OrganizationId, String)>,
    /// The queue whose jobs are compared, and the last of them.
    #[serde(default)]
    pub after_job: Option<(String, OffsetDateTime, String)>,
}

impl Job for Reconcile {
    const KIND: &'static str = "reconcile";
    const QUEUE: Queue = Queue::Planning;
    const RETRY: RetryPolicy = RetryPolicy {
        max_attempts: 20,
        first_delay: Duration::from_secs(5),
        max_delay: Duration::from_secs(600),
    };

    fn id(&self) -> JobId {
        JobId::new(Self::KIND, "all")
    }

    fn organization(&self) -> Option<OrganizationId> {
        None
    }
}

/// Asks for the reconciliation, unless it is asked for already. One that was given up begins anew.
///
/// # Errors
/// The database's.
pub async fn seed_reconciliation(
    conn: &mut AsyncPgConnection,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    rubis_jobs::ensure(conn, &Reconcile::default(), now, now).await.map(drop)
}

/// One sweep: a bounded part of everything that waits.
///
/// # Errors
/// The database's. What was repaired before stays so.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn reconcile(
    conn: &mut AsyncPgConnection,
    job: &Reconcile,
    now: OffsetDateTime,
) -> Result<(Vec<Finding>, Reconcile), diesel::result::Error> {
    let mut findings = Vec::new();
    relances::sweep_due(conn, now, &mut findings).await?;
    let next = Reconcile {
        after_relance: relances::sweep(conn, job.after_relance, now, &mut findings).await?,
        after_checkin: checkins::sweep(conn, job.after_checkin, now, &mut findings).await?,
        after_invoice: invoices::sweep(conn, job.after_invoice, now, &mut findings).await?,
        after_request: planning::sweep(conn, job.after_request.clone(), now, &mut findings).await?,
        after_job: jobs::sweep(conn, job.after_job.clone(), now, &mut findings).await?,
    };
    // Rows that came due lately are compared twice.
    let mut seen = HashSet::new();
    findings.retain(|finding| seen.insert((finding.kind, finding.id.clone())));
    Ok((findings, next))
}

/// A whole round, for tests and trials: everything that waits. A sound database has no findings. At an instant some
/// minutes ahead nothing is too young to be compared.
///
/// # Errors
/// The database's.
pub async fn reconcile_everything(
    conn: &mut AsyncPgConnection,
    now: OffsetDateTime,
) -> Result<Vec<Finding>, diesel::result::Error> {
    let (mut findings, mut next) = reconcile(conn, &Reconcile::default(), now).await?;
    while next != Reconcile::default() {
        let (more, after) = reconcile(conn, &next, now).await?;
        findings.extend(more);
        next = after;
    }
    Ok(findings)
}

/// Gives the job its next date and the place from which it continues.
///
/// # Errors
/// [`FinishError::LeaseLost`] if another worker may have the job.
#[tracing::instrument(skip_all, fields(job = %lease.job_id))]
pub async fn continue_reconciliation(
    conn: &mut AsyncPgConnection,
    lease: &Lease,
    next: &Reconcile,
    now: OffsetDateTime,
) -> Result<(), FinishError> {
    lease.continue_as(conn, next, now + RECONCILED_EVERY).await
}

/// Reports whether a page may be followed by another.
fn is_full(length: usize) -> bool {
    length >= usize::try_from(PAGE).unwrap_or(usize::MAX)
}
