//! Jobs whose task is gone or over.

use std::collections::HashMap;

use rubis_checkins::{CheckinStatus, ExpireCheckin, GatherCheckins, checkin_statuses};
use rubis_db::AsyncPgConnection;
use rubis_jobs::{Job as _, JobId, Queue};
use rubis_kernel::{CheckinTaskId, RelanceTaskId};
use rubis_relances::{RelanceStatus, SendRelance, relance_statuses};
use time::OffsetDateTime;

use super::{AGE, Finding, FindingKind, FindingOutcome, PAGE, PAGES, is_full};

type Position = Option<(String, OffsetDateTime, String)>;

/// Compares the next jobs of the round, one queue after the other.
pub(super) async fn sweep(
    conn: &mut AsyncPgConnection,
    after: Position,
    now: OffsetDateTime,
    findings: &mut Vec<Finding>,
) -> Result<Position, diesel::result::Error> {
    let begun = after.as_ref().and_then(|(queue, ..)| queue.parse::<Queue>().ok());
    let queues = Queue::ALL.iter().copied().skip_while(|queue| begun.is_some_and(|begun| begun != *queue));
    let mut position = after.map(|(_, run_at, id)| (run_at, id));
    let mut pages = 0;
    for queue in queues {
        loop {
            if pages == PAGES {
                // A queue that is not begun is the next one.
                let (run_at, id) = position.unwrap_or_else(|| (now, String::new()));
                return Ok(Some((queue.as_str().to_owned(), run_at, id)));
            }
            pages += 1;
            // One that is due runs by itself, and finds that there is nothing to do.
            let after = position.or_else(|| Some((now, String::new())));
            let page = rubis_jobs::untouched(conn, queue, now - AGE, after, PAGE).await?;
            let ids: Vec<JobId> = page.iter().map(|(id, _)| id.clone()).collect();
            remove_orphans(conn, &ids, findings).await?;
            position = page.last().map(|(id, run_at)| (*run_at, id.as_str().to_owned()));
            if !is_full(page.len()) {
                position = None;
                break;
            }
        }
    }
    Ok(None)
}

/// Deletes those of the jobs whose task is gone or over for good. Neither comes back, so that no lock is needed: a task
/// and its job are written in one transaction, and the task is read after the job.
async fn remove_orphans(
    conn: &mut AsyncPgConnection,
    ids: &[JobId],
    findings: &mut Vec<Finding>,
) -> Result<(), diesel::result::Error> {
    let relances: Vec<(RelanceTaskId, &JobId)> = keys(ids, &[SendRelance::KIND]);
    let of_relances: Vec<RelanceTaskId> = relances.iter().map(|(task, _)| *task).collect();
    let statuses: HashMap<_, _> = relance_statuses(conn, &of_relances).await?.into_iter().collect();
    let is_over = |status: Option<&RelanceStatus>| {
        matches!(status, None | Some(RelanceStatus::Sent | RelanceStatus::Cancelled))
    };
    let mut orphans: Vec<JobId> = relances
        .into_iter()
        .filter(|(task, _)| is_over(statuses.get(task)))
        .map(|(_, job)| job.clone())
        .collect();

    let checkins: Vec<(CheckinTaskId, &JobId)> = keys(ids, &[GatherCheckins::KIND, ExpireCheckin::KIND]);
    let of_checkins: Vec<CheckinTaskId> = checkins.iter().map(|(task, _)| *task).collect();
    let statuses: HashMap<_, _> = checkin_statuses(conn, &of_checkins).await?.into_iter().collect();
    let gone = checkins
        .into_iter()
        .filter(|(task, _)| matches!(statuses.get(task), None | Some(CheckinStatus::Cancelled)));
    orphans.extend(gone.map(|(_, job)| job.clone()));

    let removed = rubis_jobs::cancel(conn, &orphans).await?;
    findings.extend(removed.into_iter().map(|job| Finding {
        kind: FindingKind::JobWithoutTask,
        outcome: FindingOutcome::Repaired,
        organization: None,
        id: job.to_string(),
    }));
    Ok(())
}

/// The tasks of the jobs of these kinds.
fn keys<'a, T: From<uuid::Uuid>>(ids: &'a [JobId], kinds: &[&str]) -> Vec<(T, &'a JobId)> {
    ids.iter()
        .filter(|id| kinds.contains(&id.kind()))
        .filter_map(|id| Some((T::from(id.key().parse::<uuid::Uuid>().ok()?), id)))
        .collect()
}
