//! A formal notice is drafted for a person, who approves it.

use rubis_accounts::{ActivityKind, NewEvent};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::Reason;
use rubis_kernel::{OrganizationId, RelanceTaskId, UserId};
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    act_on_task::{RelanceActionError, enqueue_soon, lock_named},
    claim_relance::event_meta,
    draft::{Draft, Facts},
    jobs::SendRelance,
    locked_task::LockedTask,
    planning::CATCH_UP_DELAY,
    queries::tasks::{self, TaskChange},
    task::{RelanceStatus, RelanceTask},
    text::RenderedText,
};

/// Records who approved which text and when, and sends it a minute later, at any hour. The text has the figures of
/// today. If anything else changed since the reminder was drafted (the balance, a name, a recipient, the plan's
/// wording), it is drafted again and has to be approved in its new text.
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
    let changes = conn
        .transaction(async |conn| {
            let case = lock_named(conn, organization, task).await?;
            check_approvable(&case, now)?;
            let contacts = rubis_invoices::contacts_of(conn, organization, case.client.id).await?;
            let facts = Facts::of(&case, &contacts, &case.values_at(now));
            let changes = facts.changes_since(case.task.draft.as_ref());
            let text = case.text_at(now)?;
            if !changes.is_empty() {
                draft(conn, &case, &text, facts, &changes, now).await?;
                return Ok(changes);
            }
            let approved = Draft { facts, approved: Some(text.clone()) };
            let send_at = now + CATCH_UP_DELAY;
            let change = TaskChange {
                send_at: Some(send_at),
                meant_for: Some(case.meant_for_if_sent(send_at)),
                approved_at: Some(Some(now)),
                approved_by: Some(Some(approver.as_uuid())),
                draft: serde_json::to_value(approved).ok(),
                reason: Some(None),
                reason_detail: Some(None),
                ..TaskChange::text(&text)
            };
            tasks::change(conn, organization, task, &change, now).await?;
            case.plan_others(conn, now).await?;
            let job = SendRelance { organization_id: organization, task_id: task };
            enqueue_soon(conn, &job, send_at, now).await?;
            case.record(conn, ActivityKind::RelanceApproved, approver, now).await?;
            Ok::<_, RelanceActionError>(Vec::new())
        })
        .await?;
    if !changes.is_empty() {
        return Err(RelanceActionError::DraftOutdated(changes.join(", ")));
    }
    tasks::find(conn, organization, task).await?.ok_or(RelanceActionError::NotFound)
}

fn check_approvable(case: &LockedTask, now: OffsetDateTime) -> Result<(), RelanceActionError> {
    if case.task.status != RelanceStatus::Scheduled {
        return Err(RelanceActionError::AlreadyDone(case.task.status));
    }
    case.check_may_leave(now)?;
    if case.task.approved_at.is_some() {
        return Err(RelanceActionError::AlreadyApproved);
    }
    case.task.drafted_at.ok_or(RelanceActionError::NotDrafted).map(drop)
}

/// Puts the text before a person. An approval of other facts is void, and the reminder says why.
pub(crate) async fn draft(
    conn: &mut AsyncPgConnection,
    case: &LockedTask,
    text: &RenderedText,
    facts: Facts,
    changes: &[&str],
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let detail = changes.join(", ");
    let has_changes = !changes.is_empty();
    let change = TaskChange {
        status: Some(RelanceStatus::Scheduled),
        plan_step_id: Some(case.step.id.as_uuid()),
        sending_since: Some(None),
        drafted_at: Some(now),
        approved_at: Some(None),
        approved_by: Some(None),
        draft: serde_json::to_value(Draft { facts, approved: None }).ok(),
        reason: Some(has_changes.then_some(Reason::FactsChanged.as_str())),
        reason_detail: Some(has_changes.then_some(detail.as_str())),
        ..TaskChange::text(text)
    };
    tasks::change(conn, case.organization.id, case.task.id, &change, now).await?;
    let mut meta = event_meta(case.task.id, &case.invoice, &case.step);
    if let Some(meta) = meta.as_object_mut() {
        meta.insert("changes".to_owned(), json!(changes));
    }
    let event =
        NewEvent { kind: ActivityKind::WarningDrafted, invoice_id: Some(case.invoice.id), actor: None, meta };
    rubis_accounts::record(conn, case.organization.id, event, now).await
}
