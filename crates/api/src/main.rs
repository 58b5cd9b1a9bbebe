//! `rubis-api`: serves the API. `rubis-api migrate` migrates the database, `rubis-api openapi` prints the
//! document.

use std::{
    error::Error,
    io::{self, Write},
    net::TcpListener,
    process::ExitCode,
    sync::Arc,
};

use actix_web::web::Data;
use rubis_api::{App, openapi, serve};
use rubis_composition::{Process, describe_failure};
use rubis_kernel::SystemClock;
use rubis_runtime::{ApiSettings, settings::MigrationSettings};
use secrecy::ExposeSecret;

/// Exit code for settings or a command that cannot be understood.
const BAD_USAGE: u8 = 2;

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next();
    let done = match command.as_deref() {
        Some("openapi") => print_document(),
        Some("migrate") => {
            let database_url = match database_url(arguments) {
                Ok(given) => given,
                Err(why) => return refuse(&why),
            };
            match MigrationSettings::load(database_url.as_deref()) {
                Ok(settings) => migrate(&settings).await,
                Err(error) => return refuse(&error.to_string()),
            }
        }
        None | Some("serve") => match ApiSettings::load() {
            Ok(settings) => run(settings).await,
            Err(error) => return refuse(&error.to_string()),
        },
        Some(other) => {
            return refuse(&format!("{other}: is not a command, there are serve, migrate and openapi"));
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&describe_failure(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: ApiSettings) -> Result<(), Failure> {
    let process = Process::start("rubis-api", &settings.process).await?;
    tokio::spawn(process.metrics.maintain(process.shutdown.clone()));
    let listener = TcpListener::bind(settings.http.addr())?;
    tracing::info!(address = %listener.local_addr()?, "api started");
    let app = Data::new(App::new(settings, Arc::new(SystemClock))?);
    serve(app, listener, None, process.shutdown).await?;
    Ok(())
}

/// Returns the value of `--database-url`, the only argument of `migrate`.
fn database_url(mut arguments: impl Iterator<Item = String>) -> Result<Option<String>, String> {
    let Some(argument) = arguments.next() else { return Ok(None) };
    let url = match argument.split_once('=') {
        Some(("--database-url", url)) => Some(url.to_owned()),
        None if argument == "--database-url" => arguments.next(),
        // The value is not printed: it may be an address with a password.
        _ => return Err("migrate: takes --database-url and an address, and nothing else".to_owned()),
    };
    match (url, arguments.next()) {
        (Some(url), None) => Ok(Some(url)),
        _ => Err("migrate: --database-url takes one address".to_owned()),
    }
}

async fn migrate(settings: &MigrationSettings) -> Result<(), Failure> {
    let url = settings.url.expose_secret();
    let applied = rubis_db::run_migrations(url).await?;
    if let Some(role) = &settings.program_role {
        rubis_db::grant_program_role(url, role).await?;
    }
    let mut out = io::stdout().lock();
    for migration in &applied {
        writeln!(out, "applied {migration}")?;
    }
    writeln!(out, "the database is up to date")?;
    Ok(())
}

fn print_document() -> Result<(), Failure> {
    io::stdout().lock().write_all(openapi::document_json()?.as_bytes())?;
    Ok(())
}

fn refuse(why: &str) -> ExitCode {
    say(why);
    ExitCode::from(BAD_USAGE)
}

/// Writes one line to the standard error, and ignores a closed one.
fn say(line: &str) {
    let _written = writeln!(io::stderr().lock(), "rubis-api: {line}");
}
