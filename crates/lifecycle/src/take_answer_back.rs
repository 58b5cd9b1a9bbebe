//! An answer that a link gave is taken back, because both links were opened as only a machine does.

use rubis_checkins::{AskedInvoice, CheckinAnswer, CheckinTask, PlanCheckin, reason_not_to_ask};
use rubis_db::AsyncPgConnection;
use rubis_invoices::{Invoice, InvoiceStatus, Payment, Transition, TransitionError};
use rubis_kernel::PaymentId;
use rubis_relances::PlanningTrigger;
use time::OffsetDateTime;

use crate::{
    CheckinError, CheckinOutcome,
    answer_checkin::LABEL,
    confirm_checkin,
    plan_again::plan_invoice,
    reopen_invoice::{Reopening, reopen_locked},
};

/// Takes the answer of a check-in back, which is locked with its invoice: the invoice is asked about again, by
/// a button from now on. What was settled or reopened otherwise since stays as it is.
pub(crate) async fn take_answer_back(
    conn: &mut AsyncPgConnection,
    asked: &mut AskedInvoice,
    now: OffsetDateTime,
) -> Result<CheckinOutcome, CheckinError> {
    let AskedInvoice { invoice, task } = asked;
    let (answer, payment) = (task.answer, task.payment_id);
    let stands = match answer {
        Some(CheckinAnswer::Paid) => settlement(conn, invoice, payment).await?.is_some(),
        Some(CheckinAnswer::StillPending) => still_stands(conn, invoice, task).await?,
        None => false,
    };
    if !stands {
        return Ok(CheckinOutcome::AlreadyAnswered);
    }
    rubis_checkins::record_suspicion(conn, task, now).await?;
    confirm_checkin::withdraw(conn, task).await?;
    if answer == Some(CheckinAnswer::Paid) {
        let reopening = Reopening { asking: PlanCheckin::default(), actor: None, label: Some(LABEL) };
        reopen_locked(conn, invoice, reopening, now).await?;
        ask(conn, invoice, now).await?;
    } else {
        ask(conn, invoice, now).await?;
        plan_invoice(conn, invoice, PlanningTrigger::RulesChanged, now).await?;
    }
    Ok(CheckinOutcome::Confirm)
}

/// Records that the check-in whose answer recorded a payment was answered *still pending*, now that the payment of
/// the invoice, locked by the caller, counts no more.
pub(crate) async fn withdraw_answer(
    conn: &mut AsyncPgConnection,
    invoice: &Invoice,
    payment: PaymentId,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let all = rubis_checkins::checkins_of_invoice(conn, invoice.organization_id, invoice.id).await?;
    let Some(found) = all.into_iter().find(|task| task.payment_id == Some(payment)) else {
        return Ok(());
    };
    let asked = rubis_checkins::lock_with_invoice(conn, invoice.organization_id, found.id).await?;
    if let Some(AskedInvoice { mut task, .. }) = asked {
        rubis_checkins::record_undone(conn, &mut task, now).await?;
        confirm_checkin::withdraw(conn, &task).await?;
    }
    Ok(())
}

/// The payment that a check-in recorded, if it is what the invoice is settled by still.
pub(crate) async fn settlement(
    conn: &mut AsyncPgConnection,
    invoice: &Invoice,
    payment: Option<PaymentId>,
) -> Result<Option<Payment>, diesel::result::Error> {
    let (InvoiceStatus::Paid, Some(payment)) = (invoice.status, payment) else {
        return Ok(None);
    };
    let payments = rubis_invoices::payments_of(conn, invoice.organization_id, invoice.id).await?;
    let last = payments.into_iter().rfind(|payment| payment.voided_at.is_none());
    Ok(last.filter(|last| last.id == payment))
}

/// Returns true if an answer *still pending* is the latest about its invoice.
async fn still_stands(
    conn: &mut AsyncPgConnection,
    invoice: &Invoice,
    task: &CheckinTask,
) -> Result<bool, diesel::result::Error> {
    if reason_not_to_ask(invoice.status).is_some() || task.due_date != invoice.due_date {
        return Ok(false);
    }
    let all = rubis_checkins::checkins_of_invoice(conn, invoice.organization_id, invoice.id).await?;
    Ok(!all.iter().any(CheckinTask::is_live))
}

/// The user is asked about an invoice, where that means something in its state.
pub(crate) async fn ask(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    match rubis_invoices::transition(conn, invoice, Transition::CheckinSent, now).await {
        Err(TransitionError::Database(error)) => Err(error),
        Ok(()) | Err(TransitionError::Illegal(_) | TransitionError::DecidedByPayments) => Ok(()),
    }
}
