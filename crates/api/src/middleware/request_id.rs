//! One id per request, in its logs, its problems and its response. It is also the trace of the jobs that the request
//! causes.

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
};
use rubis_jobs::{current_trace, in_trace};
use rubis_kernel::TraceId;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The ids of a request, as an extension of it.
#[derive(Clone, Debug, Default)]
pub struct RequestIds {
    /// Id that is generated here and therefore unique, whatever clients send.
    pub ours: String,
    /// Id that the client, or a proxy, gave the request. It is logged beside ours and proves nothing.
    pub client: Option<String>,
}

/// Returns the id of the current request; empty outside of one.
#[must_use]
pub fn current_request_id() -> String {
    current_trace().map(|trace| trace.to_string()).unwrap_or_default()
}

/// Assigns an id to the request and its response.
pub async fn identify(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let client = request.headers().get(&REQUEST_ID).and_then(|value| value.to_str().ok());
    let client = client.filter(|id| is_plausible(id)).map(str::to_owned);
    let trace = TraceId::new();
    let ours = trace.to_string();
    let header = HeaderValue::from_str(&ours);
    request.extensions_mut().insert(RequestIds { ours, client });
    let mut response = in_trace(trace, next.call(request)).await?;
    if let Ok(header) = header {
        response.headers_mut().insert(REQUEST_ID.clone(), header);
    }
    Ok(response)
}

/// Returns true if a client's id can be logged unchanged.
fn is_plausible(id: &str) -> bool {
    (1..=128).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::is_plausible;

    #[test]
    fn an_id_that_could_forge_a_log_line_is_not_logged() {
        assert!(is_plausible("01934f6e-7d8c-7b1a-9c55-0d6c1b6f2a11"));
        assert!(is_plausible("edge_7.42"));
        for wrong in ["", "a b", "a\nb", "a\"b", "é", &"a".repeat(129)] {
            assert!(!is_plausible(wrong), "{wrong:?}");
        }
    }
}
