//! Health and readiness of the service.

mod alive;
mod ready;

pub use alive::healthz;
pub use ready::readyz;
