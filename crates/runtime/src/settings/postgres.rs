//! The database.

use secrecy::SecretString;
use url::Url;

use super::error::SettingsError;
use super::key::{Default, Key, Section};
use super::parse;
use super::source::Source;

/// The database.
#[derive(Debug, Clone)]
pub struct PostgresSettings {
    /// Its address with user, password and name; it never prints.
    pub url: SecretString,
    /// Most connections this process holds.
    pub pool_size: u32,
}

static DATABASE_URL: Key = Key {
    name: "DATABASE_URL",
    default: Default::Unset("made of the `PG_…` keys"),
    takes: "a postgres:// address with a host",
    meaning: "The database; where it is set, the `PG_…` keys below do not count.",
    example: None,
    secret: true,
};
static PG_HOST: Key = Key {
    name: "PG_HOST",
    default: Default::Value("127.0.0.1"),
    takes: "a host name or IP address",
    meaning: "The database server.",
    example: None,
    secret: false,
};
static PG_PORT: Key = Key {
    name: "PG_PORT",
    default: Default::Value("5433"),
    takes: "a port number from 1 to 65535",
    meaning: "Its port.",
    example: None,
    secret: false,
};
static PG_USER: Key = Key {
    name: "PG_USER",
    default: Default::Value("rubis"),
    takes: "a user name",
    meaning: "The user that signs in.",
    example: None,
    secret: false,
};
static PG_PASSWORD: Key = Key {
    name: "PG_PASSWORD",
    default: Default::Unset("no password"),
    takes: "a password",
    meaning: "Its password.",
    example: Some("rubis"),
    secret: true,
};
static PG_DB_NAME: Key = Key {
    name: "PG_DB_NAME",
    default: Default::Value("rubis"),
    takes: "the name of a database",
    meaning: "The database.",
    example: None,
    secret: false,
};
static PG_POOL_SIZE: Key = Key {
    name: "PG_POOL_SIZE",
    default: Default::Value("10"),
    takes: "a number from 1 to 1000",
    meaning: "Most connections that one process holds.",
    example: None,
    secret: false,
};

pub(super) static SECTION: Section = Section {
    title: "Postgres",
    keys: &[&DATABASE_URL, &PG_HOST, &PG_PORT, &PG_USER, &PG_PASSWORD, &PG_DB_NAME, &PG_POOL_SIZE],
};

impl PostgresSettings {
    pub(super) fn read(source: &Source) -> Result<Self, SettingsError> {
        let url = match source.optional(&DATABASE_URL, postgres_url)? {
            Some(url) => url,
            None => url_of_parts(source)?,
        };
        Ok(Self {
            url: String::from(url).into(),
            pool_size: source.required(&PG_POOL_SIZE, parse::within(1..=1000))?,
        })
    }
}

fn postgres_url(text: &str) -> Option<Url> {
    let url: Url = parse::parsed(text)?;
    (matches!(url.scheme(), "postgres" | "postgresql") && url.has_host()).then_some(url)
}

fn url_of_parts(source: &Source) -> Result<Url, SettingsError> {
    // Set part by part, so that every character of a password is encoded.
    let mut url = source.required(&PG_HOST, |host| postgres_url(&format!("postgres://{host}/")))?;
    let port = source.required(&PG_PORT, parse::port)?;
    let user = source.required(&PG_USER, parse::text)?;
    let name = source.required(&PG_DB_NAME, parse::text)?;
    let password = source.optional(&PG_PASSWORD, |text| Some(text.to_owned()))?;
    // These only fail for addresses without a host, and this one has one.
    let _port = url.set_port(Some(port));
    let _user = url.set_username(&parse::literal(&user));
    let _password = url.set_password(password.as_deref().map(parse::literal).as_deref());
    if let Ok(mut path) = url.path_segments_mut() {
        path.clear().push(&name);
    }
    Ok(url)
}
