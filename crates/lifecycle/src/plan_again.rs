//! Plans invoices again: one at once, many in the background.

use std::time::Duration;

use rubis_accounts::Organization;
use rubis_checkins::{PlanCheckin, plan_checkin};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::{Invoice, InvoiceScope};
use rubis_jobs::{Job, JobId, Queue, RetryPolicy};
use rubis_kernel::{InvoiceId, OrganizationId};
use rubis_relances::{PlanningTrigger, plan_relances};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

/// How many invoices are planned in one transaction.
const PAGE: u32 = 100;

/// How much later than the change the planning begins: a request that read the settings before the
/// change has written its invoice by then.
const AFTER_THE_CHANGE: time::Duration = time::Duration::seconds(2);

/// Plans invoices of an organization again, because its rules, a plan or a pause changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanAgain {
    /// Whose invoices.
    pub organization_id: OrganizationId,
    /// Which of them.
    pub scope: InvoiceScope,
    /// Another for each change: a change made while the job runs must not be missed by the pages
    /// that it has behind it.
    pub change_id: Uuid,
}

impl Job for PlanAgain {
    const KIND: &'static str = "plan-again";
    const QUEUE: Queue = Queue::Relances;
    const RETRY: RetryPolicy = RetryPolicy {
        max_attempts: 10,
        first_delay: Duration::from_secs(5),
        max_delay: Duration::from_secs(600),
    };

    fn id(&self) -> JobId {
        JobId::new(Self::KIND, format!("{}:{}", self.organization_id, self.change_id))
    }

    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization_id)
    }
}

/// Asks for invoices to be planned again, in the transaction of the change.
pub(crate) async fn request(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    scope: InvoiceScope,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let job = PlanAgain { organization_id: organization, scope, change_id: Uuid::now_v7() };
    rubis_jobs::enqueue(conn, &job, now + AFTER_THE_CHANGE, now).await.map(drop)
}

/// How far the planning of a whole organization has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanAgainProgress {
    /// Go on after this invoice.
    After(InvoiceId),
    /// All are planned.
    Done,
}

/// Plans the next hundred of these invoices again, in one transaction, in the order of their ids, as
/// everybody does who locks several. Starting over does no harm: what is planned as it should be stays.
///
/// # Errors
/// The database's.
pub async fn plan_page_again(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    scope: InvoiceScope,
    after: Option<InvoiceId>,
    now: OffsetDateTime,
) -> Result<PlanAgainProgress, diesel::result::Error> {
    conn.transaction(async |conn| {
        let Some(organization) = rubis_accounts::organization(conn, organization).await? else {
            return Ok(PlanAgainProgress::Done);
        };
        let ids =
            rubis_invoices::ids_of_unfinished_invoices(conn, organization.id, scope, after, PAGE).await?;
        for id in &ids {
            if let Some(mut invoice) = rubis_invoices::lock_invoice(conn, organization.id, *id).await? {
                let (asking, trigger) = (PlanCheckin::default(), PlanningTrigger::RulesChanged);
                plan(conn, &organization, &mut invoice, asking, trigger, now).await?;
            }
        }
        Ok(match ids.last() {
            Some(last) if ids.len() == usize::try_from(PAGE).unwrap_or(usize::MAX) => {
                PlanAgainProgress::After(*last)
            }
            _ => PlanAgainProgress::Done,
        })
    })
    .await
}

/// Plans one invoice, whose lock the caller holds. The user is not asked again whether it was paid, unless
/// it is due on another day than the one they were asked about.
pub(crate) async fn plan_invoice(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    trigger: PlanningTrigger,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    plan_and_ask(conn, invoice, PlanCheckin::default(), trigger, now).await
}

/// As [`plan_invoice`], and says whether the user is asked again.
pub(crate) async fn plan_and_ask(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    asking: PlanCheckin,
    trigger: PlanningTrigger,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let organization = rubis_accounts::organization(conn, invoice.organization_id)
        .await?
        .ok_or(diesel::result::Error::NotFound)?;
    plan(conn, &organization, invoice, asking, trigger, now).await
}

/// The question first: what is planned after it depends on how long its answer is awaited.
async fn plan(
    conn: &mut AsyncPgConnection,
    organization: &Organization,
    invoice: &mut Invoice,
    asking: PlanCheckin,
    trigger: PlanningTrigger,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let client = rubis_invoices::client(conn, organization.id, invoice.client_id)
        .await?
        .ok_or(diesel::result::Error::NotFound)?;
    plan_checkin(conn, organization, invoice, client.pause, asking, now).await?;
    plan_relances(conn, organization, invoice, client.pause, trigger, now).await
}
