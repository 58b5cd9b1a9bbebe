//! A person takes one reminder out.

use rubis_accounts::ActivityKind;
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::Reason;
use rubis_kernel::{OrganizationId, RelanceTaskId, UserId};
use time::OffsetDateTime;

use crate::{
    act_on_task::{RelanceActionError, lock_named},
    cancel_planned::call_off,
    queries::tasks,
    task::{RelanceStatus, RelanceTask},
};

/// Takes a reminder out for good: planning again leaves it out too. Once this returns, it does not
/// leave.
///
/// # Errors
/// [`RelanceActionError::AlreadyBeingSent`] when it is too late, and the others.
#[tracing::instrument(skip_all, fields(organization = %organization, relance = %task))]
pub async fn cancel_relance(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    task: RelanceTaskId,
    actor: UserId,
    now: OffsetDateTime,
) -> Result<RelanceTask, RelanceActionError> {
    conn.transaction(async |conn| {
        let case = lock_named(conn, organization, task).await?;
        if case.task.status() != RelanceStatus::Scheduled {
            return Err(RelanceActionError::AlreadyDone(case.task.status()));
        }
        if !case.task.can_be_cancelled() {
            return Err(RelanceActionError::AlreadyBeingSent);
        }
        call_off(conn, organization, &[&case.task], Reason::CancelledByUser, now).await?;
        case.record(conn, ActivityKind::RelanceCancelled, actor, now).await?;
        tasks::find(conn, organization, task).await?.ok_or(RelanceActionError::NotFound)
    })
    .await
}
