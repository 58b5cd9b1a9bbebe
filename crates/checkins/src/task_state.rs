//! Conversion between the columns of a check-in and its state.

use rubis_kernel::CheckinTaskId;

use crate::{
    state::{Attempt, CheckinEvent, CheckinState, Delivered, Delivery, GivenAnswer, Planned},
    task::{CheckinStatus, CheckinTask},
};

/// A check-in has a combination of values that no state has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the row of check-in {id} fits no state: {misfit}")]
pub(crate) struct FitsNoState {
    pub id: CheckinTaskId,
    pub misfit: Misfit,
}

/// The values that do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misfit {
    #[error("sending_since is set, and it has no mail and token, or is sent")]
    SendingWithoutMail,
    #[error("sent_at is set, and it has no mail, token and expires_at")]
    SentWithoutMail,
    #[error("status and sent_at do not match")]
    OtherStatus,
    #[error("it is answered, and has no answer, answered_at and answered_by")]
    AnsweredWithoutAnswer,
    #[error("it is not answered, and has an answer")]
    AnswerWithoutStatus,
    #[error("it is cancelled or failed without a reason")]
    EndWithoutReason,
}

impl From<FitsNoState> for diesel::result::Error {
    fn from(error: FitsNoState) -> Self {
        Self::DeserializationError(Box::new(error))
    }
}

impl CheckinTask {
    /// The check-in after an event; saving it is up to the caller.
    ///
    /// # Errors
    /// The event is not possible in its state.
    pub(crate) fn after(&self, event: CheckinEvent) -> Result<Self, diesel::result::Error> {
        Ok(self.with_state(self.state()?.apply(event)?))
    }

    /// Returns true if it may be in the inbox, and that is not recorded.
    pub(crate) const fn may_have_left(&self) -> bool {
        self.sending_since.is_some()
    }

    /// Returns its state.
    ///
    /// # Errors
    /// [`FitsNoState`].
    pub(crate) fn state(&self) -> Result<CheckinState, FitsNoState> {
        self.read_state().map_err(|misfit| FitsNoState { id: self.id, misfit })
    }

    fn read_state(&self) -> Result<CheckinState, Misfit> {
        let delivery = self.delivery()?;
        let answer = self.given_answer()?;
        let reason = self.reason.clone();
        match (self.status, delivery, answer) {
            (CheckinStatus::Answered, delivery, Some(answer)) => {
                Ok(CheckinState::Answered { answer, delivery })
            }
            (CheckinStatus::Answered, _, None) => Err(Misfit::AnsweredWithoutAnswer),
            (_, _, Some(_)) => Err(Misfit::AnswerWithoutStatus),
            (CheckinStatus::Scheduled, Delivery::Sent(_), None)
            | (CheckinStatus::Sent, Delivery::Planned(_) | Delivery::Sending(_), None) => {
                Err(Misfit::OtherStatus)
            }
            (CheckinStatus::Scheduled | CheckinStatus::Sent, delivery, None) => {
                Ok(CheckinState::open(delivery))
            }
            (CheckinStatus::Expired, delivery, None) => Ok(CheckinState::Expired { reason, delivery }),
            (CheckinStatus::Cancelled, delivery, None) => {
                Ok(CheckinState::Cancelled { reason: reason.ok_or(Misfit::EndWithoutReason)?, delivery })
            }
            (CheckinStatus::Failed, delivery, None) => {
                Ok(CheckinState::Failed { reason: reason.ok_or(Misfit::EndWithoutReason)?, delivery })
            }
        }
    }

    fn delivery(&self) -> Result<Delivery, Misfit> {
        let in_mail = self.mail_id.zip(self.token_hash);
        match (self.sending_since, self.sent_at) {
            (None, None) => Ok(Delivery::Planned(Planned { mail: self.mail_id, token: self.token_hash })),
            (Some(since), None) => {
                let (mail, token) = in_mail.ok_or(Misfit::SendingWithoutMail)?;
                Ok(Delivery::Sending(Attempt { mail, token, since }))
            }
            (None, Some(at)) => {
                let (mail, token) = in_mail.ok_or(Misfit::SentWithoutMail)?;
                let expires_at = self.expires_at.ok_or(Misfit::SentWithoutMail)?;
                Ok(Delivery::Sent(Delivered { mail, token, at, expires_at }))
            }
            (Some(_), Some(_)) => Err(Misfit::SendingWithoutMail),
        }
    }

    fn given_answer(&self) -> Result<Option<GivenAnswer>, Misfit> {
        match (self.answer, self.answered_at, self.answered_by) {
            (None, None, None) => Ok(None),
            (Some(answer), Some(at), Some(by)) => {
                let (payment, with) = (self.payment_id, self.answered_with);
                Ok(Some(GivenAnswer { answer, by, at, payment, with }))
            }
            _ => Err(Misfit::AnsweredWithoutAnswer),
        }
    }

    fn with_state(&self, state: CheckinState) -> Self {
        let (status, answer, reason) = match &state {
            CheckinState::Scheduled(_) | CheckinState::Sending(_) => (CheckinStatus::Scheduled, None, None),
            CheckinState::Sent(_) => (CheckinStatus::Sent, None, None),
            CheckinState::Answered { answer, .. } => (CheckinStatus::Answered, Some(*answer), None),
            CheckinState::Expired { reason, .. } => (CheckinStatus::Expired, None, reason.clone()),
            CheckinState::Cancelled { reason, .. } => (CheckinStatus::Cancelled, None, Some(reason.clone())),
            CheckinState::Failed { reason, .. } => (CheckinStatus::Failed, None, Some(reason.clone())),
        };
        let unsent = Self {
            status,
            reason,
            answer: answer.map(|given| given.answer),
            answered_at: answer.map(|given| given.at),
            answered_by: answer.map(|given| given.by),
            payment_id: answer.and_then(|given| given.payment),
            answered_with: answer.and_then(|given| given.with),
            sending_since: None,
            sent_at: None,
            expires_at: None,
            ..self.clone()
        };
        match state.into_delivery() {
            Delivery::Planned(Planned { mail, token }) => Self { mail_id: mail, token_hash: token, ..unsent },
            Delivery::Sending(Attempt { mail, token, since }) => {
                Self { mail_id: Some(mail), token_hash: Some(token), sending_since: Some(since), ..unsent }
            }
            Delivery::Sent(Delivered { mail, token, at, expires_at }) => Self {
                mail_id: Some(mail),
                token_hash: Some(token),
                sent_at: Some(at),
                expires_at: Some(expires_at),
                ..unsent
            },
        }
    }
}

#[cfg(test)]
mod tests;
