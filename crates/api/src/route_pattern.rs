//! The route of a request before it is routed.

use actix_web::dev::ServiceRequest;

/// Returns the template of the route that a request will be routed to. The router matches the decoded
/// path, so this does too: a percent-encoded letter must not evade a decision by route.
pub fn route_pattern(request: &ServiceRequest) -> Option<String> {
    request.resource_map().match_pattern(request.match_info().as_str())
}
