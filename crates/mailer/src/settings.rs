//! Settings of a mailer.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

/// Kind of mailer, with its settings.
#[derive(Debug, Clone)]
pub enum MailerSettings {
    /// A mail server.
    Smtp(SmtpSettings),
    /// Resend's HTTP API.
    Resend(ResendSettings),
}

/// Settings of a mail server.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// Name, which its certificate must have, or address.
    pub host: String,
    /// Port: 25, 465 (TLS from the start), 587 (STARTTLS).
    pub port: u16,
    pub tls: SmtpTls,
    /// Authorities that may have signed the server's certificate, in PEM; `None` stands for the public ones.
    pub ca_certificates: Option<Vec<u8>>,
    pub credentials: Option<SmtpCredentials>,
    /// Timeout for connecting, encrypting and signing in.
    pub connect_timeout: Duration,
    /// Timeout for the reply to each command.
    pub command_timeout: Duration,
    /// Timeout for the reply to the whole message, which servers may scan before they accept it.
    pub message_timeout: Duration,
    /// Maximum number of idle connections; senders beyond this number open one for each mail.
    pub max_idle_connections: usize,
    /// Maximum age of an idle connection; an older one is closed instead of being used again.
    pub idle_timeout: Duration,
}

impl SmtpSettings {
    /// Returns settings without TLS or credentials, with the usual timeouts.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
            tls: SmtpTls::None,
            ca_certificates: None,
            credentials: None,
            connect_timeout: Duration::from_secs(10),
            command_timeout: Duration::from_secs(30),
            message_timeout: Duration::from_secs(120),
            max_idle_connections: 64,
            idle_timeout: Duration::from_secs(60),
        }
    }
}

/// Encryption of an SMTP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// No encryption: a server on the same machine.
    None,
    /// `STARTTLS` if the server offers it. An attacker in between can turn it off.
    Opportunistic,
    /// `STARTTLS`; nothing is sent to a server that does not offer it.
    Starttls,
    /// TLS from the first byte.
    Required,
}

/// A user name and its password.
#[derive(Debug, Clone)]
pub struct SmtpCredentials {
    pub username: String,
    /// Password, which is never printed.
    pub password: SecretString,
}

/// Settings of Resend.
#[derive(Debug, Clone)]
pub struct ResendSettings {
    /// Key (`re_…`), which is never printed.
    pub api_key: SecretString,
    /// Address of the API: `https://api.resend.com`, or a fake in tests.
    pub api_base: Url,
    /// Timeout for one request.
    pub timeout: Duration,
}

impl ResendSettings {
    /// Returns settings for the API at this address, with ten seconds for each request.
    pub fn new(api_key: SecretString, api_base: Url) -> Self {
        Self { api_key, api_base, timeout: Duration::from_secs(10) }
    }
}
