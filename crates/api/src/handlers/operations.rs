//! Whether the service is well.

mod alive;
mod ready;

pub use alive::healthz;
pub use ready::readyz;
