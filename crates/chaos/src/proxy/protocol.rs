//! Positions of a client in a conversation.

use super::postgres::PostgresReader;

const END_OF_CONTENT: &[u8] = b"\r\n.\r\n";

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Postgres,
    Smtp,
    /// Anything where a request comes in one piece, as Redis' and HTTP's do here.
    Requests,
}

/// Reads along with one connection.
pub(super) enum Reader {
    Postgres(PostgresReader),
    /// The last bytes of the content of a mail so far, while it is sent. The client waits for each reply.
    Smtp(Option<Vec<u8>>),
    Requests,
}

impl Reader {
    pub(super) fn new(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Postgres => Self::Postgres(PostgresReader::default()),
            Protocol::Smtp => Self::Smtp(None),
            Protocol::Requests => Self::Requests,
        }
    }

    /// The points that these bytes of the client come to.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Vec<Point> {
        match self {
            Self::Postgres(reader) => reader.read(bytes),
            Self::Smtp(content) => read_smtp(content, bytes),
            Self::Requests if bytes.starts_with(b"POST ") => vec![Point::Request, Point::Post],
            Self::Requests => vec![Point::Request],
        }
    }
}

fn read_smtp(content: &mut Option<Vec<u8>>, bytes: &[u8]) -> Vec<Point> {
    let Some(tail) = content else {
        *content = bytes.to_ascii_uppercase().starts_with(b"DATA\r\n").then(Vec::new);
        return Vec::new();
    };
    tail.extend_from_slice(bytes);
    if tail.ends_with(END_OF_CONTENT) {
        *content = None;
        return vec![Point::Content, Point::EndOfContent];
    }
    tail.drain(..tail.len().saturating_sub(END_OF_CONTENT.len()));
    vec![Point::Content]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_of_a_mail_begins_after_data_and_ends_with_its_dot() {
        let mut reader = Reader::new(Protocol::Smtp);
        assert_eq!(reader.read(b"RCPT TO:<data@example.fr>\r\n"), []);
        assert_eq!(reader.read(b"DATA\r\n"), []);
        assert_eq!(reader.read(b"Subject: x\r\n\r\nbonjour\r\n"), [Point::Content]);
        assert_eq!(reader.read(b".\r\n"), [Point::Content, Point::EndOfContent]);
        assert_eq!(reader.read(b"MAIL FROM:<a@example.fr>\r\n"), []);
    }
}
