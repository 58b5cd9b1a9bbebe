//! Opens a connection: connected, encrypted, signed in.

use std::error::Error as StdError;
use std::io;

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret;
use tokio::net::TcpStream;

use super::classify::{Stage, classify};
use crate::error::{MailerError, SendError};
use crate::settings::{SmtpSettings, SmtpTls};

/// A connection that is ready for a mail; boxed, because it is moved often.
pub(super) type Connection = Box<AsyncSmtpConnection>;

/// Opens connections to the server.
pub(super) struct Connector {
    settings: SmtpSettings,
    /// Set for every mode except [`SmtpTls::None`].
    tls: Option<TlsParameters>,
    client_name: ClientId,
}

impl Connector {
    pub(super) fn new(settings: SmtpSettings) -> Result<Self, MailerError> {
        let tls = match settings.tls {
            SmtpTls::None => None,
            SmtpTls::Opportunistic | SmtpTls::Starttls | SmtpTls::Required => {
                Some(tls_parameters(&settings).map_err(|error| MailerError {
                    reason: format!("no TLS towards {}: {error}", settings.host),
                })?)
            }
        };
        Ok(Self { settings, tls, client_name: ClientId::default() })
    }

    /// Opens a connection that is ready for a mail.
    pub(super) async fn connect(&self) -> Result<Connection, SendError> {
        let limit = self.settings.connect_timeout;
        match tokio::time::timeout(limit, self.open()).await {
            Ok(opened) => opened.map(Box::new),
            Err(_elapsed) => Err(SendError::unavailable(format!(
                "{}:{} was not ready within {limit:?}",
                self.settings.host, self.settings.port
            ))),
        }
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, SendError> {
        let mut connection = match (self.settings.tls, &self.tls) {
            (SmtpTls::Required, Some(tls)) => {
                let server = (self.settings.host.as_str(), self.settings.port);
                AsyncSmtpConnection::connect_tokio1(server, None, &self.client_name, Some(tls.clone()), None)
                    .await
                    .map_err(|error| self.refused(&error))?
            }
            (_, tls) => {
                let mut connection = self.open_in_the_clear().await?;
                self.encrypt(&mut connection, tls.as_ref()).await?;
                connection
            }
        };
        if let Some(credentials) = &self.settings.credentials {
            let password = credentials.password.expose_secret().to_owned();
            let credentials = Credentials::new(credentials.username.clone(), password);
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
                .await
                .map_err(|error| classify(&error, Stage::SignIn))?;
        }
        Ok(connection)
    }

    async fn open_in_the_clear(&self) -> Result<AsyncSmtpConnection, SendError> {
        let server = (self.settings.host.as_str(), self.settings.port);
        let unreachable = |error: io::Error| {
            SendError::unavailable(format!(
                "{}:{} cannot be reached: {error}",
                self.settings.host, self.settings.port
            ))
        };
        let stream = TcpStream::connect(server).await.map_err(unreachable)?;
        // Without this the last line of each mail waits some 40 ms for an acknowledgement.
        stream.set_nodelay(true).map_err(unreachable)?;
        AsyncSmtpConnection::connect_with_transport(Box::new(stream), &self.client_name)
            .await
            .map_err(|error| self.refused(&error))
    }

    async fn encrypt(
        &self,
        connection: &mut AsyncSmtpConnection,
        tls: Option<&TlsParameters>,
    ) -> Result<(), SendError> {
        let Some(tls) = tls else { return Ok(()) };
        if !connection.can_starttls() {
            return match self.settings.tls {
                SmtpTls::Opportunistic => Ok(()),
                SmtpTls::None | SmtpTls::Starttls | SmtpTls::Required => {
                    Err(SendError::configuration(format!("{} does not offer STARTTLS", self.settings.host)))
                }
            };
        }
        connection.starttls(tls.clone(), &self.client_name).await.map_err(|error| self.refused(&error))
    }

    /// Distinguishes a certificate or a protocol that does not fit from a network that fails.
    fn refused(&self, error: &SmtpError) -> SendError {
        if speaks_no_tls_that_we_trust(error) {
            return SendError::configuration(format!("no TLS with {}: {error}", self.settings.host));
        }
        classify(error, Stage::Greeting)
    }
}

/// Configures TLS to verify the server's certificate and that it names the host.
fn tls_parameters(settings: &SmtpSettings) -> Result<TlsParameters, SmtpError> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.ca_certificates {
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(Certificate::from_pem(pem)?);
    }
    builder.build_rustls()
}

/// Reports whether the TLS handshake failed. rustls reports its errors as I/O errors of this kind.
fn speaks_no_tls_that_we_trust(error: &SmtpError) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return io.kind() == io::ErrorKind::InvalidData;
        }
        source = cause.source();
    }
    false
}
