//! Planning requests and their jobs.

use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_jobs::{Job as _, JobState};
use rubis_kernel::OrganizationId;
use time::OffsetDateTime;

use super::{AGE, Finding, FindingKind, FindingOutcome, MAX_SUSPECTS, PAGE, PAGES, is_full};
use crate::{
    PlanAgain,
    queries::planning_requests::{self, WaitingRequest},
    request_planning::{scope_key, scope_of},
};

type Position = Option<(OrganizationId, String)>;

/// Compares the next planning requests of the round.
pub(super) async fn sweep(
    conn: &mut AsyncPgConnection,
    mut after: Position,
    now: OffsetDateTime,
    findings: &mut Vec<Finding>,
) -> Result<Position, diesel::result::Error> {
    for _ in 0..PAGES {
        let (last, suspects) = page(conn, after, now).await?;
        for job in suspects.iter().take(MAX_SUSPECTS) {
            findings.extend(look_again(conn, job, now).await?);
        }
        if last.is_none() {
            return Ok(None);
        }
        after = last;
    }
    Ok(after)
}

fn job_of(request: &WaitingRequest) -> Option<PlanAgain> {
    Some(PlanAgain { organization_id: request.organization_id, scope: scope_of(&request.scope)? })
}

/// One page from one snapshot: its last request if another page may follow, and the suspects.
async fn page(
    conn: &mut AsyncPgConnection,
    after: Position,
    now: OffsetDateTime,
) -> Result<(Position, Vec<PlanAgain>), diesel::result::Error> {
    conn.build_transaction()
        .read_only()
        .repeatable_read()
        .run(async |conn| {
            let waiting = planning_requests::page(conn, now - AGE, after, PAGE).await?;
            let last = waiting.last().filter(|_| is_full(waiting.len()));
            let last = last.map(|request| (request.organization_id, request.scope.clone()));
            let jobs: Vec<PlanAgain> = waiting.iter().filter_map(job_of).collect();
            let states = rubis_jobs::states(conn, jobs.iter().map(rubis_jobs::Job::id)).await?;
            let is_suspect = |job: &PlanAgain| matches!(states.get(&job.id()), None | Some(JobState::Dead));
            Ok((last, jobs.into_iter().filter(is_suspect).collect()))
        })
        .await
}

async fn look_again(
    conn: &mut AsyncPgConnection,
    job: &PlanAgain,
    now: OffsetDateTime,
) -> Result<Option<Finding>, diesel::result::Error> {
    let found = conn
        .transaction(async |conn| {
            // As for a new request: one that ends meanwhile makes the job that is added here end at once.
            planning_requests::lock_organization(conn, job.organization_id).await?;
            let key = scope_key(job.scope);
            let Some(request) = planning_requests::find(conn, job.organization_id, &key).await? else {
                return Ok(None);
            };
            match rubis_jobs::states(conn, [job.id()]).await?.into_values().next() {
                None => {
                    rubis_jobs::ensure(conn, job, request.not_before.max(now), now).await?;
                    Ok(Some((FindingKind::PlanningWithoutJob, FindingOutcome::Repaired)))
                }
                // It fails whenever it runs: it is among the dead letters, and the next change revives it.
                Some(JobState::Dead) => Ok(Some((FindingKind::PlanningOfDeadJob, FindingOutcome::Reported))),
                Some(JobState::Scheduled | JobState::Running) => Ok::<_, diesel::result::Error>(None),
            }
        })
        .await?;
    Ok(found.map(|(kind, outcome)| Finding {
        kind,
        outcome,
        organization: Some(job.organization_id),
        id: scope_key(job.scope),
    }))
}
