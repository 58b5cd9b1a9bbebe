//! The columns of `relance_tasks` that hold a reminder's state.

use diesel::prelude::*;
use rubis_db::schema::relance_tasks;
use rubis_kernel::RelanceTaskId;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    state::{Approved, Drafted, Mail, Note, RelanceState, Review, Written},
    task::RelanceStatus,
    text::RenderedText,
};

/// State of a reminder as its row has it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = relance_tasks)]
pub struct StateColumns {
    pub status: RelanceStatus,
    pub sending_since: Option<OffsetDateTime>,
    pub sent_at: Option<OffsetDateTime>,
    pub reason: Option<String>,
    pub reason_detail: Option<String>,
    pub drafted_at: Option<OffsetDateTime>,
    pub approved_at: Option<OffsetDateTime>,
    pub approved_by: Option<Uuid>,
    pub draft: Option<serde_json::Value>,
    pub subject: Option<String>,
    pub body: Option<String>,
    pub recipient: Option<String>,
    pub message_id: Option<String>,
    pub refused_copies: Option<Vec<Option<String>>>,
}

/// The row of a reminder has a combination of values that no state has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the row of reminder {id} fits no state: {misfit}")]
pub struct FitsNoState {
    pub id: RelanceTaskId,
    pub misfit: Misfit,
}

/// The values that do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    #[error("it has one of subject and body")]
    HalfText,
    #[error("it is drafted or approved and has no text")]
    DraftWithoutText,
    #[error("it is approved and was not drafted, or lacks approved_at or approved_by")]
    ApprovalWithoutDraft,
    #[error("sending_since is set and it has no text and recipient, or is not scheduled")]
    SendingWithoutMail,
    #[error("it is sent and has no sent_at, text and recipient")]
    SentWithoutMail,
    #[error("sent_at is set and it is not sent")]
    NotSentAtATime,
    #[error("it is cancelled or failed without a reason")]
    EndWithoutReason,
}

impl StateColumns {
    /// Converts the row to its state.
    ///
    /// # Errors
    /// [`FitsNoState`].
    pub fn into_state(self, id: RelanceTaskId) -> Result<RelanceState, FitsNoState> {
        self.state().map_err(|misfit| FitsNoState { id, misfit })
    }

    fn state(mut self) -> Result<RelanceState, Misfit> {
        let note = self.reason.take().map(|code| Note { code, detail: self.reason_detail.take() });
        let written = self.written()?;
        let recipient = written.as_ref().and_then(|written| written.mail.recipient.as_ref());
        let has_mail = recipient.is_some();
        match (self.status, self.sending_since, self.sent_at) {
            (RelanceStatus::Sent, None, Some(at)) => {
                let written = written.filter(|_| has_mail).ok_or(Misfit::SentWithoutMail)?;
                let refused_copies = self.refused_copies.into_iter().flatten().flatten().collect();
                Ok(RelanceState::Sent { at, written, refused_copies })
            }
            (RelanceStatus::Sent, None, None) => Err(Misfit::SentWithoutMail),
            (_, _, Some(_)) => Err(Misfit::NotSentAtATime),
            (RelanceStatus::Scheduled, Some(since), None) => {
                let written = written.filter(|_| has_mail).ok_or(Misfit::SendingWithoutMail)?;
                Ok(RelanceState::Sending { since, written })
            }
            (_, Some(_), None) => Err(Misfit::SendingWithoutMail),
            (RelanceStatus::Scheduled, None, None) => Ok(RelanceState::waiting(written, note)),
            (RelanceStatus::Cancelled, None, None) => {
                Ok(RelanceState::Cancelled { reason: note.ok_or(Misfit::EndWithoutReason)?, written })
            }
            (RelanceStatus::Failed, None, None) => {
                Ok(RelanceState::Failed { failure: note.ok_or(Misfit::EndWithoutReason)?, written })
            }
        }
    }

    fn written(&mut self) -> Result<Option<Written>, Misfit> {
        let review = match (self.drafted_at, self.approved_at, self.approved_by) {
            (None, None, None) => Review::Unneeded,
            (Some(at), None, None) => Review::Drafted(self.drafted(at)),
            (Some(drafted_at), Some(at), Some(by)) => {
                Review::Approved(Approved { drafted: self.drafted(drafted_at), at, by: by.into() })
            }
            _ => return Err(Misfit::ApprovalWithoutDraft),
        };
        let text = match (self.subject.take(), self.body.take()) {
            (Some(subject), Some(body)) => RenderedText { subject, body },
            (None, None) if review == Review::Unneeded => return Ok(None),
            (None, None) => return Err(Misfit::DraftWithoutText),
            _ => return Err(Misfit::HalfText),
        };
        let mail = Mail { text, recipient: self.recipient.take(), message_id: self.message_id.take() };
        Ok(Some(Written { mail, review }))
    }

    fn drafted(&mut self, at: OffsetDateTime) -> Drafted {
        let draft = self.draft.take().and_then(|draft| serde_json::from_value(draft).ok());
        Drafted { at, draft }
    }
}

impl From<&RelanceState> for StateColumns {
    fn from(state: &RelanceState) -> Self {
        let (sending_since, sent_at, refused_copies) = match state {
            RelanceState::Sending { since, .. } => (Some(*since), None, None),
            RelanceState::Sent { at, refused_copies, .. } => {
                let refused: Vec<_> = refused_copies.iter().cloned().map(Some).collect();
                (None, Some(*at), (!refused.is_empty()).then_some(refused))
            }
            RelanceState::Scheduled { .. }
            | RelanceState::Drafted { .. }
            | RelanceState::Approved { .. }
            | RelanceState::Cancelled { .. }
            | RelanceState::Failed { .. } => (None, None, None),
        };
        let (note, mail) = (state.note(), state.mail());
        let (drafted, approved) = (state.drafted(), state.approved());
        Self {
            status: state.status(),
            sending_since,
            sent_at,
            reason: note.map(|note| note.code.clone()),
            reason_detail: note.and_then(|note| note.detail.clone()),
            drafted_at: drafted.map(|drafted| drafted.at),
            approved_at: approved.map(|approved| approved.at),
            approved_by: approved.map(|approved| approved.by.as_uuid()),
            draft: drafted
                .and_then(|drafted| drafted.draft.as_ref())
                .and_then(|draft| serde_json::to_value(draft).ok()),
            subject: mail.map(|mail| mail.text.subject.clone()),
            body: mail.map(|mail| mail.text.body.clone()),
            recipient: mail.and_then(|mail| mail.recipient.clone()),
            message_id: mail.and_then(|mail| mail.message_id.clone()),
            refused_copies,
        }
    }
}

#[cfg(test)]
mod tests;
