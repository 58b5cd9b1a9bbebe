//! Check-ins and their jobs.

use rubis_checkins::{
    CheckinFault, CheckinStatus, CheckinTask, ExpireCheckin, GatherCheckins, SendCheckinMail, judge_checkin,
    live_checkins, make_job_again,
};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::Reason;
use rubis_kernel::{CheckinTaskId, MailFailure};
use time::OffsetDateTime;

use super::{AGE, Finding, FindingKind, FindingOutcome, MAX_SUSPECTS, PAGE, PAGES, is_full};
use crate::{
    checkins::{end_checkin, record_checkin_mail_failed, record_checkin_not_gathered},
    request_planning::is_requested,
};

/// Compares the next check-ins of the round.
pub(super) async fn sweep(
    conn: &mut AsyncPgConnection,
    mut after: Option<CheckinTaskId>,
    now: OffsetDateTime,
    findings: &mut Vec<Finding>,
) -> Result<Option<CheckinTaskId>, diesel::result::Error> {
    for _ in 0..PAGES {
        let (last, suspects) = page(conn, after, now).await?;
        for task in suspects.iter().take(MAX_SUSPECTS) {
            findings.extend(look_again(conn, task, now).await?);
        }
        if last.is_none() {
            return Ok(None);
        }
        after = last;
    }
    Ok(after)
}

/// One page from one snapshot: its last check-in if another page may follow, and the suspects.
async fn page(
    conn: &mut AsyncPgConnection,
    after: Option<CheckinTaskId>,
    now: OffsetDateTime,
) -> Result<(Option<CheckinTaskId>, Vec<CheckinTask>), diesel::result::Error> {
    conn.build_transaction()
        .read_only()
        .repeatable_read()
        .run(async |conn| {
            let live = live_checkins(conn, now - AGE, after, PAGE).await?;
            let states =
                rubis_jobs::states(conn, live.iter().filter_map(CheckinTask::awaited_job_id)).await?;
            let last = live.last().filter(|_| is_full(live.len())).map(|task| task.id);
            let state = |task: &CheckinTask| states.get(&task.awaited_job_id()?).copied();
            let suspects = live.into_iter().filter(|task| task.fault(state(task), now).is_some()).collect();
            Ok((last, suspects))
        })
        .await
}

async fn look_again(
    conn: &mut AsyncPgConnection,
    suspect: &CheckinTask,
    now: OffsetDateTime,
) -> Result<Option<Finding>, diesel::result::Error> {
    let found = conn
        .transaction(async |conn| {
            let locked = rubis_checkins::lock_with_invoice(conn, suspect.organization_id, suspect.id).await?;
            let organization = rubis_accounts::organization(conn, suspect.organization_id).await?;
            let (Some(asked), Some(organization)) = (locked, organization) else { return Ok(None) };
            match judge_checkin(conn, &organization, &asked, now).await? {
                // It gets its job when its invoice is planned.
                Some(CheckinFault::WithoutJob)
                    if asked.task.status == CheckinStatus::Scheduled
                        && asked.task.sending_since.is_none()
                        && is_requested(conn, &asked.invoice).await? =>
                {
                    Ok(None)
                }
                Some(fault) => Ok(Some((fault, repair(conn, &asked.task, fault, now).await?))),
                None => Ok::<_, diesel::result::Error>(None),
            }
        })
        .await?;
    Ok(found.map(|(fault, outcome): (CheckinFault, FindingOutcome)| Finding {
        kind: match fault {
            CheckinFault::WithoutJob => FindingKind::CheckinWithoutJob,
            CheckinFault::OfDeadJob => FindingKind::CheckinOfDeadJob,
            CheckinFault::SendingForLong => FindingKind::CheckinSendingForLong,
        },
        outcome,
        organization: Some(suspect.organization_id),
        id: suspect.id.to_string(),
    }))
}

/// Repairs a check-in that is locked with its invoice. A mail that may have been handed to the mail server is not sent
/// again: its check-ins have failed, and the reminders go on.
async fn repair(
    conn: &mut AsyncPgConnection,
    task: &CheckinTask,
    fault: CheckinFault,
    now: OffsetDateTime,
) -> Result<FindingOutcome, diesel::result::Error> {
    match fault {
        CheckinFault::SendingForLong => return Ok(FindingOutcome::Reported),
        CheckinFault::WithoutJob if task.sending_since.is_none() => make_job_again(conn, task, now).await?,
        CheckinFault::WithoutJob | CheckinFault::OfDeadJob => give_up(conn, task, now).await?,
    }
    Ok(FindingOutcome::Repaired)
}

async fn give_up(
    conn: &mut AsyncPgConnection,
    task: &CheckinTask,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let (organization_id, task_id) = (task.organization_id, task.id);
    let (reason, failure) = (Reason::AttemptsExhausted, MailFailure::Internal);
    match (task.status, task.mail_id) {
        (CheckinStatus::Sent, _) => end_checkin(conn, &ExpireCheckin { organization_id, task_id }, now).await,
        (_, Some(mail_id)) => {
            let job = SendCheckinMail { organization_id, mail_id };
            record_checkin_mail_failed(conn, &job, reason, &failure, now).await
        }
        (_, None) => {
            let job = GatherCheckins { organization_id, task_id };
            record_checkin_not_gathered(conn, &job, reason, &failure, now).await
        }
    }
}
