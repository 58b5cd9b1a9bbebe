//! Voids a payment or a credit note.

use diesel_async::AsyncConnection;
use rubis_accounts::required_line;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{FieldErrors, PaymentId};
use time::OffsetDateTime;

use crate::{IllegalTransition, Invoice, InvoiceStatus, Payment, Transition, queries};

const MAX_REASON_CHARS: usize = 200;

/// Reasons why a payment was not voided.
#[derive(Debug, thiserror::Error)]
pub enum VoidPaymentError {
    /// The invoice has no such payment.
    #[error("there is no such payment")]
    NotFound,
    /// The payment is already voided.
    #[error("the payment is already voided")]
    AlreadyVoided,
    /// The invoice is not paid, so that there is no settlement to undo.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Result of voiding a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voided {
    pub payment: Payment,
    /// True if something is outstanding again on an invoice that was paid.
    pub reopened: bool,
    /// True if the rubis earned by being paid was given back.
    pub gave_back_rubis: bool,
}

/// Validated reason for voiding a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoidReason(String);

impl VoidReason {
    /// Validates a reason: 1 to 200 characters on one line.
    ///
    /// # Errors
    /// `required`, `too_long` or `control_character`.
    pub fn parse(reason: &str) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let reason = required_line(&mut errors, "reason", reason, MAX_REASON_CHARS);
        errors.into_result(Self(reason))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Voids a payment of an invoice, locked in this transaction. The payment stays on record with the reason and no
/// longer counts. If something is outstanding afterwards, a paid invoice goes back to the state in which it was
/// settled and gives back the rubis that being paid earned it (the caller takes back the organization's own).
///
/// # Errors
/// See [`VoidPaymentError`]; the invoice is as before.
#[tracing::instrument(skip_all, fields(organization = %invoice.organization_id, invoice = %invoice.id, payment = %payment))]
pub async fn void_payment(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    payment: PaymentId,
    reason: Option<&VoidReason>,
    now: OffsetDateTime,
) -> Result<Voided, VoidPaymentError> {
    let payment = queries::payments::find(conn, invoice, payment).await?.ok_or(VoidPaymentError::NotFound)?;
    if payment.voided_at.is_some() {
        return Err(VoidPaymentError::AlreadyVoided);
    }
    let mut changed = invoice.clone();
    changed.count_settled(-payment.amount_cents);
    let reopened = invoice.status == InvoiceStatus::Paid && changed.balance().cents > 0;
    let gave_back_rubis = reopened && !invoice.credited;
    if reopened {
        changed.status = invoice.status.apply(Transition::Reopened, invoice.past())?;
        changed.paid_at = None;
        changed.settled_from = None;
        changed.credited = false;
    }
    if gave_back_rubis {
        changed.rubis_earned = invoice.rubis_earned.saturating_sub(1).max(0);
    }
    let organization = invoice.organization_id;
    let (payment, saved) = conn
        .transaction::<_, diesel::result::Error, _>(async |conn| {
            let reason = reason.map(VoidReason::as_str);
            let payment = queries::payments::void(conn, organization, payment.id, reason, now).await?;
            Ok((payment, queries::invoices::save_progress(conn, &changed, now).await?))
        })
        .await?;
    *invoice = saved;
    Ok(Voided { payment, reopened, gave_back_rubis })
}

/// Voids the payment that settled an invoice, locked in this transaction: the last one that counts.
///
/// # Errors
/// See [`VoidPaymentError`]; the invoice is as before.
#[tracing::instrument(skip_all, fields(organization = %invoice.organization_id, invoice = %invoice.id))]
pub async fn void_settlement(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    now: OffsetDateTime,
) -> Result<Voided, VoidPaymentError> {
    invoice.status.apply(Transition::Reopened, invoice.past())?;
    let last = queries::payments::last_of(conn, invoice).await?.ok_or(VoidPaymentError::NotFound)?;
    void_payment(conn, invoice, last.id, None, now).await
}

/// Reports whether voiding a payment of an invoice would leave something outstanding on it. `None` if the invoice has
/// no such payment that counts.
pub async fn voiding_reopens(
    conn: &mut AsyncPgConnection,
    invoice: &Invoice,
    payment: PaymentId,
) -> Result<Option<bool>, diesel::result::Error> {
    let found = queries::payments::find(conn, invoice, payment).await?;
    Ok(found.filter(|payment| payment.voided_at.is_none()).map(|payment| {
        let mut changed = invoice.clone();
        changed.count_settled(-payment.amount_cents);
        invoice.status == InvoiceStatus::Paid && changed.balance().cents > 0
    }))
}
