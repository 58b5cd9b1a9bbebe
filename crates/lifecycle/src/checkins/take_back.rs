//! An answer that a link gave is taken back, because both links were opened as only a machine does.

use rubis_checkins::{AskedInvoice, CheckinAnswer, CheckinTask, PlanCheckin};
use rubis_db::AsyncPgConnection;
use rubis_invoices::{Invoice, Reason};
use rubis_relances::PlanningTrigger;
use time::OffsetDateTime;

use crate::{
    checkins::{
        ask::ask,
        confirm,
        outcome::{CheckinError, CheckinOutcome, LABEL},
        settlement::settlement,
    },
    plan_again::plan_invoice,
    reopen_invoice::{Reopening, reopen_locked},
};

/// Takes the answer of a check-in back, which is locked with its invoice: the invoice is asked about again, by
/// a button from now on. What was settled or reopened otherwise since stays as it is.
#[tracing::instrument(skip_all, fields(organization = %asked.invoice.organization_id, invoice = %asked.invoice.id, checkin = %asked.task.id))]
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
    confirm::withdraw(conn, task).await?;
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

/// Returns true if an answer *still pending* is the latest about its invoice.
async fn still_stands(
    conn: &mut AsyncPgConnection,
    invoice: &Invoice,
    task: &CheckinTask,
) -> Result<bool, diesel::result::Error> {
    if Reason::not_to_chase(invoice.status).is_some() || task.due_date != invoice.due_date {
        return Ok(false);
    }
    let all = rubis_checkins::checkins_of_invoice(conn, invoice.organization_id, invoice.id).await?;
    Ok(!all.iter().any(CheckinTask::is_live))
}
