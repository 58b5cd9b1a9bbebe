//! The user answers whether an invoice was paid.

use rubis_accounts::ActivityKind;
use rubis_checkins::{
    AskedInvoice, CheckinAnswer, CheckinAnsweredBy, CheckinRules, CheckinStatus, CheckinTask, Verdict,
};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::{InvoiceStatus, NewPayment};
use rubis_kernel::UserId;
use rubis_relances::PlanningTrigger;
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    checkins::{
        by_token::{ByToken, lock_by_token},
        confirm,
        outcome::{AnsweredBy, CheckinError, CheckinOutcome, LABEL},
        take_back::take_answer_back,
    },
    events,
    plan_again::plan_invoice,
    settle_invoice::settle_locked,
};

/// Records the user's answer, in one transaction: *paid* settles the invoice exactly as marking it paid does,
/// *still pending* sends the reminders that waited, a minute later and in business hours. Of any number of answers at the same moment
/// the first counts. Opening a link counts only where it is no machine's doing.
///
/// # Errors
/// [`CheckinError`]; nothing was recorded then.
#[tracing::instrument(skip_all)]
pub async fn answer_checkin(
    conn: &mut AsyncPgConnection,
    token: &str,
    answer: CheckinAnswer,
    by: AnsweredBy,
    rules: &CheckinRules,
    now: OffsetDateTime,
) -> Result<CheckinOutcome, CheckinError> {
    conn.transaction(async |conn| {
        let mut asked = match lock_by_token(conn, token, rules, now).await? {
            ByToken::Found(asked) => *asked,
            ByToken::Gone => return Ok(CheckinOutcome::Gone),
            ByToken::Unknown => return Ok(CheckinOutcome::Invalid),
        };
        let outcome = answer_locked(conn, &mut asked, answer, &by, rules, now).await?;
        if outcome == CheckinOutcome::Settled {
            confirm::request(conn, &asked.task, now).await?;
        }
        Ok(outcome)
    })
    .await
}

/// Records an answer to a check-in that is locked with its invoice.
#[tracing::instrument(skip_all, fields(organization = %asked.invoice.organization_id, invoice = %asked.invoice.id, checkin = %asked.task.id))]
pub(crate) async fn answer_locked(
    conn: &mut AsyncPgConnection,
    asked: &mut AskedInvoice,
    answer: CheckinAnswer,
    by: &AnsweredBy,
    rules: &CheckinRules,
    now: OffsetDateTime,
) -> Result<CheckinOutcome, CheckinError> {
    let opening = by.opening(answer, now);
    let verdict = match by {
        AnsweredBy::Link(_) => rubis_checkins::judge(conn, &asked.task, &opening, rules).await?,
        AnsweredBy::Button { .. } => verdict_on_button(&asked.task, now),
    };
    rubis_checkins::record_click(conn, &asked.task, &opening, verdict.as_str()).await?;
    match verdict {
        Verdict::Effect if !asked.invoice.status.is_open() => Ok(ended(asked)),
        Verdict::Effect => match answer {
            CheckinAnswer::Paid => declare_paid(conn, asked, by.kind(), now).await,
            CheckinAnswer::StillPending => {
                let origin = Origin { by: by.kind(), actor: None };
                if origin.by == CheckinAnsweredBy::Link {
                    rubis_checkins::hold_answer(conn, &mut asked.invoice, rules, now).await?;
                }
                declare_pending(conn, asked, origin, PlanningTrigger::AnsweredPendingByLink, now).await?;
                Ok(CheckinOutcome::StillPending)
            }
        },
        Verdict::Confirm(_) => Ok(CheckinOutcome::Confirm),
        Verdict::Undo => take_answer_back(conn, asked, now).await,
        Verdict::AlreadyAnswered => Ok(CheckinOutcome::AlreadyAnswered),
        Verdict::Expired => Ok(ended(asked)),
    }
}

/// A button is believed as long as the links live, whatever opened them before.
fn verdict_on_button(task: &CheckinTask, now: OffsetDateTime) -> Verdict {
    if task.status == CheckinStatus::Answered {
        Verdict::AlreadyAnswered
    } else if task.takes_answers(now) {
        Verdict::Effect
    } else {
        Verdict::Expired
    }
}

/// Outcome for a check-in that takes no answer any more.
fn ended(asked: &AskedInvoice) -> CheckinOutcome {
    if asked.invoice.status == InvoiceStatus::Paid {
        CheckinOutcome::AlreadyAnswered
    } else {
        CheckinOutcome::Expired
    }
}

async fn declare_paid(
    conn: &mut AsyncPgConnection,
    asked: &mut AskedInvoice,
    by: CheckinAnsweredBy,
    now: OffsetDateTime,
) -> Result<CheckinOutcome, CheckinError> {
    let AskedInvoice { invoice, task } = asked;
    let organization = rubis_accounts::organization(conn, task.organization_id)
        .await?
        .ok_or(diesel::result::Error::NotFound)?;
    // Answered first: what settles an invoice calls off a question that waits for its answer.
    rubis_checkins::record_answer(conn, task, CheckinAnswer::Paid, by, None, now).await?;
    let payment = NewPayment::of_balance(organization.time_zone.local_date(now), LABEL);
    let (payment, _) = settle_locked(conn, invoice, &payment, None, now).await?;
    rubis_checkins::record_answer(conn, task, CheckinAnswer::Paid, by, Some(payment.id), now).await?;
    Ok(CheckinOutcome::Settled)
}

/// The way an answer came, and the signed-in user who gave it, if one did.
pub(crate) struct Origin {
    pub by: CheckinAnsweredBy,
    pub actor: Option<UserId>,
}

/// Records *still pending* and plans the reminders that waited for the answer.
#[tracing::instrument(skip_all, fields(organization = %asked.invoice.organization_id, invoice = %asked.invoice.id, checkin = %asked.task.id))]
pub(crate) async fn declare_pending(
    conn: &mut AsyncPgConnection,
    asked: &mut AskedInvoice,
    origin: Origin,
    trigger: PlanningTrigger,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let AskedInvoice { invoice, task } = asked;
    rubis_checkins::record_answer(conn, task, CheckinAnswer::StillPending, origin.by, None, now).await?;
    rubis_checkins::no_longer_asked(conn, invoice, now).await?;
    let more = json!({ "checkinId": task.id, "answer": CheckinAnswer::StillPending });
    events::record(conn, invoice, ActivityKind::CheckinAnswered, origin.actor, more, now).await?;
    plan_invoice(conn, invoice, trigger, now).await
}
