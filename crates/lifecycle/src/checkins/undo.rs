//! The user takes back that an invoice was paid.

use rubis_checkins::{AskedInvoice, CheckinLink, CheckinRules, CheckinTask, PlanCheckin};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use time::OffsetDateTime;

use crate::{
    checkins::{
        answer_several::lock_all,
        by_token::{ByToken, lock_by_token},
        confirm::{self, answered_with},
        outcome::{LABEL, pressed},
        settlement::settlement,
    },
    reopen_invoice::{ReopenError, Reopening, reopen_locked},
};

/// Errors of taking an answer back.
#[derive(Debug, thiserror::Error)]
pub enum UndoCheckinError {
    /// There is no such check-in.
    #[error("there is no such check-in")]
    NotFound,
    /// Its links ended too long ago.
    #[error("the check-in ended too long ago")]
    Gone,
    /// It did not declare the invoice paid, that is too long ago, or the invoice was settled or reopened
    /// otherwise since.
    #[error("the answer cannot be taken back any more")]
    NotUndoable,
    /// The settlement could not be undone, though the invoice was paid by it.
    #[error(transparent)]
    Reopen(#[from] ReopenError),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Takes back that an invoice was paid: just this settlement is undone, the answer is *still pending* from
/// now on, and the reminders go on. The user is not asked again.
///
/// The limit of the plan is not asked for: what is taken back was an error, within a short time, about an
/// invoice that was among the chased ones. So one more than the plan allows may be chased for a while.
///
/// # Errors
/// [`UndoCheckinError`].
#[tracing::instrument(skip_all)]
pub async fn undo_checkin(
    conn: &mut AsyncPgConnection,
    token: &str,
    user_agent: &str,
    rules: &CheckinRules,
    now: OffsetDateTime,
) -> Result<(), UndoCheckinError> {
    // A refusal is kept too: it must not roll the transaction back.
    let was_undone = conn
        .transaction(async |conn| {
            let mut asked = match lock_by_token(conn, token, rules, now).await? {
                ByToken::Found(asked) => *asked,
                ByToken::Gone => return Err(UndoCheckinError::Gone),
                ByToken::Unknown => return Err(UndoCheckinError::NotFound),
            };
            undo_locked(conn, &mut asked, user_agent, rules, now).await
        })
        .await?;
    if was_undone { Ok(()) } else { Err(UndoCheckinError::NotUndoable) }
}

/// Undoes all answers *paid* that were given in one go with that of a token, each as [`undo_checkin`] does. Returns their
/// number.
///
/// # Errors
/// [`UndoCheckinError::NotUndoable`] if none of them can be undone, and as [`undo_checkin`].
#[tracing::instrument(skip_all)]
pub async fn undo_checkins(
    conn: &mut AsyncPgConnection,
    token: &str,
    user_agent: &str,
    rules: &CheckinRules,
    now: OffsetDateTime,
) -> Result<usize, UndoCheckinError> {
    let undone = conn
        .transaction(async |conn| {
            let found =
                rubis_checkins::find_by_token(conn, token).await?.ok_or(UndoCheckinError::NotFound)?;
            if found.is_gone(rules, now) {
                return Err(UndoCheckinError::Gone);
            }
            let together = together_with(conn, found).await?;
            let mut asked = lock_all(conn, &together).await?;
            let mut undone = 0;
            for task in &together {
                if let Some(asked) = asked.get_mut(&task.id)
                    && undo_locked(conn, asked, user_agent, rules, now).await?
                {
                    undone += 1;
                }
            }
            Ok(undone)
        })
        .await?;
    if undone == 0 { Err(UndoCheckinError::NotUndoable) } else { Ok(undone) }
}

/// The answers that can be undone together from the page of a check-in: its own, or else the last of its mail.
pub(crate) async fn together_with(
    conn: &mut AsyncPgConnection,
    task: CheckinTask,
) -> Result<Vec<CheckinTask>, diesel::result::Error> {
    let (Some(mail), None) = (task.mail_id, task.answered_with) else {
        return answered_with(conn, task).await;
    };
    let mut all = rubis_checkins::siblings(conn, task.organization_id, mail).await?;
    let last = all
        .iter()
        .filter(|sibling| sibling.answered_with.is_some())
        .max_by_key(|sibling| sibling.answered_at);
    let Some(group) = last.and_then(|last| last.answered_with) else { return Ok(vec![task]) };
    all.retain(|sibling| sibling.answered_with == Some(group));
    Ok(all)
}

/// Undoes an answer that is locked with its invoice, if that is still possible, and records the press.
async fn undo_locked(
    conn: &mut AsyncPgConnection,
    asked: &mut AskedInvoice,
    user_agent: &str,
    rules: &CheckinRules,
    now: OffsetDateTime,
) -> Result<bool, UndoCheckinError> {
    let AskedInvoice { invoice, task } = asked;
    let in_time = task.undo_until(rules).is_some_and(|until| now < until);
    let undoable = in_time && settlement(conn, invoice, task.payment_id).await?.is_some();
    let opening = pressed(CheckinLink::Undo, user_agent, now);
    let verdict = if undoable { "effect" } else { "refused" };
    rubis_checkins::record_click(conn, task, &opening, verdict).await?;
    if undoable {
        rubis_checkins::record_undone(conn, task, now).await?;
        confirm::withdraw(conn, task).await?;
        let reopening = Reopening { asking: PlanCheckin::default(), actor: None, label: Some(LABEL) };
        reopen_locked(conn, invoice, reopening, now).await?;
    }
    Ok(undoable)
}
