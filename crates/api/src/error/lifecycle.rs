//! Refusals of `rubis-lifecycle`.

use actix_web::http::StatusCode;
use rubis_billing::{BillingLinks, PlanLimitReached};
use rubis_lifecycle::{
    CreateInvoiceError, MoveError, PauseClientError, PauseInvoiceError, ReopenError, ResumeDisputeError,
    SettleError, UpdateInvoiceError,
};

use super::{ApiError, invoices::sentence};
use crate::problem::ReachedLimit;

/// The reason why an invoice is not chased: the limit of the tier, whose refusal names the page on which
/// it can be raised, or another reason.
pub enum ChasingRefusal {
    /// The tier allows no further chased invoice.
    LimitReached(PlanLimitReached),
    Other(ApiError),
}

impl ApiError {
    /// Returns the refusal of a request that would have started to chase an invoice.
    pub fn of_chasing(refusal: impl Into<ChasingRefusal>, links: &BillingLinks) -> Self {
        match refusal.into() {
            ChasingRefusal::LimitReached(reached) => {
                let PlanLimitReached { limit, usage } = reached;
                Self::new(StatusCode::PAYMENT_REQUIRED, "plan_limit_reached", sentence(&reached))
                    .with_plan_limit(ReachedLimit { limit, usage, upgrade_url: links.subscription_page() })
            }
            ChasingRefusal::Other(error) => error,
        }
    }
}

impl From<CreateInvoiceError> for ChasingRefusal {
    fn from(error: CreateInvoiceError) -> Self {
        match error {
            CreateInvoiceError::LimitReached(reached) => Self::LimitReached(reached),
            CreateInvoiceError::Invoice(error) => Self::Other(error.into()),
            CreateInvoiceError::Plan(errors) => Self::Other(errors.into()),
            CreateInvoiceError::Database(error) => Self::Other(error.into()),
        }
    }
}

impl From<UpdateInvoiceError> for ChasingRefusal {
    fn from(error: UpdateInvoiceError) -> Self {
        match error {
            UpdateInvoiceError::LimitReached(reached) => Self::LimitReached(reached),
            UpdateInvoiceError::Invoice(error) => Self::Other(error.into()),
            UpdateInvoiceError::Plan(errors) => Self::Other(errors.into()),
            UpdateInvoiceError::Database(error) => Self::Other(error.into()),
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

impl From<ReopenError> for ChasingRefusal {
    fn from(error: ReopenError) -> Self {
        match error {
            ReopenError::NotFound => Self::Other(ApiError::not_found()),
            ReopenError::LimitReached(reached) => Self::LimitReached(reached),
            ReopenError::Void(error) => Self::Other(error.into()),
            ReopenError::Database(error) => Self::Other(error.into()),
        }
    }
}

impl From<ResumeDisputeError> for ChasingRefusal {
    fn from(error: ResumeDisputeError) -> Self {
        match error {
            ResumeDisputeError::Move(error) => Self::Other(error.into()),
            ResumeDisputeError::LimitReached(reached) => Self::LimitReached(reached),
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
