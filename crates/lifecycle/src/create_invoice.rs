//! An invoice goes in and is planned.

use rubis_accounts::ActivityKind;
use rubis_billing::{BillingRules, PlanLimitReached};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::{CreatedInvoice, NewInvoice};
use rubis_kernel::{FieldErrors, OrganizationId, PlanId, UserId};
use rubis_relances::PlanningTrigger;
use serde_json::json;
use time::OffsetDateTime;

use crate::{events, invoice_limit::admit_limited, plan_again::plan_invoice};

/// The plan that chases an invoice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlanChoice {
    /// The organization's default.
    #[default]
    Default,
    /// None: it is not chased.
    NotChased,
    /// This one.
    Plan(PlanId),
}

/// Errors of creating an invoice.
#[derive(Debug, thiserror::Error)]
pub enum CreateInvoiceError {
    /// A rule of invoices forbids it.
    #[error(transparent)]
    Invoice(#[from] rubis_invoices::CreateInvoiceError),
    /// The plan can't be used.
    #[error(transparent)]
    Plan(#[from] FieldErrors),
    /// No further invoice may be chased.
    #[error(transparent)]
    LimitReached(#[from] PlanLimitReached),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Creates an invoice, plans its check-in and its reminders, and records the activity. One that a
/// plan is to chase is refused where as many are chased already as the subscription allows.
///
/// # Errors
/// [`CreateInvoiceError`].
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn create_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    new: &NewInvoice,
    plan: PlanChoice,
    actor: Option<UserId>,
    rules: &BillingRules,
    now: OffsetDateTime,
) -> Result<CreatedInvoice, CreateInvoiceError> {
    conn.transaction(async |conn| {
        let (chosen, limit) = futures_util::future::try_join(
            choose_plan(conn, organization, plan),
            rubis_billing::invoice_limit(conn, organization, rules, now),
        )
        .await?;
        let plan_id = chosen?;
        let mut created =
            rubis_invoices::create_invoice_within(conn, organization, new, plan_id, now).await?;
        if plan_id.is_some() && limit.is_some() {
            admit_limited(conn, organization, created.invoice.id, rules, now).await??;
        }
        let more = json!({ "dueDate": created.invoice.due_date, "label": created.client.name });
        events::record(conn, &created.invoice, ActivityKind::InvoiceCreated, actor, more, now).await?;
        plan_invoice(conn, &mut created.invoice, PlanningTrigger::InvoiceChanged, now).await?;
        Ok(created)
    })
    .await
}

/// The plan that a choice names, or what is wrong with the choice.
pub(crate) async fn choose_plan(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    choice: PlanChoice,
) -> Result<Result<Option<PlanId>, FieldErrors>, diesel::result::Error> {
    match choice {
        PlanChoice::NotChased => Ok(Ok(None)),
        PlanChoice::Default => Ok(Ok(rubis_relances::default_plan_id(conn, organization).await?)),
        PlanChoice::Plan(id) => {
            let found = rubis_relances::plan(conn, organization, id).await?;
            Ok(match found {
                None => Err(FieldErrors::one("planId", "unknown_plan", "must be a plan of the organization")),
                Some(plan) if plan.archived_at.is_some() => {
                    Err(FieldErrors::one("planId", "archived_plan", "must not be an archived plan"))
                }
                Some(plan) => Ok(Some(plan.id)),
            })
        }
    }
}
