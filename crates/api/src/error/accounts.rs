//! Refusals of `rubis-accounts`.

use actix_web::http::StatusCode;
use rubis_accounts::{
    ChangePasswordError, IdempotencyError, PasswordHashError, PauseEndsTooEarly, PauseOrganizationError,
    RefreshError, RequestVerificationError, ResetPasswordError, SignUpError, TokenError,
    UpdateOrganizationError,
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

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid => Self::new(
                StatusCode::BAD_REQUEST,
                "invalid_token",
                "The link is incomplete or was not sent by us.",
            ),
            TokenError::Expired => {
                Self::new(StatusCode::GONE, "token_expired", "The link has expired. Request another mail.")
            }
            TokenError::Used => Self::new(StatusCode::GONE, "token_used", "The link was used before."),
            TokenError::Database(error) => error.into(),
        }
    }
}

impl From<RequestVerificationError> for ApiError {
    fn from(error: RequestVerificationError) -> Self {
        match error {
            RequestVerificationError::NotFound => Self::not_found(),
            RequestVerificationError::PeriodOver => Self::conflict(
                "verification_period_over",
                "The account was created more than 30 days ago: no further verification mail is sent.",
            ),
            RequestVerificationError::Database(error) => error.into(),
        }
    }
}

impl From<ChangePasswordError> for ApiError {
    fn from(error: ChangePasswordError) -> Self {
        match error {
            ChangePasswordError::ChangedMeanwhile => password_changed_meanwhile(),
            ChangePasswordError::Database(error) => error.into(),
        }
    }
}

impl From<ResetPasswordError> for ApiError {
    fn from(error: ResetPasswordError) -> Self {
        match error {
            ResetPasswordError::Token(error) => error.into(),
            ResetPasswordError::ChangedMeanwhile => password_changed_meanwhile(),
            ResetPasswordError::Database(error) => error.into(),
        }
    }
}

fn password_changed_meanwhile() -> ApiError {
    ApiError::conflict("password_changed_meanwhile", "The password was changed meanwhile. Try again.")
}

impl From<RefreshError> for ApiError {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Unknown
            | RefreshError::Expired
            | RefreshError::Reused(_)
            | RefreshError::Revoked => {
                // One response for all of them: the difference would help a thief more than a user, who
                // has to sign in again in any case.
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
            UpdateOrganizationError::Invalid(errors) => errors.into(),
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
