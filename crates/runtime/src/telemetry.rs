//! Log lines and metrics.

mod bounded;
mod exposition;
mod log;
mod metrics;
mod process;

pub use exposition::serve_metrics;
pub use log::{LogError, init_tracing};
pub use metrics::{Metrics, MetricsError};
