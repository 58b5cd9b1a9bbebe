//! Refusals of `rubis-invoices`.

use actix_web::http::StatusCode;
use rubis_invoices::{
    Client, ContactError, CreateInvoiceError, DeleteClientError, IllegalTransition, RecordPaymentError,
    ServiceLocationError, TransitionError, UpdateClientError, UpdateInvoiceError, VoidPaymentError,
};

use super::ApiError;
use crate::problem::ClientCandidate;

impl From<DeleteClientError> for ApiError {
    fn from(error: DeleteClientError) -> Self {
        match error {
            DeleteClientError::NotFound => Self::not_found(),
            DeleteClientError::ClientHasInvoices => {
                Self::conflict("client_has_invoices", "A client with invoices cannot be deleted.")
            }
            DeleteClientError::Database(error) => error.into(),
        }
    }
}

impl From<UpdateClientError> for ApiError {
    fn from(error: UpdateClientError) -> Self {
        match error {
            UpdateClientError::Invalid(errors) => errors.into(),
            UpdateClientError::Database(error) => error.into(),
        }
    }
}

impl From<ContactError> for ApiError {
    fn from(error: ContactError) -> Self {
        match error {
            ContactError::ClientNotFound | ContactError::NotFound => Self::not_found(),
            ContactError::TooMany => Self::conflict("too_many_contacts", sentence(&error)),
            ContactError::Database(error) => error.into(),
        }
    }
}

impl From<ServiceLocationError> for ApiError {
    fn from(error: ServiceLocationError) -> Self {
        match error {
            ServiceLocationError::ClientNotFound | ServiceLocationError::NotFound => Self::not_found(),
            ServiceLocationError::TooMany => Self::conflict("too_many_service_locations", sentence(&error)),
            ServiceLocationError::InUse => Self::conflict("service_location_in_use", sentence(&error)),
            ServiceLocationError::Database(error) => error.into(),
        }
    }
}

impl From<CreateInvoiceError> for ApiError {
    fn from(error: CreateInvoiceError) -> Self {
        let text = sentence(&error);
        match error {
            CreateInvoiceError::AmbiguousClient { candidates } => Self::conflict("ambiguous_client", text)
                .about("client")
                .with_candidates(candidates.into_iter().map(candidate).collect()),
            error => UpdateInvoiceError::from(error).into(),
        }
    }
}

impl From<UpdateInvoiceError> for ApiError {
    fn from(error: UpdateInvoiceError) -> Self {
        let text = sentence(&error);
        match error {
            UpdateInvoiceError::NotFound => Self::not_found(),
            UpdateInvoiceError::NotEditable { .. } => Self::conflict("invoice_not_editable", text),
            UpdateInvoiceError::AmountNotAboveSettled { .. } => {
                Self::invalid_field("amountTtcCents", "amount_not_above_settled", text)
            }
            UpdateInvoiceError::DueBeforeIssue => {
                Self::invalid_field("dueDate", "due_before_issue", "must not be before the issue date")
            }
            UpdateInvoiceError::DuplicateNumero { .. } => {
                Self::conflict("duplicate_numero", text).about("numero")
            }
            UpdateInvoiceError::UnknownClient => {
                Self::invalid_field("clientId", "unknown_client", "must be a client of the organization")
            }
            UpdateInvoiceError::UnknownPlan => {
                Self::invalid_field("planId", "unknown_plan", "must be a plan of the organization")
            }
            UpdateInvoiceError::UnknownServiceLocation => Self::invalid_field(
                "items",
                "unknown_service_location",
                "must name service locations of the client",
            ),
            UpdateInvoiceError::Database(error) => error.into(),
        }
    }
}

impl From<IllegalTransition> for ApiError {
    fn from(error: IllegalTransition) -> Self {
        Self::conflict("illegal_transition", sentence(&error))
    }
}

impl From<TransitionError> for ApiError {
    fn from(error: TransitionError) -> Self {
        match error {
            TransitionError::Illegal(error) => error.into(),
            TransitionError::DecidedByPayments => Self::internal(error),
            TransitionError::Database(error) => error.into(),
        }
    }
}

impl From<RecordPaymentError> for ApiError {
    fn from(error: RecordPaymentError) -> Self {
        match error {
            RecordPaymentError::Illegal(error) => error.into(),
            RecordPaymentError::AmountExceedsBalance { .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "amount_exceeds_balance", sentence(&error))
                    .about("amountCents")
            }
            RecordPaymentError::Database(error) => error.into(),
        }
    }
}

impl From<VoidPaymentError> for ApiError {
    fn from(error: VoidPaymentError) -> Self {
        match error {
            VoidPaymentError::NotFound => Self::not_found(),
            VoidPaymentError::AlreadyVoided => Self::conflict("payment_already_voided", sentence(&error)),
            VoidPaymentError::Illegal(error) => error.into(),
            VoidPaymentError::Database(error) => error.into(),
        }
    }
}

fn candidate(client: Client) -> ClientCandidate {
    ClientCandidate { client_id: client.id.into(), name: client.name, email: client.email.to_string() }
}

/// Returns an error's message with a capital letter and a full stop.
pub(super) fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => text,
    }
}
