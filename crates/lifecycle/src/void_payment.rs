//! Any payment of an invoice is voided.

use rubis_accounts::ActivityKind;
use rubis_billing::BillingRules;
use rubis_checkins::PlanCheckin;
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::{Invoice, Payment, VoidReason};
use rubis_kernel::{InvoiceId, OrganizationId, PaymentId, UserId};
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    ReopenError,
    checkins::withdraw::withdraw_answer,
    events,
    invoice_limit::admit,
    reopen_invoice::{Reopening, follow_reopening, takes_place_when_reopened},
};

/// An invoice after one of its payments was voided.
#[derive(Clone, Debug)]
pub struct PaymentVoided {
    /// The invoice as it is now.
    pub invoice: Invoice,
    /// The payment, which counts no more.
    pub payment: Payment,
}

/// Voids a payment or a credit note, the last one or not. If something is outstanding then, a paid invoice is
/// reopened with all that follows ([`crate::reopen_invoice`]). A check-in whose answer recorded the payment counts as
/// answered *still pending*.
///
/// # Errors
/// [`ReopenError`].
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn void_payment(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    (invoice, payment): (InvoiceId, PaymentId),
    reason: &VoidReason,
    actor: Option<UserId>,
    rules: &BillingRules,
    now: OffsetDateTime,
) -> Result<PaymentVoided, ReopenError> {
    conn.transaction(async |conn| {
        let mut invoice =
            rubis_invoices::lock_invoice(conn, organization, invoice).await?.ok_or(ReopenError::NotFound)?;
        let reopens = rubis_invoices::voiding_reopens(conn, &invoice, payment).await? == Some(true);
        if reopens && takes_place_when_reopened(&invoice) {
            admit(conn, organization, invoice.id, rules, now).await??;
        }
        let voided = rubis_invoices::void_payment(conn, &mut invoice, payment, Some(reason), now).await?;
        withdraw_answer(conn, &invoice, payment, now).await?;
        if voided.reopened {
            let reopening = Reopening { asking: PlanCheckin { asks_again: true }, actor, label: None };
            follow_reopening(conn, &mut invoice, &voided, reopening, now).await?;
        } else {
            let more = json!({
                "paymentId": payment,
                "amountCents": voided.payment.amount_cents,
                "reason": reason.as_str(),
                "balanceCents": invoice.balance().cents,
                "overpaidCents": invoice.overpaid.cents,
            });
            events::record(conn, &invoice, ActivityKind::PaymentVoided, actor, more, now).await?;
        }
        Ok(PaymentVoided { invoice, payment: voided.payment })
    })
    .await
}
