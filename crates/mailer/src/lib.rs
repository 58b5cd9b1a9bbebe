//! Sends an email by SMTP, by Resend's HTTP API, or into memory.
//!
//! A [`Mailer`] sends one mail at a time and says whether to try again; how many are sent at once is the
//! caller's choice, and one SMTP connection is kept for each. Processes that send over TLS install a rustls
//! crypto provider first (`rustls::crypto::ring::default_provider().install_default()`).

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
    /// Sends one mail. When this returns `Ok`, the next server has taken responsibility for it.
    ///
    /// Dropping the future is safe: the mail may or may not have been sent, and sending it again repeats the
    /// same message under the same `Message-ID`.
    ///
    /// # Errors
    /// See [`SendError`]: whether to try again is its [`is_final`](SendError::is_final).
    async fn send(&self, email: &Email) -> Result<Receipt, SendError>;
}

/// What the next server said when it took a mail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The provider's own name for the mail: Resend's id, or the text of the SMTP reply.
    pub reference: Option<String>,
    /// Copies, silent ones included, that the server refused for good; the mail itself went out.
    pub refused_copies: Vec<EmailAddress>,
}

/// The mailer that the settings ask for.
///
/// # Errors
/// When the settings cannot make one: an unusable host name, key or address.
pub fn build(settings: MailerSettings, clock: SharedClock) -> Result<Arc<dyn Mailer>, MailerError> {
    Ok(match settings {
        MailerSettings::Smtp(settings) => Arc::new(SmtpMailer::new(settings, clock)?),
        MailerSettings::Resend(settings) => Arc::new(ResendMailer::new(settings)?),
    })
}
