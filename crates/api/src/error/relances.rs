//! Refusals of `rubis-relances`.

use rubis_kernel::RenderError;
use rubis_relances::{DeletePlanError, PreviewError, RelanceActionError, ReplacePlanError, TextError};

use super::{ApiError, invoices::sentence};

impl From<ReplacePlanError> for ApiError {
    fn from(error: ReplacePlanError) -> Self {
        match error {
            ReplacePlanError::NotFound => Self::not_found(),
            ReplacePlanError::Invalid(errors) => errors.into(),
            ReplacePlanError::Database(error) => error.into(),
        }
    }
}

impl From<TextError> for ApiError {
    fn from(error: TextError) -> Self {
        match error {
            TextError::TooLong(_) => Self::conflict("mail_too_long", sentence(&error)),
            TextError::Empty(_) => Self::conflict("mail_empty", sentence(&error)),
            TextError::Template(error) => Self::internal(error),
        }
    }
}

impl From<PreviewError> for ApiError {
    fn from(error: PreviewError) -> Self {
        match error {
            PreviewError::Text(error) => error.into(),
            PreviewError::Render(RenderError::TooLong(_)) => {
                Self::conflict("mail_too_long", sentence(&error))
            }
            PreviewError::Render(RenderError::Empty(_)) => Self::conflict("mail_empty", sentence(&error)),
            PreviewError::Render(error) => Self::internal(error),
            PreviewError::Address(error) => Self::internal(error),
        }
    }
}

impl From<DeletePlanError> for ApiError {
    fn from(error: DeletePlanError) -> Self {
        match error {
            DeletePlanError::NotFound => Self::not_found(),
            DeletePlanError::IsDefault => Self::conflict("default_plan", sentence(&error)),
            DeletePlanError::Database(error) => error.into(),
        }
    }
}

impl From<RelanceActionError> for ApiError {
    fn from(error: RelanceActionError) -> Self {
        let text = sentence(&error);
        match error {
            RelanceActionError::NotFound => Self::not_found(),
            RelanceActionError::AlreadyBeingSent => Self::conflict("already_being_sent", text),
            RelanceActionError::AlreadyDone(_) => Self::conflict("relance_already_done", text),
            RelanceActionError::InvoiceNotChased(_) => Self::conflict("invoice_not_chased", text),
            RelanceActionError::Paused => Self::conflict("paused", text),
            RelanceActionError::SenderNotVerified => Self::conflict("sender_not_verified", text),
            RelanceActionError::ApprovalRequired => Self::conflict("approval_required", text),
            RelanceActionError::NotDrafted => Self::conflict("not_drafted", text),
            RelanceActionError::AlreadyApproved => Self::conflict("already_approved", text),
            RelanceActionError::DraftOutdated(_) => Self::conflict("draft_outdated", text),
            RelanceActionError::Text(error) => error.into(),
            RelanceActionError::Database(error) => error.into(),
        }
    }
}
