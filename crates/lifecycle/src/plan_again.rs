//! Plans invoices again: one at once, many a page at a time.

use rubis_accounts::Organization;
use rubis_checkins::{PlanCheckin, plan_checkin};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::{Invoice, InvoiceScope};
use rubis_kernel::{InvoiceId, OrganizationId};
use rubis_relances::{PlanningTrigger, plan_relances};
use time::OffsetDateTime;

/// Number of invoices planned in one transaction.
const PAGE: u32 = 100;

/// Progress of planning a whole organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanAgainProgress {
    /// Go on after this invoice.
    After(InvoiceId),
    /// All are planned.
    Done,
}

/// Plans the next hundred of these invoices again, in one transaction, in the order of their ids, as
/// every use case that locks several. Starting over does no harm: what is planned as it should be stays.
///
/// # Errors
/// The database's.
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn plan_page_again(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    scope: InvoiceScope,
    after: Option<InvoiceId>,
    now: OffsetDateTime,
) -> Result<PlanAgainProgress, diesel::result::Error> {
    let trigger = PlanningTrigger::RulesChanged;
    conn.transaction(async |conn| plan_page(conn, organization, (scope, after), trigger, now).await).await
}

/// As [`plan_page_again`], in the caller's transaction.
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub(crate) async fn plan_page(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    (scope, after): (InvoiceScope, Option<InvoiceId>),
    trigger: PlanningTrigger,
    now: OffsetDateTime,
) -> Result<PlanAgainProgress, diesel::result::Error> {
    let Some(organization) = rubis_accounts::organization(conn, organization).await? else {
        return Ok(PlanAgainProgress::Done);
    };
    let ids = rubis_invoices::ids_of_unfinished_invoices(conn, organization.id, scope, after, PAGE).await?;
    for id in &ids {
        if let Some(mut invoice) = rubis_invoices::lock_invoice(conn, organization.id, *id).await? {
            plan(conn, &organization, &mut invoice, PlanCheckin::default(), trigger, now).await?;
        }
    }
    Ok(match ids.last() {
        Some(last) if ids.len() == usize::try_from(PAGE).unwrap_or(usize::MAX) => {
            PlanAgainProgress::After(*last)
        }
        _ => PlanAgainProgress::Done,
    })
}

/// Plans one invoice, whose lock the caller holds. The user is not asked again whether it was paid, unless
/// it is due on another day than the one they were asked about.
#[tracing::instrument(skip_all, fields(organization = %invoice.organization_id, invoice = %invoice.id))]
pub(crate) async fn plan_invoice(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    trigger: PlanningTrigger,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    plan_and_ask(conn, invoice, PlanCheckin::default(), trigger, now).await
}

/// As [`plan_invoice`], and says whether the user is asked again.
#[tracing::instrument(skip_all, fields(organization = %invoice.organization_id, invoice = %invoice.id))]
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
