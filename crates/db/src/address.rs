//! Database addresses, with libpq's parameters for TLS.

use std::{error::Error, path::PathBuf, time::Duration};

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::AsyncPgConnection;
use tokio_postgres::{Config, NoTls, config};
use tokio_postgres_rustls::MakeRustlsConnect;
use url::Url;

use crate::tls::{self, SslMode};

/// Maximum time for which sent data stays unacknowledged.
const UNACKNOWLEDGED: Duration = Duration::from_secs(5);

/// Idle time before the probes of a connection that waits for a response.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(5);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(1);
const KEEPALIVE_RETRIES: u32 = 3;

/// Reasons why an address cannot be used for connections. They never contain a password.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// The text is not an address of PostgreSQL.
    #[error("not a postgres:// address: {0}")]
    Malformed(String),
    /// The value of `sslmode` is not a mode of TLS.
    #[error("sslmode takes disable, prefer, require, verify-ca or verify-full")]
    SslMode,
    /// There is no root certificate to verify the certificate with.
    #[error(
        "sslmode=verify-ca needs sslrootcert, the file of the roots that may have signed the certificate"
    )]
    RootCertificateMissing,
    /// The file would not be used, and the connection would be less protected than it seems.
    #[error("sslrootcert needs sslmode=verify-ca or sslmode=verify-full")]
    RootCertificateUnused,
    /// The file of root certificates cannot be used.
    #[error("sslrootcert {path}: {reason}", path = path.display())]
    RootCertificate { path: PathBuf, reason: String },
    /// The settings do not allow a TLS configuration.
    #[error("no TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// Opens connections to one database.
#[derive(Clone)]
pub(crate) struct Address {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Address {
    /// Parses `postgres://user:password@host:port/database?sslmode=…&sslrootcert=…&options=…`.
    pub(crate) fn parse(text: &str) -> Result<Self, AddressError> {
        let mut url = Url::parse(text).map_err(|error| AddressError::Malformed(error.to_string()))?;
        let mut mode = SslMode::Prefer;
        let mut root_file = None;
        let mut others = Vec::new();
        for parameter in url.query().unwrap_or_default().split('&').filter(|text| !text.is_empty()) {
            match parameter.split_once('=') {
                Some(("sslmode", value)) => mode = value.parse()?,
                Some(("sslrootcert", value)) => root_file = Some(PathBuf::from(decoded(value))),
                _ => others.push(parameter),
            }
        }
        let others = others.join("&");
        url.set_query((!others.is_empty()).then_some(others.as_str()));
        let mut config: Config =
            url.as_str().parse().map_err(|error| AddressError::Malformed(chain(&error)))?;
        config.ssl_mode(match mode {
            SslMode::Disable => config::SslMode::Disable,
            SslMode::Prefer => config::SslMode::Prefer,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => config::SslMode::Require,
        });
        notice_lost_servers(&mut config, &others);
        Ok(Self { config, tls: tls::connector(mode, root_file)? })
    }

    /// Opens a connection.
    pub(crate) async fn connect(&self) -> ConnectionResult<AsyncPgConnection> {
        let failed = |error: tokio_postgres::Error| ConnectionError::BadConnection(chain(&error));
        match &self.tls {
            None => {
                let (client, connection) = self.config.connect(NoTls).await.map_err(failed)?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            }
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await.map_err(failed)?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            }
        }
    }
}

/// Makes a connection fail within seconds if its server has vanished, as in a failover: leases have to be renewed over
/// another one before they expire. A server that merely stalls still acknowledges the data it receives. Values set in
/// the address take precedence.
fn notice_lost_servers(config: &mut Config, parameters: &str) {
    if !parameters.contains("tcp_user_timeout=") {
        config.tcp_user_timeout(UNACKNOWLEDGED);
    }
    if !parameters.contains("keepalives") {
        config.keepalives_idle(KEEPALIVE_IDLE);
        config.keepalives_interval(KEEPALIVE_INTERVAL);
        config.keepalives_retries(KEEPALIVE_RETRIES);
    }
}

/// Opens one connection, encrypted as its address requires.
///
/// # Errors
/// The address cannot be used, or the database cannot be reached.
pub async fn establish(url: &str) -> ConnectionResult<AsyncPgConnection> {
    let address =
        Address::parse(url).map_err(|error| ConnectionError::InvalidConnectionUrl(error.to_string()))?;
    address.connect().await
}

/// Decodes a parameter's value. As in libpq a `+` is a plus, unlike in a form.
fn decoded(value: &str) -> String {
    let form = format!("x={}", value.replace('+', "%2B"));
    url::form_urlencoded::parse(form.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// Formats an error and its causes on one line.
fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        match Address::parse(url) {
            Ok(_) => panic!("{url} was accepted"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn every_mode_of_libpq_is_taken_and_nothing_else() {
        for mode in ["disable", "prefer", "require", "verify-full"] {
            let address = Address::parse(&format!("postgres://u:p@db/x?sslmode={mode}")).unwrap();
            assert_eq!(address.tls.is_none(), mode == "disable", "{mode}");
        }
        assert!(Address::parse("postgres://u:p@db/x").unwrap().tls.is_some(), "prefer is the default");
        assert!(refused("postgres://u:p@db/x?sslmode=yes").contains("verify-full"));
        assert!(refused("postgres://u:hunter2@db/x?port=abc").contains("port"));
        assert!(!refused("postgres://u:hunter2@db:port/x").contains("hunter2"));
    }

    #[test]
    fn a_connection_to_a_server_that_vanished_breaks_within_seconds_unless_the_address_says_otherwise() {
        let config = Address::parse("postgres://u:p@db/x").unwrap().config;
        assert_eq!(config.get_tcp_user_timeout(), Some(&UNACKNOWLEDGED));
        assert_eq!(config.get_keepalives_idle(), KEEPALIVE_IDLE);
        let set = "postgres://u:p@db/x?tcp_user_timeout=60&keepalives_idle=300";
        let config = Address::parse(set).unwrap().config;
        assert_eq!(config.get_tcp_user_timeout(), Some(&Duration::from_secs(60)));
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(300));
    }

    #[test]
    fn a_mode_that_would_not_use_its_roots_is_refused() {
        assert!(refused("postgres://db/x?sslmode=verify-ca").contains("needs sslrootcert"));
        assert!(refused("postgres://db/x?sslmode=require&sslrootcert=/ca.pem").contains("needs sslmode"));
        assert!(refused("postgres://db/x?sslrootcert=/ca.pem").contains("needs sslmode"));
        let line = refused("postgres://db/x?sslmode=verify-full&sslrootcert=/no%20such+ca.pem");
        assert!(line.starts_with("sslrootcert /no such+ca.pem: "), "{line}");
    }

    #[test]
    fn other_parameters_are_the_servers() {
        let url = "postgres://u:p@db/x?sslmode=disable&options=-c%20lock_timeout%3D5s&application_name=a%2Bb";
        let config = Address::parse(url).unwrap().config;
        assert_eq!(config.get_options(), Some("-c lock_timeout=5s"));
        assert_eq!(config.get_application_name(), Some("a+b"));
        assert!(refused("postgres://db/x?sslcert=/mine.pem").contains("sslcert"));
    }
}
