//! Reminders and their jobs.

use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_jobs::Job as _;
use rubis_kernel::RelanceTaskId;
use rubis_relances::{RelanceFault, RelanceRepair, WaitingRelance, reconcile_relance, waiting_relances};
use time::OffsetDateTime;

use super::{AGE, DUE_WINDOW, Finding, FindingKind, FindingOutcome, MAX_SUSPECTS, PAGE, PAGES, is_full};
use crate::request_planning::is_requested;

type Position = Option<(OffsetDateTime, RelanceTaskId)>;

/// Compares the reminders that have come due lately.
pub(super) async fn sweep_due(
    conn: &mut AsyncPgConnection,
    now: OffsetDateTime,
    findings: &mut Vec<Finding>,
) -> Result<(), diesel::result::Error> {
    let begin = Some((now - DUE_WINDOW, RelanceTaskId::from(uuid::Uuid::nil())));
    pages(conn, begin, Some(now), now, findings).await.map(drop)
}

/// Compares the next reminders of the round.
pub(super) async fn sweep(
    conn: &mut AsyncPgConnection,
    after: Position,
    now: OffsetDateTime,
    findings: &mut Vec<Finding>,
) -> Result<Position, diesel::result::Error> {
    pages(conn, after, None, now, findings).await
}

async fn pages(
    conn: &mut AsyncPgConnection,
    mut after: Position,
    until: Option<OffsetDateTime>,
    now: OffsetDateTime,
    findings: &mut Vec<Finding>,
) -> Result<Position, diesel::result::Error> {
    for _ in 0..PAGES {
        let (last, suspects) = page(conn, after, until, now).await?;
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

/// One page from one snapshot: its last reminder if another page may follow, and the suspects.
async fn page(
    conn: &mut AsyncPgConnection,
    after: Position,
    until: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Result<(Position, Vec<WaitingRelance>), diesel::result::Error> {
    conn.build_transaction()
        .read_only()
        .repeatable_read()
        .run(async |conn| {
            let waiting = waiting_relances(conn, now - AGE, after, until, PAGE).await?;
            let states = rubis_jobs::states(conn, waiting.iter().map(|task| task.job().id())).await?;
            let last = waiting.last().filter(|_| is_full(waiting.len())).map(|task| (task.send_at, task.id));
            let is_suspect =
                |task: &WaitingRelance| task.is_suspect(states.get(&task.job().id()).copied(), now);
            let suspects = waiting.into_iter().filter(is_suspect).collect();
            Ok((last, suspects))
        })
        .await
}

async fn look_again(
    conn: &mut AsyncPgConnection,
    suspect: &WaitingRelance,
    now: OffsetDateTime,
) -> Result<Option<Finding>, diesel::result::Error> {
    let found = conn
        .transaction(async |conn| {
            let found = reconcile_relance(conn, &suspect.job(), now).await?;
            let gets_job = matches!(found, Some((_, RelanceRepair::Enqueued)));
            // The invoice is locked by now: a request that plans it is seen, and has not planned it yet.
            if gets_job && is_planned_again(conn, suspect).await? {
                return Err(diesel::result::Error::RollbackTransaction);
            }
            Ok(found)
        })
        .await;
    let found = match found {
        Err(diesel::result::Error::RollbackTransaction) => None,
        found => found?,
    };
    Ok(found.map(|(fault, repair)| Finding {
        kind: match fault {
            RelanceFault::WithoutJob => FindingKind::RelanceWithoutJob,
            RelanceFault::OfDeadJob => FindingKind::RelanceOfDeadJob,
            RelanceFault::SendingForLong => FindingKind::RelanceSendingForLong,
        },
        outcome: match repair {
            RelanceRepair::Enqueued | RelanceRepair::Failed => FindingOutcome::Repaired,
            RelanceRepair::None => FindingOutcome::Reported,
        },
        organization: Some(suspect.organization_id),
        id: suspect.id.to_string(),
    }))
}

/// Reports if a planning request covers the reminder's invoice, and gives the reminder its date and its job.
async fn is_planned_again(
    conn: &mut AsyncPgConnection,
    task: &WaitingRelance,
) -> Result<bool, diesel::result::Error> {
    match rubis_invoices::invoice(conn, task.organization_id, task.invoice_id).await? {
        Some(invoice) => is_requested(conn, &invoice).await,
        None => Ok(false),
    }
}
