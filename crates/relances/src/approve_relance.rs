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
    queries::tasks,
    state::{Note, RelanceEvent, RelanceState},
    task::{RelanceStatus, RelanceTask},
    text::RenderedText,
};

/// Records who approved which text and when, and sends it a minute later, at any hour. The text has the figures of
/// today. If anything else changed since the reminder was drafted (the balance, a name, a recipient, the plan's
/// wording), it is drafted again and has to be approved in its new text.
///
/// # Errors
/// [`RelanceActionError`].
#[tracing::instrument(skip_all, fields(organization = %organization, relance = %task))]
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
            let changes = facts.changes_since(case.task.draft());
            let text = case.text_at(now)?;
            if !changes.is_empty() {
                draft(conn, &case, text, facts, &changes, now).await?;
                return Ok(changes);
            }
            let draft = Draft { facts, approved: Some(text.clone()) };
            let send_at = now + CATCH_UP_DELAY;
            let approved = RelanceTask {
                send_at,
                meant_for: case.meant_for_if_sent(send_at),
                ..case.task.after(RelanceEvent::Approved { text, draft, by: approver, at: now })?
            };
            tasks::save(conn, &approved, now).await?;
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
    if case.task.status() != RelanceStatus::Scheduled {
        return Err(RelanceActionError::AlreadyDone(case.task.status()));
    }
    case.check_may_leave(now)?;
    match case.task.state {
        RelanceState::Drafted { .. } => Ok(()),
        RelanceState::Approved { .. } => Err(RelanceActionError::AlreadyApproved),
        _ => Err(RelanceActionError::NotDrafted),
    }
}

/// Puts the text before a person. An approval of other facts is void, and the reminder says why.
pub(crate) async fn draft(
    conn: &mut AsyncPgConnection,
    case: &LockedTask,
    text: RenderedText,
    facts: Facts,
    changes: &[&str],
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let code = Reason::FactsChanged.as_str().to_owned();
    let note = (!changes.is_empty()).then(|| Note { code, detail: Some(changes.join(", ")) });
    let draft = Draft { facts, approved: None };
    let drafted = RelanceTask {
        plan_step_id: case.step.id,
        ..case.task.after(RelanceEvent::Drafted { text, draft, note, at: now })?
    };
    tasks::save(conn, &drafted, now).await?;
    let mut meta = event_meta(case.task.id, &case.invoice, &case.step);
    if let Some(meta) = meta.as_object_mut() {
        meta.insert("changes".to_owned(), json!(changes));
    }
    let event =
        NewEvent { kind: ActivityKind::WarningDrafted, invoice_id: Some(case.invoice.id), actor: None, meta };
    rubis_accounts::record(conn, case.organization.id, event, now).await
}
