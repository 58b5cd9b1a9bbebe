//! One span, one log line and one measurement per request. They name the template of the route and never
//! the path or the query, which may hold a token, a name or an address.

use std::time::Instant;

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};
use tracing::Span;
use tracing_actix_web::RootSpanBuilder;

use super::{known_methods::label, request_id::RequestIds};
use crate::route_pattern::route_pattern;

const REQUESTS: &str = "rubis_http_requests_total";
const DURATION: &str = "rubis_http_request_duration_seconds";

/// Registers the descriptions of the measurements.
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
        let ids = request.extensions().get::<RequestIds>().cloned().unwrap_or_default();
        tracing::info_span!(
            "request",
            request_id = %ids.ours,
            client_request_id = ids.client,
            method = label(request.method()),
            route = %route(request),
        )
    }

    fn on_request_end<B: MessageBody>(_span: Span, _outcome: &Result<ServiceResponse<B>, Error>) {}
}

/// Measures and logs a request.
pub async fn measure(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let method = label(request.method());
    let route = route(&request);
    let started = Instant::now();
    let outcome = next.call(request).await;
    let elapsed = started.elapsed();
    let status = match &outcome {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    // Each label comes from a bounded set: nothing that a client writes becomes a series.
    let status_label = status.as_str().to_owned();
    metrics::counter!(REQUESTS, "method" => method, "route" => route.clone(), "status" => status_label.clone())
        .increment(1);
    metrics::histogram!(DURATION, "method" => method, "route" => route, "status" => status_label)
        .record(elapsed.as_secs_f64());
    tracing::info!(
        status = status.as_u16(),
        milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        "request served"
    );
    outcome
}

/// Returns the template of the route that the request matches.
fn route(request: &ServiceRequest) -> String {
    route_pattern(request).unwrap_or_else(|| "unmatched".to_owned())
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use actix_web::test::TestRequest;

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Returns the log line of a request with these ids.
    fn logged(ids: RequestIds) -> String {
        let log = Log::default();
        let writer = log.clone();
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            let request = TestRequest::get().uri("/healthz").to_srv_request();
            request.extensions_mut().insert(ids);
            RequestSpan::on_request_start(&request).in_scope(|| tracing::info!("request served"));
        });
        let line = log.0.lock().unwrap().clone();
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn the_id_of_the_client_is_logged_beside_ours() {
        let ours = "01934f6e-7d8c-7b1a-9c55-0d6c1b6f2a11".to_owned();
        let both = logged(RequestIds { ours: ours.clone(), client: Some("edge-42".to_owned()) });
        assert!(both.contains(&format!("request_id={ours}")), "{both}");
        assert!(both.contains("client_request_id=\"edge-42\""), "{both}");
        let one = logged(RequestIds { ours: ours.clone(), client: None });
        assert!(one.contains(&format!("request_id={ours}")) && !one.contains("client_request_id"), "{one}");
    }
}
