//! Sends by SMTP over persistent connections.
//!
//! The protocol, the encryption and the encoding are lettre's; the pool is ours, for three reasons. lettre's takes
//! back a connection whose mail was given up half-way, and the late reply is then attributed to the next mail, which
//! would count as sent without having been. It does not report *when* a server refused: a 550 for the recipient fails
//! one reminder, a 550 for our sender address must not fail all of them. And its sockets wait for acknowledgements
//! (Nagle), some 40 ms a mail.

mod classify;
mod connection;
mod pool;

use std::time::Duration;

use async_trait::async_trait;
use lettre::Address;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use rubis_kernel::{Email, EmailAddress, SharedClock};
use tracing::{debug, warn};

use crate::alarm::Alarm;
use crate::error::{MailerError, SendError};
use crate::message;
use crate::settings::SmtpSettings;
use crate::{Mailer, Receipt};
use classify::{Stage, classify};
use connection::{Connection, Connector};
use pool::Pool;

/// Sends by SMTP.
pub struct SmtpMailer {
    connector: Connector,
    pool: Pool,
    command_timeout: Duration,
    message_timeout: Duration,
    clock: SharedClock,
    alarm: Alarm,
}

/// A mail ready to be sent.
struct Outgoing {
    from: Address,
    to: Address,
    copies: Vec<Copy>,
    /// Copies that the mail is composed without.
    left_out: Vec<EmailAddress>,
    content: Vec<u8>,
    /// The same mail without the copies that need SMTPUTF8, if only these need it.
    without_international_copies: Option<Box<Outgoing>>,
}

/// A copy of a mail.
struct Copy {
    given: EmailAddress,
    address: Address,
    /// True if the other recipients do not see it.
    is_silent: bool,
}

/// Result of an attempt over one connection, and the state of the connection.
enum Attempt {
    /// The server replied completely: the connection can be used for the next mail.
    Answered(Result<Receipt, SendError>, Connection),
    /// The connection can no longer be used.
    Broken(SendError),
    /// The connection had been closed while it was idle: nothing was sent over it.
    Stale,
}

impl SmtpMailer {
    /// Creates a mailer without connections; the first mail opens one.
    ///
    /// # Errors
    /// The host cannot be the name of a TLS server.
    pub fn new(settings: SmtpSettings, clock: SharedClock) -> Result<Self, MailerError> {
        Ok(Self {
            pool: Pool::new(settings.max_idle_connections, settings.idle_timeout),
            command_timeout: settings.command_timeout,
            message_timeout: settings.message_timeout,
            connector: Connector::new(settings)?,
            clock,
            alarm: Alarm::default(),
        })
    }

    async fn deliver(&self, mail: &Outgoing) -> Result<Receipt, SendError> {
        while let Some(connection) = self.pool.take() {
            match self.attempt(connection, true, mail).await {
                Attempt::Stale => debug!("idle SMTP connection closed by the server"),
                other => return self.conclude(other),
            }
        }
        let connection = self.connector.connect().await?;
        self.conclude(self.attempt(connection, false, mail).await)
    }

    /// Returns a usable connection to the pool, and gives the result.
    fn conclude(&self, attempt: Attempt) -> Result<Receipt, SendError> {
        match attempt {
            Attempt::Answered(outcome, connection) => {
                self.pool.put(connection);
                outcome
            }
            Attempt::Broken(error) => Err(error),
            Attempt::Stale => {
                Err(SendError::unavailable("the connection was closed before the mail was announced"))
            }
        }
    }

    /// Sends one mail over one connection. The connection is owned, so that giving up half-way closes it.
    async fn attempt(&self, mut connection: Connection, reused: bool, mail: &Outgoing) -> Attempt {
        let mail = mail.for_server(&connection);
        let parameters = match parameters(&connection, mail) {
            Ok(parameters) => parameters,
            Err(error) => return Attempt::Answered(Err(error), connection),
        };
        let announce = Mail::new(Some(mail.from.clone()), parameters);
        match self.command(&mut connection, announce).await {
            Ok(_) => {}
            Err(Failure::Smtp(error)) if reused && classify::is_lost(&error) => return Attempt::Stale,
            Err(failure) => return self.give_up(connection, failure, Stage::Mail).await,
        }
        if let Err(failure) = self.command(&mut connection, Rcpt::new(mail.to.clone(), Vec::new())).await {
            return self.give_up(connection, failure, Stage::Recipient).await;
        }
        let mut refused_copies = mail.left_out.clone();
        for copy in &mail.copies {
            match self.command(&mut connection, Rcpt::new(copy.address.clone(), Vec::new())).await {
                Ok(_) => {}
                // A copy that can never arrive does not block the mail. One that might arrive later does, except a
                // silent one: the client's mail does not wait for the sender's own mailbox.
                Err(Failure::Smtp(error))
                    if error.is_permanent() || (copy.is_silent && !classify::is_lost(&error)) =>
                {
                    warn!(%error, "copy refused, mail sent to the others");
                    refused_copies.push(copy.given.clone());
                }
                Err(failure) => return self.give_up(connection, failure, Stage::Recipient).await,
            }
        }
        if let Err(failure) = self.command(&mut connection, Data).await {
            return self.give_up(connection, failure, Stage::Content).await;
        }
        let sent = limited(self.message_timeout, connection.message(&mail.content)).await;
        match sent {
            Ok(response) => {
                let reference = response.first_line().map(str::to_owned);
                Attempt::Answered(Ok(Receipt { reference, refused_copies }), connection)
            }
            Err(failure) => self.give_up(connection, failure, Stage::Content).await,
        }
    }

    /// Classifies a failure, and resets the connection if the server still replies.
    async fn give_up(&self, mut connection: Connection, failure: Failure, stage: Stage) -> Attempt {
        let smtp_error = match failure {
            Failure::Smtp(error) => error,
            Failure::Elapsed(limit) => return Attempt::Broken(no_answer(limit, stage)),
        };
        let error = classify(&smtp_error, stage);
        if smtp_error.status().is_none() || classify::is_lost(&smtp_error) {
            return Attempt::Broken(error);
        }
        // Makes the server discard the mail; otherwise it would still be announced when the next one comes.
        match self.command(&mut connection, Rset).await {
            Ok(_) => Attempt::Answered(Err(error), connection),
            Err(_) => Attempt::Broken(error),
        }
    }

    async fn command(
        &self,
        connection: &mut AsyncSmtpConnection,
        command: impl std::fmt::Display,
    ) -> Result<Response, Failure> {
        limited(self.command_timeout, connection.command(command)).await
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, email: &Email) -> Result<Receipt, SendError> {
        let mail = Outgoing::write(email, self.clock.now().into())?;
        let outcome = self.deliver(&mail).await;
        self.alarm.observe(&outcome);
        outcome
    }
}

impl Outgoing {
    fn write(email: &Email, date: std::time::SystemTime) -> Result<Self, SendError> {
        let mut mail = Self::write_whole(email, date)?;
        if mail.from.to_string().is_ascii() && mail.to.to_string().is_ascii() {
            let (reduced, left_out) = message::without_international_copies(email);
            if !left_out.is_empty() {
                let reduced = Self { left_out, ..Self::write_whole(&reduced, date)? };
                mail.without_international_copies = Some(Box::new(reduced));
            }
        }
        Ok(mail)
    }

    fn write_whole(email: &Email, date: std::time::SystemTime) -> Result<Self, SendError> {
        let content = message::compose(email, date)?.formatted();
        let mut copies = Vec::with_capacity(email.cc.len() + email.bcc.len());
        for (field, mailboxes, is_silent) in [("cc", &email.cc, false), ("bcc", &email.bcc, true)] {
            for (index, copy) in mailboxes.iter().enumerate() {
                let address = message::address(&format!("{field}[{index}]"), &copy.address)?;
                copies.push(Copy { given: copy.address.clone(), address, is_silent });
            }
        }
        Ok(Self {
            from: message::address("from", &email.from.address)?,
            to: message::address("to", &email.to.address)?,
            copies,
            left_out: Vec::new(),
            content,
            without_international_copies: None,
        })
    }

    /// Returns the mail that this server can accept: one address beyond ASCII among the copies must not fail the mail.
    fn for_server(&self, connection: &AsyncSmtpConnection) -> &Self {
        match &self.without_international_copies {
            Some(reduced) if !takes_international_addresses(connection) => reduced,
            _ => self,
        }
    }

    fn has_international_address(&self) -> bool {
        let copies = self.copies.iter().map(|copy| &copy.address);
        [&self.from, &self.to].into_iter().chain(copies).any(|address| !address.to_string().is_ascii())
    }
}

fn takes_international_addresses(connection: &AsyncSmtpConnection) -> bool {
    connection.server_info().supports_feature(Extension::SmtpUtfEight)
}

/// Returns the parameters of `MAIL FROM`.
fn parameters(connection: &AsyncSmtpConnection, mail: &Outgoing) -> Result<Vec<MailParameter>, SendError> {
    let mut parameters = Vec::new();
    if mail.has_international_address() {
        if !takes_international_addresses(connection) {
            return Err(SendError::Rejected {
                code: 553,
                reason: "the mail server does not take addresses beyond ASCII (SMTPUTF8)".to_owned(),
                reply: None,
            });
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !mail.content.is_ascii() {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(parameters)
}

/// Reasons why a step failed.
enum Failure {
    Smtp(SmtpError),
    Elapsed(Duration),
}

async fn limited<T>(limit: Duration, step: impl Future<Output = Result<T, SmtpError>>) -> Result<T, Failure> {
    match tokio::time::timeout(limit, step).await {
        Ok(result) => result.map_err(Failure::Smtp),
        Err(_elapsed) => Err(Failure::Elapsed(limit)),
    }
}

fn no_answer(limit: Duration, stage: Stage) -> SendError {
    let reason = format!("the mail server did not answer within {limit:?}");
    if stage == Stage::Content { SendError::transient(reason) } else { SendError::unavailable(reason) }
}
