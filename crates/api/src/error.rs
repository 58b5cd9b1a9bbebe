//! Everything that a handler can answer instead of what it was asked for. Nothing else knows which
//! HTTP status a broken rule has; the files below translate one domain crate each.

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

/// What a handler answers: a JSON body, or a problem.
pub type ApiResult<T> = Result<Reply<T>, ApiError>;

/// A JSON answer with status 200.
pub use actix_web::web::Json as Reply;

/// A request that is refused, or that failed.
pub struct ApiError(Box<Refusal>);

struct Refusal {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: FieldErrors,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Which limit was reached.
    plan_limit: Option<ReachedLimit>,
    /// The clients that may be meant.
    candidates: Vec<ClientCandidate>,
    /// What the operators are told and the client is not.
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl ApiError {
    /// A refusal with this status and code.
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

    /// The object does not exist, or belongs to another organization: the two answers are the same.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is no such object.")
    }

    /// The request is right and what it finds is in its way.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// Fields are wrong.
    #[must_use]
    pub fn invalid(errors: FieldErrors) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "validation_failed",
            "The request has fields that are not right.",
        )
        .with_errors(errors)
    }

    /// One field is wrong.
    pub fn invalid_field(field: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self::invalid(FieldErrors::one(field, code, message))
    }

    /// Nobody is signed in, or their access has ended.
    pub fn unauthorized(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
    }

    /// Too many requests; the client may come back after this long.
    #[must_use]
    pub fn rate_limited(retry_after: Duration) -> Self {
        let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            "Too many requests. Retry after the seconds that Retry-After tells.",
        )
        .with_header(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// The organization has too many requests running at once.
    #[must_use]
    pub fn too_many_concurrent_requests() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_concurrent_requests",
            "Too many requests of this organization run at once. Send fewer in parallel.",
        )
        .with_header(header::RETRY_AFTER, HeaderValue::from(1))
    }

    /// The server has more of this to do than it can; the load is shed instead of queued.
    #[must_use]
    pub fn overloaded() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "overloaded",
            "The server is overloaded. Retry after the number of seconds given in the Retry-After header.",
        )
        .with_header(header::RETRY_AFTER, HeaderValue::from(2))
    }

    /// Something that is needed does not answer; trying again may help.
    pub fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let error = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "The service can't answer at the moment. Try again shortly.",
        )
        .with_header(header::RETRY_AFTER, HeaderValue::from(1));
        error.caused_by(cause)
    }

    /// Something failed that the client can do nothing about, and is told nothing about.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let error = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong on our side. The request id helps us to find it.",
        );
        error.caused_by(cause)
    }

    /// The same, with what the operators are told and the client is not.
    #[must_use]
    fn caused_by(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// The same with the fields that are wrong.
    #[must_use]
    pub fn with_errors(mut self, errors: FieldErrors) -> Self {
        self.0.errors = errors;
        self
    }

    /// The same, caused by one field.
    #[must_use]
    pub fn about(self, field: &str) -> Self {
        let error = FieldErrors::one(field, self.0.code, self.0.detail.clone());
        self.with_errors(error)
    }

    /// The same with a header on its answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// The same, because of a plan's limit.
    #[must_use]
    fn with_plan_limit(mut self, reached: ReachedLimit) -> Self {
        self.0.plan_limit = Some(reached);
        self
    }

    /// The same, because one of these clients may be meant.
    #[must_use]
    fn with_candidates(mut self, candidates: Vec<ClientCandidate>) -> Self {
        self.0.candidates = candidates;
        self
    }

    /// The kind of problem: stable, `snake_case`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The fields that are wrong.
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

/// The code alone: an error ends up in logs, and details can name people.
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
            tracing::error!(code = self.0.code, error = %chain(cause.as_ref()), "a request failed");
        }
        let mut problem = Problem::new(self.0.status, self.0.code, &self.0.detail, self.0.errors.as_slice());
        if let Some(reached) = &self.0.plan_limit {
            problem = problem.with_plan_limit(reached);
        }
        problem = problem.with_candidates(&self.0.candidates);
        let mut response = problem.response();
        for (name, value) in &self.0.headers {
            // Several cookies are several headers of one name.
            response.headers_mut().append(name.clone(), value.clone());
        }
        response.extensions_mut().insert(RefusalCode(self.0.code));
        response
    }
}

/// The code of a refusal, as an extension of its response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefusalCode(pub(crate) &'static str);

/// An error and what caused it, in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let further = error.to_string();
        // A transparent wrapper says what its cause says.
        if !text.ends_with(&further) {
            text.push_str(": ");
            text.push_str(&further);
        }
        cause = error.source();
    }
    text
}
