//! Log lines, as text or as JSON.

use std::io::IsTerminal as _;

use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::{LogFormat, LogSettings};

/// Filter for the security audit trail, which is written at every log level.
const AUDIT: &str = "rubis_audit=info";

/// The log could not be set up.
#[derive(Debug, Error)]
#[error("the log cannot be set up: {reason}")]
pub struct LogError {
    reason: String,
}

/// Writes events to the standard output from now on, including those of the `log` crate.
///
/// # Errors
/// Another log was set up before.
pub fn init_tracing(settings: &LogSettings) -> Result<(), LogError> {
    let filter = filter(&settings.level)?;
    // Colours are for terminals: not for files and pipes.
    let colours = std::io::stdout().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours);
    let set = match settings.format {
        LogFormat::Pretty => builder.finish().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
    };
    set.map_err(|error| LogError { reason: error.to_string() })
}

fn filter(level: &str) -> Result<EnvFilter, LogError> {
    let filter = EnvFilter::try_new(level).map_err(|error| LogError { reason: error.to_string() })?;
    let audit = AUDIT.parse().map_err(|_| LogError { reason: format!("{AUDIT} is no directive") })?;
    Ok(filter.add_directive(audit))
}

#[cfg(test)]
mod tests {
    use super::filter;

    #[test]
    fn the_audit_trail_is_written_at_any_level() {
        for level in ["error", "off", "rubis_audit=off,info", "rubis_api=debug"] {
            let filter = filter(level).unwrap().to_string();
            assert!(filter.contains("rubis_audit=info") && !filter.contains("rubis_audit=off"), "{filter}");
        }
    }
}
