//! The error type of handlers. Only this module maps broken rules to HTTP statuses; each file below it
//! maps one domain crate.

mod accounts;
mod billing;
mod checkins;
mod database;
mod invoices;
mod lifecycle;
mod relances;

use std::{error::Error, fmt, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};
use rubis_kernel::{FieldError, FieldErrors, RenderError};

use crate::problem::{ClientCandidate, Problem, ReachedLimit};

/// The result of a handler: a JSON body or a problem.
pub type ApiResult<T> = Result<Reply<T>, ApiError>;

/// A JSON response with status 200.
pub use actix_web::web::Json as Reply;

/// A refused or failed request.
pub struct ApiError(Box<Refusal>);

struct Refusal {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: FieldErrors,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The limit of the tier that was reached.
    plan_limit: Option<ReachedLimit>,
    /// The clients that may be meant.
    candidates: Vec<ClientCandidate>,
    /// The cause, which is logged and never sent to the client.
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl ApiError {
    /// Returns a refusal with this status and code.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Refusal {
            status,
            code,
            detail: detail.into(),
            errors: FieldErrors::new(),
            headers: Vec::new(),
            plan_limit: None,
            candidates: Vec::new(),
            cause: None,
        }))
    }

    /// Returns the refusal for an object that does not exist or belongs to another organization; both get
    /// the same response.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is no such object.")
    }

    /// Returns the refusal of a valid request that conflicts with the current state.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// Returns the refusal of a request with invalid fields.
    #[must_use]
    pub fn invalid(errors: FieldErrors) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "validation_failed",
            "The request has invalid fields. Correct those listed in errors.",
        )
        .with_errors(errors)
    }

    /// Returns the refusal of a request with one invalid field.
    pub fn invalid_field(field: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self::invalid(FieldErrors::one(field, code, message))
    }

    /// Returns the refusal of a request without valid authentication.
    pub fn unauthorized(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
    }

    /// Returns the refusal of a request over its rate; the client may retry after this delay.
    #[must_use]
    pub fn rate_limited(retry_after: Duration) -> Self {
        let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            "Too many requests. Retry after the number of seconds given in the Retry-After header.",
        )
        .with_header(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// Returns the refusal for an organization with too many concurrent requests.
    #[must_use]
    pub fn too_many_concurrent_requests() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_concurrent_requests",
            "Too many requests of this organization run at once. Send fewer in parallel.",
        )
        .with_header(header::RETRY_AFTER, HeaderValue::from(1))
    }

    /// Returns the refusal of an overloaded server, which sheds load instead of queueing it.
    #[must_use]
    pub fn overloaded() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "overloaded",
            "The server is overloaded. Retry after the number of seconds given in the Retry-After header.",
        )
        .with_header(header::RETRY_AFTER, HeaderValue::from(2))
    }

    /// Returns the failure of a dependency that does not respond; a retry may succeed.
    pub fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let error = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "The service is temporarily unavailable. Retry shortly.",
        )
        .with_header(header::RETRY_AFTER, HeaderValue::from(1));
        error.caused_by(cause)
    }

    /// Returns an internal failure. The cause is logged and never sent to the client.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let error = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong on our side. The request id helps us to find it.",
        );
        error.caused_by(cause)
    }

    /// Adds the cause, which is logged and never sent to the client.
    #[must_use]
    fn caused_by(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Adds the invalid fields.
    #[must_use]
    pub fn with_errors(mut self, errors: FieldErrors) -> Self {
        self.0.errors = errors;
        self
    }

    /// Adds the one field that caused it.
    #[must_use]
    pub fn about(self, field: &str) -> Self {
        let error = FieldErrors::one(field, self.0.code, self.0.detail.clone());
        self.with_errors(error)
    }

    /// Adds a header to the response.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Adds the limit of the tier that was reached.
    #[must_use]
    fn with_plan_limit(mut self, reached: ReachedLimit) -> Self {
        self.0.plan_limit = Some(reached);
        self
    }

    /// Adds the clients that may be meant.
    #[must_use]
    fn with_candidates(mut self, candidates: Vec<ClientCandidate>) -> Self {
        self.0.candidates = candidates;
        self
    }

    /// Returns the kind of problem: stable, `snake_case`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// Returns the invalid fields.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        self.0.errors.as_slice()
    }
}

impl From<RenderError> for ApiError {
    fn from(error: RenderError) -> Self {
        Self::internal(error)
    }
}

impl From<FieldErrors> for ApiError {
    fn from(errors: FieldErrors) -> Self {
        Self::invalid(errors)
    }
}

/// Writes the code alone: errors are logged, and details can name people.
impl fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.code)
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ApiError")
            .field("status", &self.0.status.as_u16())
            .field("code", &self.0.code)
            .finish_non_exhaustive()
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        if let Some(cause) = &self.0.cause {
            tracing::error!(code = self.0.code, error = %chain(cause.as_ref()), "request failed");
        }
        let mut problem = Problem::new(self.0.status, self.0.code, &self.0.detail, self.0.errors.as_slice());
        if let Some(reached) = &self.0.plan_limit {
            problem = problem.with_plan_limit(reached);
        }
        problem = problem.with_candidates(&self.0.candidates);
        let mut response = problem.response();
        for (name, value) in &self.0.headers {
            // Several cookies are several headers with one name.
            response.headers_mut().append(name.clone(), value.clone());
        }
        response.extensions_mut().insert(RefusalCode(self.0.code));
        response
    }
}

/// The code of a refusal, as an extension of its response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefusalCode(pub(crate) &'static str);

/// Formats an error and its causes on one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let further = error.to_string();
        // A transparent wrapper has the same text as its cause.
        if !text.ends_with(&further) {
            text.push_str(": ");
            text.push_str(&further);
        }
        cause = error.source();
    }
    text
}
