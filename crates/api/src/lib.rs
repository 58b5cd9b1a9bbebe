//! The HTTP API: actix-web handlers, extractors, errors and the OpenAPI document.
//!
//! A request is extracted, parsed into domain types, handled by one domain call, and mapped to JSON.

mod access_token;
mod app;
mod audit;
mod billing;
mod bodies;
mod body_limit;
mod checkin_button;
mod checkin_token;
mod client_address;
mod cookies;
mod cursor;
mod day;
mod docs;
mod error;
mod handlers;
mod idempotency;
mod json_body;
mod labels;
mod middleware;
mod nullable;
pub mod openapi;
mod origin;
mod page;
mod pages;
mod path_param;
mod problem;
mod query;
mod rate_limits;
mod route_pattern;
mod routes;
mod serve;
mod session_client;
mod sign_in_limits;
mod slots;
mod tenant;
mod unmatched;

pub use app::{App, AppError, Keys};
pub use billing::Billing;
pub use error::{ApiError, ApiResult, Reply};
pub use problem::{Problem, ProblemField};
pub use serve::{ServeError, serve};
pub use tenant::{OrganizationAdmin, Tenant};

/// Converts a duration of the settings; one too long becomes the longest possible.
fn lifetime(duration: std::time::Duration) -> time::Duration {
    time::Duration::try_from(duration).unwrap_or(time::Duration::MAX)
}
