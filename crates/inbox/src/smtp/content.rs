//! Collects the content of one message, up to a limit.

use smtp_proto::request::receiver::{DataReceiver, DummyDataReceiver};
use std::slice::Iter;

/// Content of a message while it arrives.
pub(super) struct Content {
    receiver: Receiver,
    bytes: Vec<u8>,
    limit: usize,
}

enum Receiver {
    Keeping(DataReceiver),
    /// Too large: the rest is read, because the client cannot be stopped, but not kept.
    Discarding(DummyDataReceiver),
}

/// Result of a message whose last byte has arrived.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    Whole(Vec<u8>),
    TooLarge,
}

/// Line end before the content.
const LINE_END: &[u8] = b"\r\n";

impl Content {
    pub(super) fn new(limit: usize) -> Self {
        let mut receiver = DataReceiver::new();
        let mut bytes = Vec::new();
        // The line end of the `DATA` command counts: a dot right after it already ends the message.
        receiver.ingest(&mut LINE_END.iter(), &mut bytes);
        bytes.clear();
        Self { receiver: Receiver::Keeping(receiver), bytes, limit }
    }

    /// Consumes bytes until the message ends; the rest of `input` are the commands after it.
    pub(super) fn ingest(&mut self, input: &mut Iter<'_, u8>) -> Option<Received> {
        match &mut self.receiver {
            Receiver::Keeping(receiver) => {
                if receiver.ingest(input, &mut self.bytes) {
                    let bytes = std::mem::take(&mut self.bytes);
                    return Some(if bytes.len() > self.limit {
                        Received::TooLarge
                    } else {
                        Received::Whole(bytes)
                    });
                }
                if self.bytes.len() > self.limit {
                    self.receiver = Receiver::Discarding(DummyDataReceiver::new_data(receiver));
                    self.bytes = Vec::new();
                }
                None
            }
            Receiver::Discarding(receiver) => receiver.ingest(input).then_some(Received::TooLarge),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the input in pieces of every size: the result must not depend on how the bytes arrive.
    fn received(input: &[u8], limit: usize) -> (Received, usize) {
        let mut results = (1..=input.len()).map(|size| {
            let mut content = Content::new(limit);
            let mut rest = input.len();
            for piece in input.chunks(size) {
                let mut bytes = piece.iter();
                let end = content.ingest(&mut bytes);
                rest -= piece.len() - bytes.len();
                if let Some(end) = end {
                    return (end, rest);
                }
            }
            panic!("the message never ended");
        });
        let first = results.next().unwrap();
        assert!(results.all(|other| other == first));
        first
    }

    #[test]
    fn stuffed_dots_are_taken_away_and_what_follows_is_left() {
        let (message, rest) = received(b"a\r\n..b\r\n...\r\n.\r\nQUIT\r\n", 100);
        assert_eq!(message, Received::Whole(b"a\r\n.b\r\n..\r\n".to_vec()));
        assert_eq!(rest, b"QUIT\r\n".len());
    }

    #[test]
    fn an_empty_message_ends_at_once() {
        assert_eq!(received(b".\r\n", 100).0, Received::Whole(Vec::new()));
    }

    #[test]
    fn a_dot_between_bare_line_feeds_ends_nothing() {
        let (message, _) = received(b"a\n.\nb\r\n.\r\n", 100);
        assert_eq!(message, Received::Whole(b"a\n.\nb\r\n".to_vec()));
    }

    #[test]
    fn a_message_that_is_too_large_is_read_to_its_end_and_not_kept() {
        let mut input = vec![b'x'; 1000];
        input.extend_from_slice(b"\r\n.\r\n");
        assert_eq!(received(&input, 999).0, Received::TooLarge);
    }
}
