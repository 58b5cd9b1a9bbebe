//! Refusals of answers to check-ins.

use actix_web::http::StatusCode;
use rubis_lifecycle::{
    AnswerInAppError, CheckinError, CheckinOutcome, ReadCheckinError, RenewCheckinError, UndoCheckinError,
};

use super::ApiError;

impl ApiError {
    /// Returns the refusal for an unknown token; mistyped and invented tokens get the same response.
    #[must_use]
    pub fn checkin_not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "checkin_not_found", "No check-in has this token.")
    }

    /// Returns the refusal for a token whose links expired long ago.
    #[must_use]
    pub fn checkin_gone() -> Self {
        Self::new(StatusCode::GONE, "checkin_gone", "The links of this check-in expired too long ago.")
    }

    /// Returns the refusal of a check-in that was answered before, or whose invoice is settled.
    #[must_use]
    pub fn checkin_already_answered() -> Self {
        Self::conflict("already_answered", "The check-in was answered before, or its invoice is settled.")
    }

    /// Returns the refusal of a request that no button of the page sent, or whose page was open for too
    /// long.
    #[must_use]
    pub fn checkin_button_refused() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "button_refused",
            "Send the buttonValue of GET /checkin/{token}, not older than an hour, in the header X-Checkin-Button.",
        )
    }

    /// Returns the refusal for an outcome that is no answer.
    #[must_use]
    pub fn of_checkin_outcome(outcome: CheckinOutcome) -> Option<Self> {
        match outcome {
            CheckinOutcome::Settled | CheckinOutcome::StillPending => None,
            CheckinOutcome::AlreadyAnswered => Some(Self::checkin_already_answered()),
            CheckinOutcome::Expired => Some(Self::new(
                StatusCode::GONE,
                "checkin_expired",
                "The check-in has expired. Request fresh links.",
            )),
            CheckinOutcome::Invalid => Some(Self::checkin_not_found()),
            CheckinOutcome::Gone => Some(Self::checkin_gone()),
            CheckinOutcome::Confirm => {
                Some(Self::internal("a button was asked to be confirmed, which is what it does itself"))
            }
        }
    }
}

impl From<CheckinError> for ApiError {
    fn from(error: CheckinError) -> Self {
        match error {
            // A forbidden answer is an outcome, so a rule that arrives as an error is a bug.
            CheckinError::Settle(_) | CheckinError::Reopen(_) => Self::internal(error),
            CheckinError::Database(error) => error.into(),
        }
    }
}

impl From<AnswerInAppError> for ApiError {
    fn from(error: AnswerInAppError) -> Self {
        match error {
            AnswerInAppError::NotFound => Self::not_found(),
            AnswerInAppError::NoOpenCheckin => Self::conflict("no_open_checkin", error.to_string()),
            AnswerInAppError::Database(error) => error.into(),
        }
    }
}

impl From<ReadCheckinError> for ApiError {
    fn from(error: ReadCheckinError) -> Self {
        match error {
            ReadCheckinError::Gone => Self::checkin_gone(),
            ReadCheckinError::Database(error) => error.into(),
        }
    }
}

impl From<UndoCheckinError> for ApiError {
    fn from(error: UndoCheckinError) -> Self {
        match error {
            UndoCheckinError::NotFound => Self::checkin_not_found(),
            UndoCheckinError::Gone => Self::checkin_gone(),
            UndoCheckinError::NotUndoable => Self::conflict(
                "not_undoable",
                "There is no answer to undo: none was given, it was undone before, or it is too old.",
            ),
            UndoCheckinError::Reopen(error) => Self::internal(error),
            UndoCheckinError::Database(error) => error.into(),
        }
    }
}

impl From<RenewCheckinError> for ApiError {
    fn from(error: RenewCheckinError) -> Self {
        match error {
            RenewCheckinError::NotFound => Self::checkin_not_found(),
            RenewCheckinError::Gone => Self::checkin_gone(),
            RenewCheckinError::AlreadyAnswered => Self::checkin_already_answered(),
            RenewCheckinError::NotRenewable => Self::conflict(
                "not_renewable",
                "The invoice needs no check-in any more, or another check-in was sent.",
            ),
            RenewCheckinError::TooSoon { retry_after } => {
                Self::rate_limited(retry_after.try_into().unwrap_or_default())
            }
            RenewCheckinError::Database(error) => error.into(),
        }
    }
}
