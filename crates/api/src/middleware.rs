//! What happens to every request, whichever handler answers it.

mod authentication;
mod cors;
mod request_id;
mod security_headers;
mod telemetry;

pub use authentication::authenticate;
pub use cors::cors;
pub use request_id::{current_request_id, identify};
pub use security_headers::secure;
pub use telemetry::{RequestSpan, describe_measurements, measure};
