//! Redis, or a compatible server.

use secrecy::SecretString;
use url::Url;

use super::certificates::{self, CertificateFile};
use super::error::SettingsError;
use super::key::{Default, Key, Section};
use super::parse;
use super::source::Source;

/// Redis, or a compatible server.
#[derive(Debug, Clone)]
pub struct RedisSettings {
    /// Address with its password; it is never printed.
    pub url: SecretString,
    /// Prefix of every key.
    pub prefix: String,
    /// Authorities that may have signed an encrypted server's certificate, instead of the public ones.
    pub ca_certificates: Option<CertificateFile>,
}

static REDIS_URL: Key = Key {
    name: "REDIS_URL",
    default: Default::Unset("built from `REDIS_HOST`, `REDIS_PORT` and `REDIS_PASSWORD`"),
    takes: "a redis:// or rediss:// address with a host",
    meaning: "Redis or Valkey; if it is set, the three keys below are ignored. `rediss://` encrypts, and verifies the certificate and its name.",
    example: None,
    secret: true,
};
static REDIS_HOST: Key = Key {
    name: "REDIS_HOST",
    default: Default::Value("127.0.0.1"),
    takes: "a host name or IP address",
    meaning: "The Redis server.",
    example: None,
    secret: false,
};
static REDIS_PORT: Key = Key {
    name: "REDIS_PORT",
    default: Default::Value("6380"),
    takes: "a port number from 1 to 65535",
    meaning: "Its port.",
    example: None,
    secret: false,
};
static REDIS_PASSWORD: Key = Key {
    name: "REDIS_PASSWORD",
    default: Default::Unset("no password"),
    takes: "a password",
    meaning: "Its password.",
    example: None,
    secret: true,
};
static REDIS_CA_CERT: Key = Key {
    name: "REDIS_CA_CERT",
    default: Default::Unset("the public certificate authorities"),
    takes: certificates::TAKES,
    meaning: "Authorities that may have signed the certificate of a `rediss://` server, instead of the public ones.",
    example: None,
    secret: false,
};
static REDIS_PREFIX: Key = Key {
    name: "REDIS_PREFIX",
    default: Default::Value("rubis"),
    takes: "a word of lower-case letters, digits, - and _",
    meaning: "Prefix of every key in Redis, for deployments that share one.",
    example: None,
    secret: false,
};

pub(super) static SECTION: Section = Section {
    title: "Redis",
    keys: &[&REDIS_URL, &REDIS_HOST, &REDIS_PORT, &REDIS_PASSWORD, &REDIS_CA_CERT, &REDIS_PREFIX],
};

impl RedisSettings {
    pub(super) fn read(source: &Source) -> Result<Self, SettingsError> {
        let url = match source.optional(&REDIS_URL, redis_url)? {
            Some(url) => url,
            None => url_of_parts(source)?,
        };
        let ca_certificates = source.optional(&REDIS_CA_CERT, certificates::file)?;
        if ca_certificates.is_some() && url.scheme() != "rediss" {
            return Err(SettingsError::refused(
                &REDIS_CA_CERT,
                "is set, and REDIS_URL is not a rediss:// address",
            ));
        }
        Ok(Self {
            url: String::from(url).into(),
            prefix: source.required(&REDIS_PREFIX, parse::word)?,
            ca_certificates,
        })
    }

    /// Returns the settings of a server at this address, with the default prefix and the public certificate
    /// authorities.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self { url: url.into(), prefix: "rubis".to_owned(), ca_certificates: None }
    }
}

fn redis_url(text: &str) -> Option<Url> {
    let url: Url = parse::parsed(text)?;
    // A fragment would turn the verification off.
    (matches!(url.scheme(), "redis" | "rediss") && url.has_host() && url.fragment().is_none()).then_some(url)
}

fn url_of_parts(source: &Source) -> Result<Url, SettingsError> {
    let mut url = source.required(&REDIS_HOST, |host| redis_url(&format!("redis://{host}/")))?;
    let port = source.required(&REDIS_PORT, parse::port)?;
    let password = source.optional(&REDIS_PASSWORD, |text| Some(text.to_owned()))?;
    // These only fail for addresses without a host, and this one has one.
    let _port = url.set_port(Some(port));
    let _password = url.set_password(password.as_deref().map(parse::literal).as_deref());
    Ok(url)
}
