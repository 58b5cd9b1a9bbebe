//! A settlement is undone.

use rubis_accounts::ActivityKind;
use rubis_billing::{BillingRules, PlanLimitReached};
use rubis_checkins::PlanCheckin;
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::{Invoice, InvoiceStatus, Transition, VoidPaymentError, Voided};
use rubis_kernel::{InvoiceId, OrganizationId, UserId};
use rubis_relances::PlanningTrigger;
use serde_json::json;
use time::OffsetDateTime;

use crate::{checkins::withdraw::withdraw_answer, events, invoice_limit::admit, plan_again::plan_and_ask};

/// Errors of undoing a settlement.
#[derive(Debug, thiserror::Error)]
pub enum ReopenError {
    /// The organization has no such invoice.
    #[error("there is no such invoice")]
    NotFound,
    /// A rule forbids it.
    #[error(transparent)]
    Void(#[from] VoidPaymentError),
    /// It would be chased again, and no further one may be.
    #[error(transparent)]
    LimitReached(#[from] PlanLimitReached),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Undoes the payment that settled an invoice: it is outstanding again, the rubis it earned by being
/// paid is taken back, what had not been sent is planned again, and the user is asked again whether it was
/// paid. One that was disputed when it was settled is disputed again, and nothing is planned.
///
/// # Errors
/// [`ReopenError`].
#[tracing::instrument(skip_all, fields(organization = %organization, invoice = %invoice))]
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
        if takes_place_when_reopened(&invoice) {
            admit(conn, organization, invoice.id, rules, now).await??;
        }
        let voided = rubis_invoices::void_settlement(conn, &mut invoice, now).await?;
        withdraw_answer(conn, &invoice, voided.payment.id, now).await?;
        let reopening = Reopening { asking: PlanCheckin { asks_again: true }, actor, label: None };
        follow_reopening(conn, &mut invoice, &voided, reopening, now).await?;
        Ok(invoice)
    })
    .await
}

/// Reports whether a paid invoice would take one of the places that the subscription limits, were its settlement undone.
pub(crate) fn takes_place_when_reopened(invoice: &Invoice) -> bool {
    let reopened = invoice.status.apply(Transition::Reopened, invoice.past());
    invoice.plan_id.is_some() && reopened.is_ok_and(InvoiceStatus::is_chased)
}

/// Terms of undoing a settlement.
#[derive(Clone, Copy)]
pub(crate) struct Reopening {
    /// Check-in that is planned again.
    pub asking: PlanCheckin,
    pub actor: Option<UserId>,
    /// Label in the feed.
    pub label: Option<&'static str>,
}

/// Undoes the payment that settled an invoice, which the caller has locked, with all its effects. No plan's
/// limit keeps from it: who takes back what a click has declared, or what a machine has clicked, gets things as
/// they were.
#[tracing::instrument(skip_all, fields(organization = %invoice.organization_id, invoice = %invoice.id))]
pub(crate) async fn reopen_locked(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    reopening: Reopening,
    now: OffsetDateTime,
) -> Result<(), ReopenError> {
    let voided = rubis_invoices::void_settlement(conn, invoice, now).await?;
    Ok(follow_reopening(conn, invoice, &voided, reopening, now).await?)
}

/// Records that a voided payment reopened an invoice, plans it again, and takes its rubis back.
#[tracing::instrument(skip_all, fields(organization = %invoice.organization_id, invoice = %invoice.id))]
pub(crate) async fn follow_reopening(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    voided: &Voided,
    reopening: Reopening,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let mut more = json!({
        "paymentId": voided.payment.id,
        "amountCents": voided.payment.amount_cents,
        "reason": voided.payment.void_reason,
    });
    if let (Some(label), Some(more)) = (reopening.label, more.as_object_mut()) {
        more.insert("label".to_owned(), label.into());
    }
    events::record(conn, invoice, ActivityKind::InvoiceReopened, reopening.actor, more, now).await?;
    let trigger = match reopening.actor {
        Some(_) => PlanningTrigger::InvoiceChanged,
        None => PlanningTrigger::InvoiceChangedByLink,
    };
    plan_and_ask(conn, invoice, reopening.asking, trigger, now).await?;
    if voided.gave_back_rubis {
        // Last, because every event of the organization waits for this row.
        rubis_accounts::earn_rubis(conn, invoice.organization_id, -1).await?;
    }
    Ok(())
}
