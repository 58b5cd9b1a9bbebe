//! Address, origins, proxies and limits of the HTTP server.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::error::SettingsError;
use super::key::{Default, Key, Section};
use super::parse;
use super::source::Source;

/// Address, origins, proxies and limits of the HTTP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// Address to listen on.
    pub host: IpAddr,
    /// Port to listen on.
    pub port: u16,
    /// Origins whose pages may call the api, in the form that browsers send.
    pub cors_origins: Vec<String>,
    /// Networks of the proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// Number of requests of one organization that run at once; `None` is half of the connections to the database.
    pub organization_concurrency: Option<usize>,
    /// Number of requests of one organization in a minute.
    pub organization_rate_per_minute: u32,
}

static HOST: Key = Key {
    name: "HOST",
    default: Default::Value("0.0.0.0"),
    takes: "an IP address",
    meaning: "Address on which the api listens.",
    example: Some("127.0.0.1"),
    secret: false,
};
static PORT: Key = Key {
    name: "PORT",
    default: Default::Value("3333"),
    takes: "a port number from 1 to 65535",
    meaning: "Port on which the api listens.",
    example: None,
    secret: false,
};
static CORS_ORIGIN: Key = Key {
    name: "CORS_ORIGIN",
    default: Default::Value("http://localhost:5173"),
    takes: "origins separated by commas, as https://app.example.fr",
    meaning: "Origins whose pages may call the api.",
    example: None,
    secret: false,
};

static TRUSTED_PROXIES: Key = Key {
    name: "TRUSTED_PROXIES",
    default: Default::Unset("no proxy is trusted"),
    takes: "networks or addresses separated by commas, as 10.0.0.0/8",
    meaning: "Proxies whose `X-Forwarded-For` is trusted as the source of a request, for rate limits by address.",
    example: None,
    secret: false,
};

static ORGANIZATION_CONCURRENCY: Key = Key {
    name: "ORGANIZATION_CONCURRENCY",
    default: Default::Unset("half of `PG_POOL_SIZE`, at least 1"),
    takes: "a number from 1 to 1000",
    meaning: "Number of requests of one organization that each process runs at once, so that one organization cannot use all connections to the database. Others wait for up to 2 seconds, then get 429.",
    example: None,
    secret: false,
};

static ORGANIZATION_RATE_PER_MINUTE: Key = Key {
    name: "ORGANIZATION_RATE_PER_MINUTE",
    default: Default::Value("1200"),
    takes: "a number from 60 to 1000000",
    meaning: "Number of requests of one organization that all processes together accept in a minute.",
    example: None,
    secret: false,
};

pub(super) static SECTION: Section = Section {
    title: "HTTP (api)",
    keys: &[
        &HOST,
        &PORT,
        &CORS_ORIGIN,
        &TRUSTED_PROXIES,
        &ORGANIZATION_CONCURRENCY,
        &ORGANIZATION_RATE_PER_MINUTE,
    ],
};

impl HttpSettings {
    pub(super) fn read(source: &Source) -> Result<Self, SettingsError> {
        Ok(Self {
            host: source.required(&HOST, parse::parsed)?,
            port: source.required(&PORT, parse::port)?,
            cors_origins: source.required(&CORS_ORIGIN, |text| parse::list(text, parse::origin))?,
            trusted_proxies: source
                .optional(&TRUSTED_PROXIES, |text| parse::list(text, network))?
                .unwrap_or_default(),
            organization_concurrency: source
                .optional(&ORGANIZATION_CONCURRENCY, parse::within(1..=1000_usize))?,
            organization_rate_per_minute: source
                .required(&ORGANIZATION_RATE_PER_MINUTE, parse::within(60..=1_000_000_u32))?,
        })
    }

    /// Returns the address and port to listen on.
    pub fn addr(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }
}

fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
