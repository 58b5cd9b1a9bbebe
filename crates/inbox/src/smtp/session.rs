//! One SMTP conversation.

use std::io;
use std::ops::ControlFlow;
use std::slice::Iter;
use std::sync::Arc;
use std::time::Duration;

use smtp_proto::request::receiver::{LineReceiver, RequestReceiver};
use smtp_proto::{Error as ProtocolError, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::auth::{self, Dialogue, Outcome, Waiting};
use super::content::{Content, Received};
use super::reply::Replies;
use crate::behaviour::{Action, Stage};
use crate::faults::{NOBODY, Verdict};
use crate::inbox::Shared;
use crate::mail::Envelope;
use crate::settings::AuthPolicy;

/// Maximum silence of a client before its connection is closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);
/// Maximum number of recipients of one mail; the standard requires at least 100.
const MAX_RECIPIENTS: usize = 100;
/// Number of bytes read at once.
const READ_SIZE: usize = 16 * 1024;

/// Continuation or end of the conversation.
type Flow = ControlFlow<()>;

/// Runs the conversation with one client until either side ends it.
pub(super) async fn run(stream: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    let mut session = Session {
        stream,
        signed_in: shared.settings.auth == AuthPolicy::AcceptAny,
        shared,
        replies: Replies::default(),
        transaction: None,
        expecting: Expecting::Command,
        commands: RequestReceiver::default(),
    };
    let ended = session.converse().await;
    session.flush().await?;
    ended
}

struct Session {
    stream: TcpStream,
    shared: Arc<Shared>,
    replies: Replies,
    signed_in: bool,
    /// The mail that is being announced, from `MAIL` on.
    transaction: Option<Envelope>,
    expecting: Expecting,
    commands: RequestReceiver,
}

/// Meaning of the next bytes.
enum Expecting {
    Command,
    Credentials(LineReceiver<Waiting>),
    Content(Box<Content>),
}

impl Session {
    async fn converse(&mut self) -> io::Result<()> {
        let verdict = self.shared.faults.decide(Stage::Connect, &NOBODY);
        if self.play(verdict).await?.is_break() {
            return Ok(());
        }
        if verdict.action.is_none() {
            self.replies.greeting();
        }
        let mut buffer = vec![0; READ_SIZE];
        loop {
            self.flush().await?;
            let read = tokio::time::timeout(IDLE_TIMEOUT, self.stream.read(&mut buffer)).await;
            let length = match read {
                Ok(length) => length?,
                Err(_elapsed) => {
                    self.replies.line(421, "4.4.2 Nothing heard for too long");
                    return Ok(());
                }
            };
            let Some(received @ [_, ..]) = buffer.get(..length) else {
                return Ok(());
            };
            if self.digest(received.iter()).await?.is_break() {
                return Ok(());
            }
        }
    }

    /// Handles all bytes of one read: a client may have pipelined several commands.
    async fn digest(&mut self, mut input: Iter<'_, u8>) -> io::Result<Flow> {
        while !input.as_slice().is_empty() {
            let flow = match &mut self.expecting {
                Expecting::Command => match self.commands.ingest(&mut input) {
                    Ok(request) => {
                        let request = request.into_owned();
                        self.answer(request).await?
                    }
                    Err(ProtocolError::NeedsMoreData { .. }) => Flow::Continue(()),
                    Err(error) => self.complain(&error),
                },
                Expecting::Credentials(line) => {
                    if !line.ingest(&mut input) {
                        continue;
                    }
                    let line = std::mem::take(&mut line.buf);
                    self.take_credentials(&line)
                }
                Expecting::Content(content) => match content.ingest(&mut input) {
                    None => Flow::Continue(()),
                    Some(received) => {
                        self.expecting = Expecting::Command;
                        self.take_message(received).await?
                    }
                },
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(Flow::Continue(()))
    }

    async fn answer(&mut self, request: Request<String>) -> io::Result<Flow> {
        match request {
            Request::Helo { .. } => {
                self.transaction = None;
                self.replies.hello();
            }
            Request::Ehlo { .. } => {
                self.transaction = None;
                let settings = &self.shared.settings;
                self.replies.extensions(settings.max_message_bytes, settings.smtp_utf8);
            }
            Request::Mail { from } => return self.announce(from.address, from.size).await,
            Request::Rcpt { to } => return self.add_recipient(to.address).await,
            Request::Data => return self.begin_content().await,
            Request::Auth { mechanism, initial_response } => {
                let dialogue = auth::begin(&self.shared.settings.auth, mechanism, &initial_response);
                self.continue_sign_in(dialogue);
            }
            Request::Rset => {
                self.transaction = None;
                self.replies.line(250, "2.0.0 Forgotten");
            }
            Request::Noop { .. } => self.replies.line(250, "2.0.0 OK"),
            Request::Vrfy { .. } => self.replies.line(252, "2.5.0 Send and see"),
            Request::Help { .. } => self.replies.line(214, "2.0.0 Mails sent here are only shown"),
            Request::Quit => {
                self.replies.line(221, "2.0.0 Goodbye");
                return Ok(Flow::Break(()));
            }
            Request::StartTls
            | Request::Lhlo { .. }
            | Request::Bdat { .. }
            | Request::Expn { .. }
            | Request::Etrn { .. }
            | Request::Atrn { .. }
            | Request::Burl { .. } => self.replies.line(502, "5.5.1 Not offered here"),
        }
        Ok(Flow::Continue(()))
    }

    /// Handles `MAIL FROM`.
    async fn announce(&mut self, from: String, size: usize) -> io::Result<Flow> {
        if !self.signed_in {
            self.replies.line(530, "5.7.0 Authentication required");
            return Ok(Flow::Continue(()));
        }
        if self.transaction.is_some() {
            self.replies.line(503, "5.5.1 One mail at a time");
            return Ok(Flow::Continue(()));
        }
        let verdict = self.shared.faults.decide(Stage::Mail, &NOBODY);
        let flow = self.play(verdict).await?;
        if verdict.action.is_some() {
            return Ok(flow);
        }
        if size > self.shared.settings.max_message_bytes {
            self.replies.line(552, "5.3.4 Message too large");
        } else {
            self.transaction = Some(Envelope { from, to: Vec::new() });
            self.replies.line(250, "2.1.0 OK");
        }
        Ok(Flow::Continue(()))
    }

    /// Handles `RCPT TO`.
    async fn add_recipient(&mut self, recipient: String) -> io::Result<Flow> {
        let Some(envelope) = &self.transaction else {
            self.replies.line(503, "5.5.1 MAIL comes first");
            return Ok(Flow::Continue(()));
        };
        if envelope.to.len() >= MAX_RECIPIENTS {
            self.replies.line(452, "4.5.3 Too many recipients");
            return Ok(Flow::Continue(()));
        }
        let verdict = self.shared.faults.decide(Stage::Recipient, &[&recipient]);
        let flow = self.play(verdict).await?;
        if verdict.action.is_some() {
            return Ok(flow);
        }
        if let Some(envelope) = &mut self.transaction {
            envelope.to.push(recipient);
        }
        self.replies.line(250, "2.1.5 OK");
        Ok(Flow::Continue(()))
    }

    /// Handles `DATA`.
    async fn begin_content(&mut self) -> io::Result<Flow> {
        let Some(envelope) = self.transaction.as_ref().filter(|envelope| !envelope.to.is_empty()) else {
            self.replies.line(503, "5.5.1 A recipient comes first");
            return Ok(Flow::Continue(()));
        };
        let verdict = self.shared.faults.decide(Stage::Data, &envelope.to);
        let flow = self.play(verdict).await?;
        if verdict.action.is_some() {
            return Ok(flow);
        }
        let content = Content::new(self.shared.settings.max_message_bytes);
        self.expecting = Expecting::Content(Box::new(content));
        self.replies.line(354, "End with a dot on a line of its own");
        Ok(Flow::Continue(()))
    }

    /// Handles the end of the content: from this moment the server is responsible for the mail.
    async fn take_message(&mut self, received: Received) -> io::Result<Flow> {
        let envelope = self.transaction.take().unwrap_or_default();
        let Received::Whole(raw) = received else {
            self.replies.line(552, "5.3.4 Message too large");
            return Ok(Flow::Continue(()));
        };
        let verdict = self.shared.faults.decide(Stage::Message, &envelope.to);
        match verdict.action {
            // The mail is stored before the slow reply, as with a server that scans a mail after accepting it.
            None => {
                let id = self.shared.store.add(envelope, raw);
                let flow = self.play(verdict).await?;
                self.replies.line(250, &format!("2.0.0 Kept as {id}"));
                Ok(flow)
            }
            Some(Action::AcceptAndClose) => {
                self.shared.store.add(envelope, raw);
                self.play(verdict).await
            }
            Some(_) => self.play(verdict).await,
        }
    }

    fn take_credentials(&mut self, line: &[u8]) -> Flow {
        if let Expecting::Credentials(receiver) = std::mem::replace(&mut self.expecting, Expecting::Command) {
            let dialogue = auth::advance(&self.shared.settings.auth, receiver.state, line);
            self.continue_sign_in(dialogue);
        }
        Flow::Continue(())
    }

    fn continue_sign_in(&mut self, dialogue: Dialogue) {
        match dialogue {
            Dialogue::Ask(prompt, waiting) => {
                self.expecting = Expecting::Credentials(LineReceiver::new(waiting));
                self.replies.line(334, prompt);
            }
            Dialogue::Done(Outcome::Accepted) => {
                self.signed_in = true;
                self.replies.line(235, "2.7.0 Welcome");
            }
            Dialogue::Done(Outcome::Refused) => self.replies.line(535, "5.7.8 Wrong user name or password"),
            Dialogue::Done(Outcome::Malformed) => self.replies.line(501, "5.5.2 Not what was asked for"),
            Dialogue::Done(Outcome::UnknownMechanism) => self.replies.line(504, "5.5.4 PLAIN or LOGIN"),
        }
    }

    /// Replies to an unknown command. The parser has skipped the line.
    fn complain(&mut self, error: &ProtocolError) -> Flow {
        match error {
            ProtocolError::ResponseTooLong => {
                self.replies.line(500, "5.5.2 Line too long");
                return Flow::Break(());
            }
            ProtocolError::UnknownCommand => self.replies.line(500, "5.5.1 Unknown command"),
            ProtocolError::InvalidSenderAddress => self.replies.line(501, "5.1.7 Not an address"),
            ProtocolError::InvalidRecipientAddress => self.replies.line(501, "5.1.3 Not an address"),
            ProtocolError::SyntaxError { syntax } => {
                self.replies.line(501, &format!("5.5.2 The syntax is {syntax}"));
            }
            ProtocolError::UnsupportedParameter { .. } => self.replies.line(555, "5.5.4 Unknown parameter"),
            ProtocolError::InvalidParameter { .. }
            | ProtocolError::NeedsMoreData { .. }
            | ProtocolError::InvalidResponse { .. } => self.replies.line(501, "5.5.4 Invalid parameter"),
        }
        Flow::Continue(())
    }

    /// Simulates a programmed fault: waits, replies with an error, or returns that the connection is to be closed.
    async fn play(&mut self, verdict: Verdict) -> io::Result<Flow> {
        if !verdict.delay.is_zero() {
            // Earlier replies must not be delayed as well.
            self.flush().await?;
            tokio::time::sleep(verdict.delay).await;
        }
        Ok(match verdict.action {
            None | Some(Action::Delay { .. }) => Flow::Continue(()),
            Some(Action::Close | Action::AcceptAndClose) => Flow::Break(()),
            Some(Action::Reply { code }) => {
                self.replies.programmed(code);
                if code == 421 { Flow::Break(()) } else { Flow::Continue(()) }
            }
        })
    }

    async fn flush(&mut self) -> io::Result<()> {
        let waiting = self.replies.take();
        if waiting.is_empty() {
            return Ok(());
        }
        self.stream.write_all(&waiting).await
    }
}
