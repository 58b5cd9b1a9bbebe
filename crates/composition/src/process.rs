//! The process around a program: logs, metrics, TLS and the end.

use std::{error::Error, io, net::SocketAddr};

use rubis_runtime::{
    Shutdown,
    settings::ProcessSettings,
    telemetry::{LogError, Metrics, MetricsError, init_tracing, serve_metrics},
};
use tokio::net::TcpListener;

/// Reasons why a process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// The signals that end the process cannot be received.
    #[error("signals cannot be received: {0}")]
    Signals(#[source] io::Error),
    #[error("METRICS_ADDR: cannot listen on {0}: {1}")]
    Listen(SocketAddr, #[source] io::Error),
}

/// A started process.
pub struct Process {
    /// Metrics, served at `METRICS_ADDR`. The program runs [`Metrics::maintain`].
    pub metrics: Metrics,
    /// Requested by SIGTERM and SIGINT.
    pub shutdown: Shutdown,
}

impl Process {
    /// Starts logs, metrics and the handling of signals, and installs the TLS provider of the process.
    pub async fn start(program: &'static str, settings: &ProcessSettings) -> Result<Self, StartError> {
        install_tls();
        init_tracing(&settings.log)?;
        let metrics = Metrics::install(program, env!("CARGO_PKG_VERSION"))?;
        let shutdown = Shutdown::on_signals().map_err(StartError::Signals)?;
        let address = settings.metrics_addr;
        let listener =
            TcpListener::bind(address).await.map_err(|error| StartError::Listen(address, error))?;
        let token = settings.metrics_token.clone();
        tokio::spawn(serve_metrics(listener, metrics.clone(), token, shutdown.clone()));
        Ok(Self { metrics, shutdown })
    }
}

/// Installs the provider of TLS for clients of PostgreSQL, Redis, mail servers and Stripe.
pub fn install_tls() {
    // Fails only if a provider is installed already, which serves as well.
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// Formats an error and its causes on one line.
#[must_use]
pub fn describe_failure(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        // Transparent errors and those that quote their cause have said it already.
        if !line.contains(&reason) {
            line.push_str(": ");
            line.push_str(&reason);
        }
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the pool is empty")]
    struct Inner;

    #[derive(Debug, thiserror::Error)]
    enum Outer {
        #[error("no job can be claimed")]
        Claim(#[source] Inner),
        #[error("no job can be claimed: {0}")]
        Quoted(#[source] Inner),
    }

    #[test]
    fn a_failure_is_described_with_each_of_its_causes_once() {
        for error in [Outer::Claim(Inner), Outer::Quoted(Inner)] {
            assert_eq!(describe_failure(&error), "no job can be claimed: the pool is empty");
        }
        assert_eq!(describe_failure(&Inner), "the pool is empty");
    }
}
