//! Positions of a client in a conversation.

use super::postgres::PostgresReader;
use super::smtp::SmtpReader;

/// Protocol of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// PostgreSQL's protocol.
    Postgres,
    /// SMTP.
    Smtp,
    /// Anything where a request comes in one piece, as Redis' and HTTP's do here.
    Requests,
}

/// A point of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// PostgreSQL: the statement that claims jobs.
    Claim,
    /// PostgreSQL: the commit that marks a reminder as being sent.
    Mark,
    /// PostgreSQL: the commit that records a reminder as sent and deletes its job.
    Record,
    /// SMTP: the content of a mail.
    Content,
    /// SMTP: the end of the content of a mail, from which on it is the server's.
    EndOfContent,
    /// Any request.
    Request,
    /// A request that begins with `POST`.
    Post,
}

/// Reads along with one connection.
pub(super) enum Reader {
    Postgres(PostgresReader),
    Smtp(SmtpReader),
    Requests,
}

impl Reader {
    pub(super) fn new(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Postgres => Self::Postgres(PostgresReader::default()),
            Protocol::Smtp => Self::Smtp(SmtpReader::default()),
            Protocol::Requests => Self::Requests,
        }
    }

    /// The points that these bytes of the client come to.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Vec<Point> {
        match self {
            Self::Postgres(reader) => reader.read(bytes),
            Self::Smtp(reader) => reader.read(bytes),
            Self::Requests if bytes.starts_with(b"POST ") => vec![Point::Request, Point::Post],
            Self::Requests => vec![Point::Request],
        }
    }
}
