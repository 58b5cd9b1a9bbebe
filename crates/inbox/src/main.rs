//! The development mail inbox: `rubis-inbox --smtp 127.0.0.1:1025 --http 127.0.0.1:8025`.

use std::error::Error;
use std::io::IsTerminal as _;
use std::net::SocketAddr;

use clap::Parser;
use rubis_inbox::{Inbox, InboxSettings};
use tokio::signal::unix::{SignalKind, signal};
use tracing::info;
use tracing_subscriber::EnvFilter;

/// Accepts all mails, delivers none, and shows them on a web page.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address of the SMTP server.
    #[arg(long, default_value = "127.0.0.1:1025")]
    smtp: SocketAddr,
    /// Address of the page and its JSON API.
    #[arg(long, default_value = "127.0.0.1:8025")]
    http: SocketAddr,
    /// Maximum number of mails kept; the oldest are removed first.
    #[arg(long, default_value_t = InboxSettings::default().keep)]
    keep: usize,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let filter =
        EnvFilter::try_from_env("LOG_LEVEL").unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(std::io::stdout().is_terminal()).init();
    let arguments = Arguments::parse();

    let mut terminate = signal(SignalKind::terminate())?;
    let inbox = Inbox::start(InboxSettings {
        smtp_addr: arguments.smtp,
        http_addr: Some(arguments.http),
        keep: arguments.keep,
        ..InboxSettings::default()
    })
    .await?;
    info!(smtp = %inbox.smtp_addr(), page = %format!("http://{}/", inbox.http_addr().unwrap_or(arguments.http)), "ready");

    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    info!("stopping");
    inbox.stop().await;
    Ok(())
}
