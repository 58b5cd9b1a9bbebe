//! What a mailer is made from.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

/// Which mailer, with what it needs.
#[derive(Debug, Clone)]
pub enum MailerSettings {
    /// A mail server.
    Smtp(SmtpSettings),
    /// Resend's HTTP API.
    Resend(ResendSettings),
}

/// How to reach a mail server.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// Its name, which its certificate must bear, or its address.
    pub host: String,
    /// Its port: 25, 465 (TLS from the start), 587 (STARTTLS).
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: SmtpTls,
    /// The certificates that the server's must be signed by, in PEM; `None` takes the public authorities.
    pub ca_certificates: Option<Vec<u8>>,
    /// How to sign in; `None` does not.
    pub credentials: Option<SmtpCredentials>,
    /// Time to be connected, encrypted and signed in.
    pub connect_timeout: Duration,
    /// Time for the answer to each command.
    pub command_timeout: Duration,
    /// Time for the answer to the whole message, which servers may scan before they take it.
    pub message_timeout: Duration,
    /// Idle connections kept; senders beyond this number open one for each mail.
    pub max_idle_connections: usize,
    /// An idle connection older than this is closed rather than used again.
    pub idle_timeout: Duration,
}

impl SmtpSettings {
    /// A server without TLS or credentials, with the usual time limits.
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

/// How an SMTP connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// Not at all: a server on the same machine.
    None,
    /// By `STARTTLS` where it is offered. An attacker in between can turn it off.
    Opportunistic,
    /// By `STARTTLS`; nothing is sent to a server that does not offer it.
    Starttls,
    /// From the first byte.
    Required,
}

/// A user name and its password.
#[derive(Debug, Clone)]
pub struct SmtpCredentials {
    /// The user name.
    pub username: String,
    /// The password, which never prints.
    pub password: SecretString,
}

/// How to reach Resend.
#[derive(Debug, Clone)]
pub struct ResendSettings {
    /// The key (`re_…`), which never prints.
    pub api_key: SecretString,
    /// Where the API is: `https://api.resend.com`, or a fake in tests.
    pub api_base: Url,
    /// Time for one request.
    pub timeout: Duration,
}

impl ResendSettings {
    /// The API at this address, with ten seconds for each request.
    pub fn new(api_key: SecretString, api_base: Url) -> Self {
        Self { api_key, api_base, timeout: Duration::from_secs(10) }
    }
}
