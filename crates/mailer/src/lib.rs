//! Sends an email by SMTP, by Resend's HTTP API, or into memory.
//!
//! A [`Mailer`] sends one mail at a time and reports whether to try again; the caller chooses how many are sent at
//! once, and one SMTP connection is kept for each. Processes that send over TLS install a rustls crypto provider first
//! (`rustls::crypto::ring::default_provider().install_default()`).

mod alarm;
mod error;
mod memory;
mod message;
mod resend;
mod settings;
mod smtp;

use std::sync::Arc;

use async_trait::async_trait;
use rubis_kernel::{Email, EmailAddress, SharedClock};

pub use error::{MailerError, SendError};
pub use memory::MemoryMailer;
pub use message::InvalidMessage;
pub use resend::ResendMailer;
pub use settings::{MailerSettings, ResendSettings, SmtpCredentials, SmtpSettings, SmtpTls};
pub use smtp::SmtpMailer;

/// Sends mails.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends one mail. After `Ok`, the next server has taken responsibility for it.
    ///
    /// Dropping the future is safe: the mail may or may not have been sent, and sending it again repeats the same
    /// message with the same `Message-ID`.
    ///
    /// # Errors
    /// See [`SendError`]; its [`is_final`](SendError::is_final) reports whether another attempt is pointless.
    async fn send(&self, email: &Email) -> Result<Receipt, SendError>;
}

/// Receipt of the next server for a mail that it accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The provider's name for the mail: Resend's id, or the text of the SMTP reply.
    pub reference: Option<String>,
    /// Copies, including silent ones, that the server permanently rejected; the mail itself was sent.
    pub refused_copies: Vec<EmailAddress>,
}

/// Creates the mailer of these settings.
///
/// # Errors
/// The settings are not usable: a host name, key or address.
pub fn build(settings: MailerSettings, clock: SharedClock) -> Result<Arc<dyn Mailer>, MailerError> {
    Ok(match settings {
        MailerSettings::Smtp(settings) => Arc::new(SmtpMailer::new(settings, clock)?),
        MailerSettings::Resend(settings) => Arc::new(ResendMailer::new(settings)?),
    })
}
