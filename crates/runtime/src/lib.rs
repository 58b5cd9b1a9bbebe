//! Settings, tracing, metrics, rate limits and shutdown, shared by both binaries.

pub mod limiter;
pub mod redis;
pub mod settings;
mod shutdown;
pub mod telemetry;

pub use limiter::{Decision, MailRate, Rate, RateLimiter};
pub use settings::{ApiSettings, SettingsError, WorkerSettings};
pub use shutdown::Shutdown;
