//! An invoice is corrected, and planned again where its dates depend on it.

use rubis_accounts::ActivityKind;
use rubis_billing::{BillingRules, PlanLimitReached};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::{Invoice, InvoicePatch};
use rubis_kernel::{FieldErrors, InvoiceId, OrganizationId, UserId};
use rubis_relances::PlanningTrigger;
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    create_invoice::{PlanChoice, choose_plan},
    events,
    invoice_limit::admit,
    plan_again::plan_invoice,
};

/// Errors of correcting an invoice.
#[derive(Debug, thiserror::Error)]
pub enum UpdateInvoiceError {
    /// A rule of invoices forbids it.
    #[error(transparent)]
    Invoice(#[from] rubis_invoices::UpdateInvoiceError),
    /// The plan can't be used.
    #[error(transparent)]
    Plan(#[from] FieldErrors),
    /// It is to be chased, and no further one may be.
    #[error(transparent)]
    LimitReached(#[from] PlanLimitReached),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Corrects an invoice. Another due date, plan, client or number calls off what was planned and plans
/// afresh. For another client the chain starts at its first step, as it does for a due date to come unless the change says
/// otherwise; in any other case what was sent is not sent again.
///
/// # Errors
/// [`UpdateInvoiceError`].
#[tracing::instrument(skip_all, fields(organization = %organization, invoice = %invoice))]
pub async fn update_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    patch: InvoicePatch,
    actor: Option<UserId>,
    rules: &BillingRules,
    now: OffsetDateTime,
) -> Result<Invoice, UpdateInvoiceError> {
    conn.transaction(async |conn| {
        if let Some(plan) = patch.new_plan()
            && let Err(refused) = choose_plan(conn, organization, PlanChoice::Plan(plan)).await?
        {
            return Err(refused.into());
        }
        let settings = rubis_accounts::organization(conn, organization)
            .await?
            .ok_or(rubis_invoices::UpdateInvoiceError::NotFound)?;
        let patch = patch.made_on(settings.time_zone.local_date(now));
        let mut update = rubis_invoices::update_invoice(conn, organization, invoice, patch, now).await?;
        if !update.before.takes_place() && update.after.takes_place() {
            admit(conn, organization, invoice, rules, now).await??;
        }
        let more = json!({
            "dueDate": update.after.due_date,
            "dueDateChanged": update.before.due_date != update.after.due_date,
            "planChanged": update.before.plan_id != update.after.plan_id,
            "chainRestarted": update.restarts_chain(),
        });
        events::record(conn, &update.after, ActivityKind::InvoiceUpdated, actor, more, now).await?;
        // A text that waits for approval names the client and the number, and a client may be paused.
        let names_change =
            update.before.client_id != update.after.client_id || update.before.numero != update.after.numero;
        if update.changes_planning() || names_change {
            plan_invoice(conn, &mut update.after, PlanningTrigger::InvoiceChanged, now).await?;
        }
        Ok(update.after)
    })
    .await
}
