//! Refusals of `rubis-lifecycle`.

use actix_web::http::StatusCode;
use rubis_billing::PlanLimitReached;
use rubis_lifecycle::{
    CreateInvoiceError, MoveError, PauseClientError, PauseInvoiceError, ReopenError, SettleError,
    UpdateInvoiceError,
};

use super::ApiError;

impl From<PlanLimitReached> for ApiError {
    fn from(reached: PlanLimitReached) -> Self {
        Self::new(StatusCode::PAYMENT_REQUIRED, "plan_limit_reached", reached.to_string())
    }
}

impl From<CreateInvoiceError> for ApiError {
    fn from(error: CreateInvoiceError) -> Self {
        match error {
            CreateInvoiceError::LimitReached(reached) => reached.into(),
            CreateInvoiceError::Invoice(error) => error.into(),
            CreateInvoiceError::Plan(errors) => errors.into(),
            CreateInvoiceError::Database(error) => error.into(),
        }
    }
}

impl From<UpdateInvoiceError> for ApiError {
    fn from(error: UpdateInvoiceError) -> Self {
        match error {
            UpdateInvoiceError::LimitReached(reached) => reached.into(),
            UpdateInvoiceError::Invoice(error) => error.into(),
            UpdateInvoiceError::Plan(errors) => errors.into(),
            UpdateInvoiceError::Database(error) => error.into(),
        }
    }
}

impl From<SettleError> for ApiError {
    fn from(error: SettleError) -> Self {
        match error {
            SettleError::NotFound => Self::not_found(),
            SettleError::Payment(error) => error.into(),
            SettleError::Database(error) => error.into(),
        }
    }
}

impl From<ReopenError> for ApiError {
    fn from(error: ReopenError) -> Self {
        match error {
            ReopenError::NotFound => Self::not_found(),
            ReopenError::LimitReached(reached) => reached.into(),
            ReopenError::Void(error) => error.into(),
            ReopenError::Database(error) => error.into(),
        }
    }
}

impl From<MoveError> for ApiError {
    fn from(error: MoveError) -> Self {
        match error {
            MoveError::NotFound => Self::not_found(),
            MoveError::Transition(error) => error.into(),
            MoveError::Database(error) => error.into(),
        }
    }
}

impl From<PauseClientError> for ApiError {
    fn from(error: PauseClientError) -> Self {
        match error {
            PauseClientError::NotFound => Self::not_found(),
            PauseClientError::EndsTooEarly(error) => error.into(),
            PauseClientError::Database(error) => error.into(),
        }
    }
}

impl From<PauseInvoiceError> for ApiError {
    fn from(error: PauseInvoiceError) -> Self {
        match error {
            PauseInvoiceError::NotFound => Self::not_found(),
            PauseInvoiceError::EndsTooEarly(error) => error.into(),
            PauseInvoiceError::Database(error) => error.into(),
        }
    }
}
