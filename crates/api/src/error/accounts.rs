//! Refusals of `rubis-accounts`.

use actix_web::http::StatusCode;
use rubis_accounts::{
    IdempotencyError, PasswordHashError, PauseEndsTooEarly, PauseOrganizationError, RefreshError,
    SignUpError, UpdateOrganizationError,
};

use super::ApiError;

impl From<SignUpError> for ApiError {
    fn from(error: SignUpError) -> Self {
        match error {
            SignUpError::EmailTaken => {
                Self::conflict("email_taken", "This mail address has an account already.").about("email")
            }
            SignUpError::Database(error) => error.into(),
        }
    }
}

impl From<RefreshError> for ApiError {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Unknown
            | RefreshError::Expired
            | RefreshError::Reused(_)
            | RefreshError::Revoked => {
                // Which of them it is would help a thief more than a user: both have to sign in again.
                Self::unauthorized("invalid_refresh_token", "The session has ended. Sign in again.")
            }
            RefreshError::Database(error) => error.into(),
        }
    }
}

impl From<UpdateOrganizationError> for ApiError {
    fn from(error: UpdateOrganizationError) -> Self {
        match error {
            UpdateOrganizationError::NotFound => Self::not_found(),
            UpdateOrganizationError::Database(error) => error.into(),
        }
    }
}

impl From<PauseEndsTooEarly> for ApiError {
    fn from(error: PauseEndsTooEarly) -> Self {
        Self::invalid_field("until", "pause_ends_too_early", error.to_string())
    }
}

impl From<PauseOrganizationError> for ApiError {
    fn from(error: PauseOrganizationError) -> Self {
        match error {
            PauseOrganizationError::NotFound => Self::not_found(),
            PauseOrganizationError::EndsTooEarly(error) => error.into(),
            PauseOrganizationError::Database(error) => error.into(),
        }
    }
}

impl From<PasswordHashError> for ApiError {
    fn from(error: PasswordHashError) -> Self {
        Self::internal(error)
    }
}

impl From<IdempotencyError> for ApiError {
    fn from(error: IdempotencyError) -> Self {
        match error {
            IdempotencyError::Mismatch => Self::new(
                StatusCode::CONFLICT,
                "idempotency_mismatch",
                "This Idempotency-Key was used for another request.",
            ),
            IdempotencyError::Unfinished => Self::internal(error),
            IdempotencyError::Database(error) => error.into(),
        }
    }
}
