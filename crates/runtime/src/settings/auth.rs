//! Sessions and cookies.

use std::time::Duration;

use super::error::SettingsError;
use super::key::{Default, Key, Section};
use super::parse;
use super::source::Source;

/// Sessions and cookies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthSettings {
    /// Life of an access token.
    pub access_token_ttl: Duration,
    /// Life of a refresh token, unless it is used.
    pub refresh_token_ttl: Duration,
    /// Maximum life of a session, for any number of refreshes.
    pub session_lifetime: Duration,
    /// Domain of the session cookies; `None` is the host of the api alone.
    pub cookie_domain: Option<String>,
    /// True if the session cookies are only sent over HTTPS.
    pub cookie_secure: bool,
    pub limiter_store: LimiterStore,
}

/// Storage of rate limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimiterStore {
    /// Redis, for all replicas together.
    Redis,
    /// Memory of each process.
    Memory,
}

static ACCESS_TOKEN_TTL_MINUTES: Key = Key {
    name: "ACCESS_TOKEN_TTL_MINUTES",
    default: Default::Value("30"),
    takes: "a number of minutes from 1 to 1440",
    meaning: "Life of an access token.",
    example: None,
    secret: false,
};
static REFRESH_TOKEN_TTL_DAYS: Key = Key {
    name: "REFRESH_TOKEN_TTL_DAYS",
    default: Default::Value("30"),
    takes: "a number of days from 1 to 365",
    meaning: "Time for which a user stays signed in without using the product.",
    example: None,
    secret: false,
};
static SESSION_LIFETIME_DAYS: Key = Key {
    name: "SESSION_LIFETIME_DAYS",
    default: Default::Value("90"),
    takes: "a number of days from 1 to 365",
    meaning: "Maximum life of a session after its sign-in, for any number of refreshes.",
    example: None,
    secret: false,
};
static COOKIE_DOMAIN: Key = Key {
    name: "COOKIE_DOMAIN",
    default: Default::Unset("the host of the api alone"),
    takes: "a domain name, as example.fr",
    meaning: "Domain of the session cookies; without one the prefix `__Host-` binds them to the host.",
    example: None,
    secret: false,
};
pub(super) static COOKIE_SECURE: Key = Key {
    name: "COOKIE_SECURE",
    default: Default::Value("true"),
    takes: "true or false",
    meaning: "If true, the session cookies are only sent over HTTPS, and their names have a prefix that proves it. Must be true while `APP_URL` is https.",
    example: Some("false"),
    secret: false,
};
static LIMITER_STORE: Key = Key {
    name: "LIMITER_STORE",
    default: Default::Value("redis"),
    takes: "redis or memory",
    meaning: "Storage of rate limits: Redis counts for all replicas together, memory in each process.",
    example: None,
    secret: false,
};

pub(super) static SECTION: Section = Section {
    title: "Sessions and rate limits (api)",
    keys: &[
        &ACCESS_TOKEN_TTL_MINUTES,
        &REFRESH_TOKEN_TTL_DAYS,
        &SESSION_LIFETIME_DAYS,
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
        let lifetime_days = source.required(&SESSION_LIFETIME_DAYS, parse::within(1..=365_u64))?;
        Ok(Self {
            session_lifetime: Duration::from_secs(lifetime_days * DAY),
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
