//! One span, one line and one measurement a request. They tell the route's template and never the
//! path or the query, which may hold a token, a name or an address.

use std::time::Instant;

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};
use tracing::Span;
use tracing_actix_web::RootSpanBuilder;

use super::request_id::RequestId;

const REQUESTS: &str = "rubis_http_requests_total";
const DURATION: &str = "rubis_http_request_duration_seconds";

/// Says what the measurements mean to whoever reads the metrics.
pub fn describe_measurements() {
    metrics::describe_counter!(REQUESTS, "Requests answered, by method, route and status.");
    metrics::describe_histogram!(
        DURATION,
        metrics::Unit::Seconds,
        "Time from the first byte of a request's head to its answer, by method, route and status."
    );
}

/// The span of a request.
#[derive(Clone, Copy, Debug)]
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        tracing::info_span!(
            "request",
            request_id = %id,
            method = %request.method(),
            route = %route(request),
        )
    }

    fn on_request_end<B: MessageBody>(_span: Span, _outcome: &Result<ServiceResponse<B>, Error>) {}
}

/// Measures and logs a request.
///
/// # Errors
/// Those of the handler.
pub async fn measure(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let method = request.method().to_string();
    let route = route(&request);
    let started = Instant::now();
    let outcome = next.call(request).await;
    let elapsed = started.elapsed();
    let status = match &outcome {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let labels = [("method", method), ("route", route), ("status", status.as_str().to_owned())];
    metrics::counter!(REQUESTS, &labels).increment(1);
    metrics::histogram!(DURATION, &labels).record(elapsed.as_secs_f64());
    tracing::info!(
        status = status.as_u16(),
        milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        "answered"
    );
    outcome
}

/// The template of the route that the request matches.
fn route(request: &ServiceRequest) -> String {
    request.match_pattern().unwrap_or_else(|| "unmatched".to_owned())
}
