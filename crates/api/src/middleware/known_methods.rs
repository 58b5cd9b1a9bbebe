//! Known HTTP methods. Methods invented by clients are refused, and their names are never repeated.

use actix_web::{
    Error, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, StatusCode},
    middleware::Next,
};

use crate::ApiError;

/// The label of a method that is not registered for HTTP.
const OTHER: &str = "other";

/// The methods that HTTP clients send. No path here accepts `QUERY`, the latest one.
const KNOWN: [&str; 10] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"];

/// Returns the method's name from a bounded set: an invented one is `other`.
pub(super) fn label(method: &Method) -> &'static str {
    KNOWN.into_iter().find(|known| method.as_str() == *known).unwrap_or(OTHER)
}

/// Refuses methods that are not HTTP's. A known one that a path lacks is refused with 405 by the router's
/// default.
pub async fn refuse_unknown_methods(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    if label(request.method()) == OTHER {
        let refusal = ApiError::new(
            StatusCode::NOT_IMPLEMENTED,
            "unknown_method",
            "The method is not one of HTTP's: send GET, HEAD, POST, PUT, PATCH or DELETE.",
        );
        return Ok(request.into_response(refusal.error_response()).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invented_method_has_the_label_of_all_invented_methods() {
        assert_eq!(label(&Method::PATCH), "PATCH");
        for invented in ["get", "GETS", "BREW", "M123"] {
            assert_eq!(label(&Method::from_bytes(invented.as_bytes()).unwrap()), OTHER, "{invented}");
        }
    }
}
