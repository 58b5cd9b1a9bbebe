//! Sessions and cookies.

use std::time::Duration;

use super::error::SettingsError;
use super::key::{Default, Key, Section};
use super::parse;
use super::source::Source;

/// Sessions and cookies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthSettings {
    /// How long an access token is good for.
    pub access_token_ttl: Duration,
    /// How long a refresh token is good for, unless it is used.
    pub refresh_token_ttl: Duration,
    /// The domain of the refresh cookie; `None` is the host of the api alone.
    pub cookie_domain: Option<String>,
    /// Whether the refresh cookie is only sent over HTTPS.
    pub cookie_secure: bool,
    /// Where rate limits are counted.
    pub limiter_store: LimiterStore,
}

/// Where rate limits are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimiterStore {
    /// In Redis, for all replicas together.
    Redis,
    /// In each process.
    Memory,
}

static ACCESS_TOKEN_TTL_MINUTES: Key = Key {
    name: "ACCESS_TOKEN_TTL_MINUTES",
    default: Default::Value("30"),
    takes: "a number of minutes from 1 to 1440",
    meaning: "How long an access token is good for.",
    example: None,
    secret: false,
};
static REFRESH_TOKEN_TTL_DAYS: Key = Key {
    name: "REFRESH_TOKEN_TTL_DAYS",
    default: Default::Value("30"),
    takes: "a number of days from 1 to 365",
    meaning: "How long somebody stays signed in without coming back.",
    example: None,
    secret: false,
};
static COOKIE_DOMAIN: Key = Key {
    name: "COOKIE_DOMAIN",
    default: Default::Unset("the host of the api alone"),
    takes: "a domain name, as example.fr",
    meaning: "The domain of the refresh cookie.",
    example: None,
    secret: false,
};
static COOKIE_SECURE: Key = Key {
    name: "COOKIE_SECURE",
    default: Default::Value("true"),
    takes: "true or false",
    meaning: "Whether the refresh cookie is only sent over HTTPS.",
    example: Some("false"),
    secret: false,
};
static LIMITER_STORE: Key = Key {
    name: "LIMITER_STORE",
    default: Default::Value("redis"),
    takes: "redis or memory",
    meaning: "Where rate limits are counted: for all replicas together, or in each process.",
    example: None,
    secret: false,
};

pub(super) static SECTION: Section = Section {
    title: "Sessions and rate limits (api)",
    keys: &[
        &ACCESS_TOKEN_TTL_MINUTES,
        &REFRESH_TOKEN_TTL_DAYS,
        &COOKIE_DOMAIN,
        &COOKIE_SECURE,
        &LIMITER_STORE,
    ],
};

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

impl AuthSettings {
    pub(super) fn read(source: &Source) -> Result<Self, SettingsError> {
        let minutes = source.required(&ACCESS_TOKEN_TTL_MINUTES, parse::within(1..=1440_u64))?;
        let days = source.required(&REFRESH_TOKEN_TTL_DAYS, parse::within(1..=365_u64))?;
        Ok(Self {
            access_token_ttl: Duration::from_secs(minutes * MINUTE),
            refresh_token_ttl: Duration::from_secs(days * DAY),
            cookie_domain: source.optional(&COOKIE_DOMAIN, domain)?,
            cookie_secure: source.required(&COOKIE_SECURE, parse::boolean)?,
            limiter_store: source.required(&LIMITER_STORE, limiter_store)?,
        })
    }
}

fn domain(text: &str) -> Option<String> {
    match url::Host::parse(text.trim_start_matches('.')) {
        Ok(url::Host::Domain(domain)) => Some(domain),
        Ok(url::Host::Ipv4(_) | url::Host::Ipv6(_)) | Err(_) => None,
    }
}

fn limiter_store(text: &str) -> Option<LimiterStore> {
    match text {
        "redis" => Some(LimiterStore::Redis),
        "memory" => Some(LimiterStore::Memory),
        _ => None,
    }
}
