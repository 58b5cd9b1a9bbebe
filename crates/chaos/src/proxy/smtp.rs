//! Reads along with an SMTP client that waits for each answer.

use super::Point;

const END: &[u8] = b"\r\n.\r\n";

#[derive(Default)]
pub(super) struct SmtpReader {
    in_content: bool,
    /// The last bytes of the content so far, in which its end may have begun.
    tail: Vec<u8>,
}

impl SmtpReader {
    pub(super) fn read(&mut self, bytes: &[u8]) -> Vec<Point> {
        if !self.in_content {
            if bytes.to_ascii_uppercase().starts_with(b"DATA\r\n") {
                self.in_content = true;
                self.tail.clear();
            }
            return Vec::new();
        }
        self.tail.extend_from_slice(bytes);
        let is_over = self.tail.ends_with(END);
        let excess = self.tail.len().saturating_sub(END.len());
        self.tail.drain(..excess);
        if is_over {
            self.in_content = false;
            return vec![Point::Content, Point::EndOfContent];
        }
        vec![Point::Content]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_of_a_mail_begins_after_data_and_ends_with_its_dot() {
        let mut reader = SmtpReader::default();
        assert_eq!(reader.read(b"RCPT TO:<data@example.fr>\r\n"), []);
        assert_eq!(reader.read(b"DATA\r\n"), []);
        assert_eq!(reader.read(b"Subject: x\r\n\r\nbonjour\r\n"), [Point::Content]);
        assert_eq!(reader.read(b".\r\n"), [Point::Content, Point::EndOfContent]);
        assert_eq!(reader.read(b"MAIL FROM:<a@example.fr>\r\n"), []);
    }
}
