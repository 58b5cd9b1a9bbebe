//! Reads plans and reminders.

use rubis_accounts::Page;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{InvoiceId, OrganizationId, PlanId, PlanStepId, RelanceTaskId};
use time::OffsetDateTime;

use crate::{
    plan::{ListedPlan, ListedStep, Plan},
    queries::{
        plans::{self as plan_queries, PlansShown},
        tasks,
    },
    task::{ListedRelance, RelanceStatus},
};

/// A page of plans without their texts, in the order in which they were made.
///
/// # Errors
/// The database's.
pub async fn plans(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    shown: PlansShown,
    after: Option<PlanId>,
    limit: u32,
) -> Result<Page<ListedPlan>, diesel::result::Error> {
    let rows = plan_queries::list(conn, organization, shown, after, i64::from(limit) + 1).await?;
    Ok(Page::from_one_more(rows, limit))
}

/// A plan, archived or not.
///
/// # Errors
/// The database's.
pub async fn plan(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    plan: PlanId,
) -> Result<Option<Plan>, diesel::result::Error> {
    plan_queries::find(conn, organization, plan).await
}

/// The plan of invoices that name none.
///
/// # Errors
/// The database's.
pub async fn default_plan_id(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
) -> Result<Option<PlanId>, diesel::result::Error> {
    plan_queries::default_plan_id(conn, organization).await
}

/// Steps by their ids, in force or not, without their texts.
///
/// # Errors
/// The database's.
pub async fn steps_by_ids(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    ids: &[PlanStepId],
) -> Result<Vec<ListedStep>, diesel::result::Error> {
    plan_queries::listed_steps_by_ids(conn, organization, ids).await
}

/// Filter and start of a list of reminders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RelancesFilter {
    /// Only those that stand there.
    pub status: Option<RelanceStatus>,
    /// Only those after this one in the order of dates.
    pub after: Option<(OffsetDateTime, RelanceTaskId)>,
}

/// A page of an organization's reminders without their texts, in the order of their dates.
///
/// # Errors
/// The database's.
pub async fn list_relances(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    filter: RelancesFilter,
    limit: u32,
) -> Result<Page<ListedRelance>, diesel::result::Error> {
    let rows = tasks::list(conn, organization, filter.status, filter.after, i64::from(limit) + 1).await?;
    Ok(Page::from_one_more(rows, limit))
}

/// The latest reminders of an invoice without their texts, at most this many, the earliest first; those that
/// planning again replaced are left out.
///
/// # Errors
/// The database's.
pub async fn latest_relances_of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    limit: u32,
) -> Result<Vec<ListedRelance>, diesel::result::Error> {
    tasks::latest_of_invoice(conn, organization, invoice, limit.into()).await
}

/// All reminders of an invoice without their texts, the earliest first.
///
/// # Errors
/// The database's.
pub async fn relances_of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
) -> Result<Vec<ListedRelance>, diesel::result::Error> {
    tasks::of_invoice(conn, organization, invoice).await
}
