//! A settlement is undone.

use rubis_accounts::ActivityKind;
use rubis_billing::{BillingRules, PlanLimitReached};
use rubis_checkins::PlanCheckin;
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::{Invoice, InvoiceStatus, VoidSettlementError};
use rubis_kernel::{InvoiceId, OrganizationId, UserId};
use rubis_relances::PlanningTrigger;
use serde_json::json;
use time::OffsetDateTime;

use crate::{events, invoice_limit::admit, plan_again::plan_and_ask};

/// Why a settlement could not be undone.
#[derive(Debug, thiserror::Error)]
pub enum ReopenError {
    /// The organization has no such invoice.
    #[error("there is no such invoice")]
    NotFound,
    /// A rule forbids it.
    #[error(transparent)]
    Void(#[from] VoidSettlementError),
    /// It would be chased again, and no further one may be.
    #[error(transparent)]
    LimitReached(#[from] PlanLimitReached),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Undoes the payment that settled an invoice: it is outstanding again, the rubis it earned by being
/// paid is taken back, what had not been sent is planned again, and the user is asked again whether it was
/// paid.
///
/// # Errors
/// [`ReopenError`].
pub async fn reopen_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    actor: Option<UserId>,
    rules: &BillingRules,
    now: OffsetDateTime,
) -> Result<Invoice, ReopenError> {
    conn.transaction(async |conn| {
        let mut invoice =
            rubis_invoices::lock_invoice(conn, organization, invoice).await?.ok_or(ReopenError::NotFound)?;
        if invoice.status == InvoiceStatus::Paid && invoice.plan_id.is_some() {
            admit(conn, organization, invoice.id, rules, now).await??;
        }
        let reopening = Reopening { asking: PlanCheckin { asks_again: true }, actor, label: None };
        reopen_locked(conn, &mut invoice, reopening, now).await?;
        Ok(invoice)
    })
    .await
}

/// How a settlement is undone.
#[derive(Clone, Copy)]
pub(crate) struct Reopening {
    /// Whether the user is asked again.
    pub asking: PlanCheckin,
    /// Who undoes it.
    pub actor: Option<UserId>,
    /// What the feed says of the way it was undone.
    pub label: Option<&'static str>,
}

/// Undoes the payment that settled an invoice, which the caller has locked, with all its effects. No plan's
/// limit keeps from it: who takes back what a click has declared, or what a machine has clicked, gets things as
/// they were.
pub(crate) async fn reopen_locked(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    reopening: Reopening,
    now: OffsetDateTime,
) -> Result<(), ReopenError> {
    let voided = rubis_invoices::void_settlement(conn, invoice, now).await?;
    let mut more = json!({ "paymentId": voided.id, "amountCents": voided.amount_cents });
    if let (Some(label), Some(more)) = (reopening.label, more.as_object_mut()) {
        more.insert("label".to_owned(), label.into());
    }
    events::record(conn, invoice, ActivityKind::InvoiceReopened, reopening.actor, more, now).await?;
    plan_and_ask(conn, invoice, reopening.asking, PlanningTrigger::InvoiceChanged, now).await?;
    // Last, because every event of the organization waits for this row.
    Ok(rubis_accounts::earn_rubis(conn, invoice.organization_id, -1).await?)
}
