//! The user could not be asked whether invoices were paid.

use rubis_accounts::ActivityKind;
use rubis_checkins::{AskedInvoice, GatherCheckins, SendCheckinMail};
use rubis_db::AsyncPgConnection;
use rubis_invoices::Reason;
use rubis_kernel::MailFailure;
use rubis_relances::PlanningTrigger;
use serde_json::json;
use time::OffsetDateTime;

use crate::{events, plan_again::plan_invoice};

/// Records that a mail was given up: the feed says for each of its invoices that the question was not sent, and the reminders
/// that waited for the answer go on. Runs in the transaction that makes the job a dead letter.
///
/// # Errors
/// The database's.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn record_checkin_mail_failed(
    conn: &mut AsyncPgConnection,
    job: &SendCheckinMail,
    reason: Reason,
    failure: &MailFailure,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let failed = rubis_checkins::record_failed(conn, job, reason, now).await?;
    go_on_without(conn, failed, reason, failure, now).await
}

/// As [`record_checkin_mail_failed`], of a check-in that could not even be put into a mail.
///
/// # Errors
/// The database's.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn record_checkin_not_gathered(
    conn: &mut AsyncPgConnection,
    job: &GatherCheckins,
    reason: Reason,
    failure: &MailFailure,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let failed = rubis_checkins::record_not_gathered(conn, job, reason, now).await?;
    go_on_without(conn, failed.into_iter().collect(), reason, failure, now).await
}

async fn go_on_without(
    conn: &mut AsyncPgConnection,
    failed: Vec<AskedInvoice>,
    reason: Reason,
    failure: &MailFailure,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    for AskedInvoice { mut invoice, task } in failed {
        let more = json!({ "checkinId": task.id, "reason": reason.as_str(), "label": failure.detail() });
        rubis_checkins::no_longer_asked(conn, &mut invoice, now).await?;
        events::record(conn, &invoice, ActivityKind::CheckinFailed, None, more, now).await?;
        plan_invoice(conn, &mut invoice, PlanningTrigger::RulesChanged, now).await?;
    }
    Ok(())
}
