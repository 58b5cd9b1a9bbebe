//! The development Stripe: `rubis-stripe-fake --http 127.0.0.1:12111 --webhook http://localhost:3333/…`.

use std::error::Error;
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use rubis_stripe_fake::{ApiShape, FakeSettings, Shapes, StripeFake, WebhookTarget};
use tokio::signal::unix::{SignalKind, signal};
use tracing::info;
use tracing_subscriber::EnvFilter;
use url::Url;

/// Simulates Stripe: accepts no real card, charges no customer, and delivers events to the product.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The address of the API and the pages.
    #[arg(long, default_value = "127.0.0.1:12111")]
    http: SocketAddr,
    /// The address for browsers, if it is another one.
    #[arg(long)]
    public_url: Option<Url>,
    /// The only secret key that is accepted.
    #[arg(long, default_value = "sk_test_rubis")]
    secret_key: String,
    /// The address to which events are posted; without it no events are delivered.
    #[arg(long)]
    webhook: Option<Url>,
    /// The secret that events are signed with.
    #[arg(long, default_value = "whsec_rubis_development")]
    webhook_secret: String,
    /// The file that keeps the state from one start to the next; without it the state is lost.
    #[arg(long)]
    state: Option<PathBuf>,
    /// Simulates the version of Stripe's API before 2025-03-31.
    #[arg(long)]
    classic: bool,
}

/// The interval at which changes that became due by the clock are simulated.
const CATCH_UP_EVERY: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let filter =
        EnvFilter::try_from_env("LOG_LEVEL").unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(std::io::stdout().is_terminal()).init();
    drop(rustls::crypto::ring::default_provider().install_default());
    let arguments = Arguments::parse();

    let mut terminate = signal(SignalKind::terminate())?;
    let shape = if arguments.classic { ApiShape::Classic } else { ApiShape::Items };
    let secret = arguments.webhook_secret;
    let fake = StripeFake::start(FakeSettings {
        addr: arguments.http,
        public_url: arguments.public_url,
        secret_key: arguments.secret_key,
        webhook: arguments.webhook.map(|url| WebhookTarget { url, secret }),
        state_file: arguments.state,
        shapes: Shapes::both(shape),
        ..FakeSettings::default()
    })
    .await?;
    info!(page = %fake.api_base(), "ready");

    let mut catch_up = tokio::time::interval(CATCH_UP_EVERY);
    loop {
        tokio::select! {
            _ = catch_up.tick() => fake.catch_up(),
            _ = terminate.recv() => break,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                break;
            }
        }
    }
    info!("stopping");
    fake.stop().await;
    Ok(())
}
