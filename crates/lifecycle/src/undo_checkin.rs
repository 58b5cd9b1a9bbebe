//! The user takes back that an invoice was paid.

use rubis_checkins::{CheckinLink, CheckinRules, PlanCheckin};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use time::OffsetDateTime;

use crate::{
    ReopenError,
    answer_checkin::{ByToken, LABEL, lock_by_token, pressed},
    confirm_checkin,
    reopen_invoice::{Reopening, reopen_locked},
    take_answer_back::settlement,
};

/// Why an answer could not be taken back.
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
            let (invoice, task) = (&mut asked.invoice, &mut asked.task);
            let in_time = task.undo_until(rules).is_some_and(|until| now < until);
            let undoable = in_time && settlement(conn, invoice, task.payment_id).await?.is_some();
            let opening = pressed(CheckinLink::Undo, user_agent, now);
            let verdict = if undoable { "effect" } else { "refused" };
            rubis_checkins::record_click(conn, task, &opening, verdict).await?;
            if undoable {
                rubis_checkins::record_undone(conn, task, now).await?;
                confirm_checkin::withdraw(conn, task).await?;
                let reopening = Reopening { asking: PlanCheckin::default(), actor: None, label: Some(LABEL) };
                reopen_locked(conn, invoice, reopening, now).await?;
            }
            Ok::<_, UndoCheckinError>(undoable)
        })
        .await?;
    if was_undone { Ok(()) } else { Err(UndoCheckinError::NotUndoable) }
}
