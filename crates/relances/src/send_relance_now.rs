//! A person sends a reminder before its date, or once more after it failed.

use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::Reason;
use rubis_kernel::{OrganizationId, RelanceTaskId};
use time::OffsetDateTime;

use crate::{
    act_on_task::{RelanceActionError, enqueue_soon, lock_named},
    cancel_planned::call_off,
    jobs::SendRelance,
    planning::CATCH_UP_DELAY,
    queries::tasks,
    state::RelanceEvent,
    task::{RelanceStatus, RelanceTask},
};

/// Sends a reminder a minute later, at any hour. Those planned before it are cancelled: a friendly reminder must not
/// follow a firm one. Those after it keep the plan's spacing from it.
///
/// # Errors
/// [`RelanceActionError`].
#[tracing::instrument(skip_all, fields(organization = %organization, relance = %task))]
pub async fn send_relance_now(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    task: RelanceTaskId,
    now: OffsetDateTime,
) -> Result<RelanceTask, RelanceActionError> {
    conn.transaction(async |conn| {
        let case = lock_named(conn, organization, task).await?;
        match case.task.status() {
            RelanceStatus::Scheduled | RelanceStatus::Failed => {}
            done => return Err(RelanceActionError::AlreadyDone(done)),
        }
        case.check_may_leave(now)?;
        if case.step.content.requires_manual_validation && !case.task.is_approved() {
            return Err(RelanceActionError::ApprovalRequired);
        }
        // A second click puts nothing off.
        if case.task.hurried_at.is_some() && case.task.send_at > now && !case.task.was_claimed() {
            return Ok(case.task);
        }
        let of_invoice = tasks::lock_of_invoice(conn, organization, case.invoice.id).await?;
        let same_step_is_planned = of_invoice.iter().any(|other| {
            other.id != task
                && other.plan_step_id == case.task.plan_step_id
                && other.chain == case.task.chain
                && matches!(other.status(), RelanceStatus::Scheduled | RelanceStatus::Sent)
        });
        if same_step_is_planned || case.task.chain != case.invoice.chain {
            return Err(RelanceActionError::AlreadyDone(case.task.status()));
        }
        let earlier: Vec<&RelanceTask> = of_invoice
            .iter()
            .filter(|other| other.id != task && other.can_be_cancelled() && other.send_at < case.task.send_at)
            .collect();
        call_off(conn, organization, &earlier, Reason::Overtaken, now).await?;
        let send_at = now + CATCH_UP_DELAY;
        let hurried = RelanceTask {
            send_at,
            meant_for: case.meant_for_if_sent(send_at),
            hurried_at: Some(now),
            ..case.task.after(RelanceEvent::Hurried)?
        };
        tasks::save(conn, &hurried, now).await?;
        case.plan_others(conn, now).await?;
        let job = SendRelance { organization_id: organization, task_id: task };
        enqueue_soon(conn, &job, send_at, now).await?;
        tasks::find(conn, organization, task).await?.ok_or(RelanceActionError::NotFound)
    })
    .await
}
