//! A person approves a drafted formal notice, and it leaves.

use rubis_accounts::ActivityKind;
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_kernel::{OrganizationId, RelanceTaskId, UserId};
use time::OffsetDateTime;

use crate::{
    act_on_task::{RelanceActionError, enqueue_now, lock_named},
    jobs::SendRelance,
    queries::tasks::{self, TaskChange},
    task::{RelanceStatus, RelanceTask},
};

/// Records who approved which text and when, and lets it leave at once. When what the
/// text tells changed since it was drafted (the balance, a name), a new text takes its place and has to be
/// approved instead.
///
/// # Errors
/// [`RelanceActionError`].
pub async fn approve_relance(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    task: RelanceTaskId,
    approver: UserId,
    now: OffsetDateTime,
) -> Result<RelanceTask, RelanceActionError> {
    let outdated = conn
        .transaction(async |conn| {
            let case = lock_named(conn, organization, task).await?;
            match case.task.status {
                RelanceStatus::Scheduled => {}
                done => return Err(RelanceActionError::AlreadyDone(done)),
            }
            case.check_may_leave(now)?;
            if case.task.approved_at.is_some() {
                return Err(RelanceActionError::AlreadyApproved);
            }
            let drafted_at = case.task.drafted_at.ok_or(RelanceActionError::NotDrafted)?;
            if !case.says_what_is_so(drafted_at)? {
                let text = case.text_at(now)?;
                let change = TaskChange { drafted_at: Some(now), ..TaskChange::text(&text) };
                tasks::change(conn, organization, task, &change, now).await?;
                return Ok(true);
            }
            let change = TaskChange {
                send_at: Some(now),
                meant_for: Some(case.meant_for_if_sent(now)),
                approved_at: Some(Some(now)),
                approved_by: Some(Some(approver.as_uuid())),
                ..TaskChange::default()
            };
            tasks::change(conn, organization, task, &change, now).await?;
            case.plan_others(conn, now).await?;
            let job = SendRelance { organization_id: organization, task_id: task };
            enqueue_now(conn, &job, now).await?;
            case.record(conn, ActivityKind::RelanceApproved, approver, now).await?;
            Ok(false)
        })
        .await?;
    if outdated {
        return Err(RelanceActionError::DraftOutdated);
    }
    tasks::find(conn, organization, task).await?.ok_or(RelanceActionError::NotFound)
}
