//! The database.

use secrecy::SecretString;
use url::Url;

use super::certificates::{self, CertificateFile};
use super::error::SettingsError;
use super::key::{Default, Key, Section};
use super::parse;
use super::source::Source;

/// The database.
#[derive(Debug, Clone)]
pub struct PostgresSettings {
    /// Address with user, password and name, encryption of connections, and their timeouts; it is never printed.
    pub url: SecretString,
    /// Maximum number of connections of this process.
    pub pool_size: u32,
}

/// The database for migrations: with its owner's role, without timeouts.
#[derive(Debug, Clone)]
pub struct MigrationSettings {
    /// Address with the owner's name and password; it is never printed.
    pub url: SecretString,
    /// Role of the programs, if it is not the owner.
    pub program_role: Option<String>,
}

static DATABASE_URL: Key = Key {
    name: "DATABASE_URL",
    default: Default::Unset("built from the `PG_…` keys"),
    takes: "a postgres:// address with a host",
    meaning: "The database; if it is set, `PG_HOST` to `PG_DB_NAME` are ignored. It may contain `sslmode` and `sslrootcert`.",
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
    meaning: "User that signs in.",
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
    meaning: "Maximum number of connections of one process.",
    example: None,
    secret: false,
};

static PG_SSL_MODE: Key = Key {
    name: "PG_SSL_MODE",
    default: Default::Value("prefer"),
    takes: "disable, prefer, require, verify-ca or verify-full",
    meaning: "Encryption of connections, as with libpq: none, if the server supports it, always, with a certificate signed by a root of `PG_SSL_ROOT_CERT`, or with one that also names the host. Only the last protects from a server in between. An address that has `sslmode` keeps it.",
    example: None,
    secret: false,
};
static PG_SSL_ROOT_CERT: Key = Key {
    name: "PG_SSL_ROOT_CERT",
    default: Default::Unset("the public certificate authorities, with `verify-full` alone"),
    takes: certificates::TAKES,
    meaning: "Authorities that may have signed the server's certificate, with `verify-ca` and `verify-full`.",
    example: None,
    secret: false,
};
static PG_STATEMENT_TIMEOUT_SECONDS: Key = Key {
    name: "PG_STATEMENT_TIMEOUT_SECONDS",
    default: Default::Value("30"),
    takes: TIMEOUT,
    meaning: "Timeout of a statement; after it a request gets 503, and a job's attempt has failed. Migrations have no limit.",
    example: None,
    secret: false,
};
static PG_LOCK_TIMEOUT_SECONDS: Key = Key {
    name: "PG_LOCK_TIMEOUT_SECONDS",
    default: Default::Value("10"),
    takes: TIMEOUT,
    meaning: "Timeout for waiting for another transaction; after it a request gets 503, and a job is put back without an attempt being counted.",
    example: None,
    secret: false,
};
static PG_IDLE_IN_TRANSACTION_TIMEOUT_SECONDS: Key = Key {
    name: "PG_IDLE_IN_TRANSACTION_TIMEOUT_SECONDS",
    default: Default::Value("60"),
    takes: TIMEOUT,
    meaning: "Timeout of an idle transaction; after it its connection ends, and its locks are released.",
    example: None,
    secret: false,
};
static MIGRATE_DATABASE_URL: Key = Key {
    name: "MIGRATE_DATABASE_URL",
    default: Default::Unset("the database of the programs"),
    takes: "a postgres:// address with a host",
    meaning: "Database for `rubis-api migrate`, with the role that owns it.",
    example: None,
    secret: true,
};
static PG_PROGRAM_ROLE: Key = Key {
    name: "PG_PROGRAM_ROLE",
    default: Default::Unset("nothing is granted: the programs sign in as the owner"),
    takes: "the name of a role",
    meaning: "Role with which the programs sign in. `rubis-api migrate` grants it access to the rows of all tables, and nothing else.",
    example: None,
    secret: false,
};

const TIMEOUT: &str = "a number of seconds from 0 to 3600, 0 for no limit";

pub(super) static SECTION: Section = Section {
    title: "Postgres",
    keys: &[
        &DATABASE_URL,
        &PG_HOST,
        &PG_PORT,
        &PG_USER,
        &PG_PASSWORD,
        &PG_DB_NAME,
        &PG_POOL_SIZE,
        &PG_SSL_MODE,
        &PG_SSL_ROOT_CERT,
        &PG_STATEMENT_TIMEOUT_SECONDS,
        &PG_LOCK_TIMEOUT_SECONDS,
        &PG_IDLE_IN_TRANSACTION_TIMEOUT_SECONDS,
        &MIGRATE_DATABASE_URL,
        &PG_PROGRAM_ROLE,
    ],
};

impl PostgresSettings {
    pub(super) fn read(source: &Source) -> Result<Self, SettingsError> {
        let mut url = url_of_programs(source)?;
        encrypt(source, &mut url)?;
        limit(source, &mut url)?;
        Ok(Self {
            url: String::from(url).into(),
            pool_size: source.required(&PG_POOL_SIZE, parse::within(1..=1000))?,
        })
    }
}

impl MigrationSettings {
    pub(super) fn read(source: &Source, given: Option<&str>) -> Result<Self, SettingsError> {
        let given = match given {
            Some(text) => Some(
                postgres_url(text).ok_or_else(|| SettingsError::malformed(&MIGRATE_DATABASE_URL, text))?,
            ),
            None => source.optional(&MIGRATE_DATABASE_URL, postgres_url)?,
        };
        let mut url = match given {
            Some(url) => url,
            None => url_of_programs(source)?,
        };
        encrypt(source, &mut url)?;
        Ok(Self {
            url: String::from(url).into(),
            program_role: source.optional(&PG_PROGRAM_ROLE, parse::text)?,
        })
    }
}

fn url_of_programs(source: &Source) -> Result<Url, SettingsError> {
    match source.optional(&DATABASE_URL, postgres_url)? {
        Some(url) => Ok(url),
        None => url_of_parts(source),
    }
}

/// Adds the mode of encryption to an address that has none.
fn encrypt(source: &Source, url: &mut Url) -> Result<(), SettingsError> {
    let mode = source.required(&PG_SSL_MODE, ssl_mode)?;
    let roots = source.optional(&PG_SSL_ROOT_CERT, certificates::file)?;
    if parameter(url, "sslmode").is_none() {
        add(url, "sslmode", &mode);
    }
    if parameter(url, "sslrootcert").is_none()
        && let Some(CertificateFile { path, .. }) = roots
    {
        add(url, "sslrootcert", &path.to_string_lossy());
    }
    let has_roots = parameter(url, "sslrootcert").is_some();
    match parameter(url, "sslmode").as_deref() {
        Some("verify-full") => Ok(()),
        Some("verify-ca") if has_roots => Ok(()),
        // It would accept any certificate of any public authority, for any name.
        Some("verify-ca") => {
            Err(SettingsError::refused(&PG_SSL_ROOT_CERT, "is not set, and sslmode=verify-ca needs it"))
        }
        Some(_) if has_roots => {
            let rule = "is set, and would not be used: PG_SSL_MODE is neither verify-ca nor verify-full";
            Err(SettingsError::refused(&PG_SSL_ROOT_CERT, rule))
        }
        Some(mode) if ssl_mode(mode).is_some() => Ok(()),
        Some(_) | None => {
            Err(SettingsError::refused(&DATABASE_URL, "has an sslmode that is none of libpq's"))
        }
    }
}

/// Adds the timeouts to an address; those in its own `options` come later and take precedence.
fn limit(source: &Source, url: &mut Url) -> Result<(), SettingsError> {
    let mut options = Vec::new();
    for (key, name) in [
        (&PG_STATEMENT_TIMEOUT_SECONDS, "statement_timeout"),
        (&PG_LOCK_TIMEOUT_SECONDS, "lock_timeout"),
        (&PG_IDLE_IN_TRANSACTION_TIMEOUT_SECONDS, "idle_in_transaction_session_timeout"),
    ] {
        let seconds = source.required(key, parse::within(0..=3600_u32))?;
        options.push(format!("-c {name}={seconds}s"));
    }
    if let Some(own) = parameter(url, "options") {
        options.push(own);
        let others: Vec<&str> =
            url.query().unwrap_or_default().split('&').filter(|pair| !pair.starts_with("options=")).collect();
        let others = others.join("&");
        url.set_query((!others.is_empty()).then_some(others.as_str()));
    }
    add(url, "options", &options.join(" "));
    Ok(())
}

fn ssl_mode(text: &str) -> Option<String> {
    let modes = ["disable", "prefer", "require", "verify-ca", "verify-full"];
    modes.contains(&text).then(|| text.to_owned())
}

/// Returns a parameter of an address. As in libpq, a `+` in it is a plus.
fn parameter(url: &Url, name: &str) -> Option<String> {
    let query = url.query()?.replace('+', "%2B");
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

fn add(url: &mut Url, name: &str, value: &str) {
    let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let pair = format!("{name}={}", value.replace('+', "%20"));
    let query = match url.query() {
        Some(query) if !query.is_empty() => format!("{query}&{pair}"),
        _ => pair,
    };
    url.set_query(Some(&query));
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
