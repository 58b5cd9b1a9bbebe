//! Where and to whom HTTP is served.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::error::SettingsError;
use super::key::{Default, Key, Section};
use super::parse;
use super::source::Source;

/// Where and to whom HTTP is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// The address that is listened on.
    pub host: IpAddr,
    /// The port that is listened on.
    pub port: u16,
    /// The origins whose pages may call the api, as browsers send them.
    pub cors_origins: Vec<String>,
    /// The networks of the proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Requests of one organization that run at once; `None` is half of the connections to the database.
    pub organization_concurrency: Option<usize>,
    /// Requests of one organization in a minute.
    pub organization_rate_per_minute: u32,
}

static HOST: Key = Key {
    name: "HOST",
    default: Default::Value("0.0.0.0"),
    takes: "an IP address",
    meaning: "The address the api listens on.",
    example: Some("127.0.0.1"),
    secret: false,
};
static PORT: Key = Key {
    name: "PORT",
    default: Default::Value("3333"),
    takes: "a port number from 1 to 65535",
    meaning: "The port the api listens on.",
    example: None,
    secret: false,
};
static CORS_ORIGIN: Key = Key {
    name: "CORS_ORIGIN",
    default: Default::Value("http://localhost:5173"),
    takes: "origins separated by commas, as https://app.example.fr",
    meaning: "The origins whose pages may call the api.",
    example: None,
    secret: false,
};

static TRUSTED_PROXIES: Key = Key {
    name: "TRUSTED_PROXIES",
    default: Default::Unset("no proxy is believed"),
    takes: "networks or addresses separated by commas, as 10.0.0.0/8",
    meaning: "The proxies whose X-Forwarded-For tells where a request comes from, for limits by address.",
    example: None,
    secret: false,
};

static ORGANIZATION_CONCURRENCY: Key = Key {
    name: "ORGANIZATION_CONCURRENCY",
    default: Default::Unset("half of `PG_POOL_SIZE`, at least 1"),
    takes: "a number from 1 to 1000",
    meaning: "How many requests of one organization each process runs at once, so that one cannot hold every connection to the database. Others wait for up to 2 seconds, then get 429.",
    example: None,
    secret: false,
};

static ORGANIZATION_RATE_PER_MINUTE: Key = Key {
    name: "ORGANIZATION_RATE_PER_MINUTE",
    default: Default::Value("1200"),
    takes: "a number from 60 to 1000000",
    meaning: "How many requests of one organization all processes together answer in a minute.",
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

    /// The address that is listened on.
    pub fn addr(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }
}

fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
