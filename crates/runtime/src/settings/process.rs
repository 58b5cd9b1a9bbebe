//! Settings common to both binaries.

use std::net::SocketAddr;
use std::time::Duration;

use rubis_kernel::AppKey;
use secrecy::SecretString;
use tracing_subscriber::EnvFilter;
use url::Url;

use super::error::SettingsError;
use super::key::{Binary, Default, Key, Section};
use super::parse;
use super::source::Source;

/// Settings common to both binaries.
#[derive(Debug, Clone)]
pub struct ProcessSettings {
    /// Secret from which the key of each purpose is derived.
    pub app_key: AppKey,
    /// Address under which people and mails reach the api.
    pub app_url: Url,
    /// Address of the single-page app.
    pub web_url: Url,
    /// Address at which `/metrics` is served.
    pub metrics_addr: SocketAddr,
    /// Bearer token required for `/metrics`; `None` requires none.
    pub metrics_token: Option<SecretString>,
    pub log: LogSettings,
    /// Time that running work has to finish after the request to stop.
    pub shutdown_grace: Duration,
}

/// Level and format of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// A filter of `tracing-subscriber`.
    pub level: String,
    pub format: LogFormat,
}

/// Format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Readable text.
    Pretty,
    /// One JSON object a line.
    Json,
}

static APP_KEY: Key = Key {
    name: "APP_KEY",
    default: Default::Required(""),
    takes: "a secret of at least 32 bytes",
    meaning: "Root from which the key of each purpose is derived. Changing it invalidates access tokens (clients refresh them), cursors of lists and referral codes; links of check-ins that were sent stay valid.",
    example: Some("development-only-0123456789abcdef0123456789abcdef"),
    secret: true,
};
pub(super) static APP_URL: Key = Key {
    name: "APP_URL",
    default: Default::Value("http://localhost:3333"),
    takes: "an http or https address without a query",
    meaning: "Address under which people and mails reach the api. While it is https, secrets that are published, guessable or named `development` are refused.",
    example: None,
    secret: false,
};
static WEB_URL: Key = Key {
    name: "WEB_URL",
    default: Default::Value("http://localhost:5173"),
    takes: "an http or https address without a query",
    meaning: "Address of the single-page app.",
    example: None,
    secret: false,
};
static METRICS_ADDR: Key = Key {
    name: "METRICS_ADDR",
    default: Default::Each { api: "127.0.0.1:9464", worker: "127.0.0.1:9465" },
    takes: "an IP address and a port, as 127.0.0.1:9464",
    meaning: "Address at which Prometheus finds `/metrics`. It must not be public.",
    example: None,
    secret: false,
};
static METRICS_TOKEN: Key = Key {
    name: "METRICS_TOKEN",
    default: Default::Unset("any client that reaches `METRICS_ADDR` can read the metrics"),
    takes: "a secret of 16 to 200 printable ASCII characters without spaces",
    meaning: "Bearer token that Prometheus has to send for `/metrics`. `/healthz` on the same address needs none.",
    example: None,
    secret: true,
};
static LOG_LEVEL: Key = Key {
    name: "LOG_LEVEL",
    default: Default::Value("info"),
    takes: "a level (error, warn, info, debug, trace) or a filter as info,rubis_queue=debug",
    meaning: "Log level.",
    example: None,
    secret: false,
};
static LOG_FORMAT: Key = Key {
    name: "LOG_FORMAT",
    default: Default::Value("pretty"),
    takes: "pretty or json",
    meaning: "Format of log lines: text or JSON.",
    example: None,
    secret: false,
};
static SHUTDOWN_GRACE_SECONDS: Key = Key {
    name: "SHUTDOWN_GRACE_SECONDS",
    default: Default::Value("25"),
    takes: "a number of seconds from 1 to 600",
    meaning: "Time that running work has to finish after the request to stop; keep it below the time that the orchestrator waits.",
    example: None,
    secret: false,
};

pub(super) static SECTION: Section = Section {
    title: "Process",
    keys: &[
        &APP_KEY,
        &APP_URL,
        &WEB_URL,
        &METRICS_ADDR,
        &METRICS_TOKEN,
        &LOG_LEVEL,
        &LOG_FORMAT,
        &SHUTDOWN_GRACE_SECONDS,
    ],
};

impl ProcessSettings {
    pub(super) fn read(source: &Source, binary: Binary) -> Result<Self, SettingsError> {
        Ok(Self {
            app_key: source.required(&APP_KEY, parse::parsed)?,
            app_url: source.required(&APP_URL, parse::web_url)?,
            web_url: source.required(&WEB_URL, parse::web_url)?,
            metrics_addr: source.required_for(&METRICS_ADDR, binary, parse::parsed)?,
            metrics_token: source.optional(&METRICS_TOKEN, token)?,
            log: LogSettings {
                level: source.required(&LOG_LEVEL, filter)?,
                format: source.required(&LOG_FORMAT, format)?,
            },
            shutdown_grace: source.required(&SHUTDOWN_GRACE_SECONDS, parse::seconds(1..=600))?,
        })
    }
}

fn token(text: &str) -> Option<SecretString> {
    let fits = (16..=200).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| text.into())
}

fn filter(text: &str) -> Option<String> {
    EnvFilter::try_new(text).is_ok().then(|| text.to_owned())
}

fn format(text: &str) -> Option<LogFormat> {
    match text {
        "pretty" => Some(LogFormat::Pretty),
        "json" => Some(LogFormat::Json),
        _ => None,
    }
}
