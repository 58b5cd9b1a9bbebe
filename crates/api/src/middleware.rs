//! Middleware for every request.

mod admission;
mod audit;
mod cors;
mod known_methods;
mod request_id;
mod security_headers;
mod telemetry;

pub use admission::admit;
pub use audit::audit;
pub use cors::cors;
pub use known_methods::refuse_unknown_methods;
pub use request_id::{current_request_id, identify};
pub use security_headers::secure;
pub use telemetry::{RequestSpan, describe_measurements, measure};
