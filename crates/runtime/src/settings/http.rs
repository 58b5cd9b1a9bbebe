//! Where and to whom HTTP is served.

use std::net::{IpAddr, SocketAddr};

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

pub(super) static SECTION: Section = Section { title: "HTTP (api)", keys: &[&HOST, &PORT, &CORS_ORIGIN] };

impl HttpSettings {
    pub(super) fn read(source: &Source) -> Result<Self, SettingsError> {
        Ok(Self {
            host: source.required(&HOST, parse::parsed)?,
            port: source.required(&PORT, parse::port)?,
            cors_origins: source.required(&CORS_ORIGIN, |text| parse::list(text, parse::origin))?,
        })
    }

    /// The address that is listened on.
    pub fn addr(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }
}
