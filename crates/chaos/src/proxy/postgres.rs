//! Reads along with a PostgreSQL client: which statements it prepared, and which it runs.

use std::collections::{HashMap, HashSet};

use super::Point;

/// A statement that makes a [`Point`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Claim,
    ChangeTask,
    DeleteJob,
}

/// The code of an SSLRequest, which the server of the scenarios declines.
const ENCRYPTION_REQUEST: [u8; 4] = 80_877_103_u32.to_be_bytes();

#[derive(Default)]
pub(super) struct PostgresReader {
    /// The startup message, which has no type, has been read.
    started: bool,
    /// The bytes of a message that is not complete yet.
    rest: Vec<u8>,
    /// Step of each prepared statement, if it is of interest.
    prepared: HashMap<Vec<u8>, Step>,
    in_transaction: HashSet<Step>,
}

impl PostgresReader {
    pub(super) fn read(&mut self, bytes: &[u8]) -> Vec<Point> {
        self.rest.extend_from_slice(bytes);
        let mut points = Vec::new();
        while let Some((kind, body)) = self.next_message() {
            points.extend(self.understand(kind, &body));
        }
        points
    }

    /// Takes the next complete message; the type of the startup message is 0.
    fn next_message(&mut self) -> Option<(u8, Vec<u8>)> {
        let header = usize::from(self.started);
        let kind = if self.started { *self.rest.first()? } else { 0 };
        let length: [u8; 4] = self.rest.get(header..header + 4)?.try_into().ok()?;
        let end = header.checked_add(usize::try_from(u32::from_be_bytes(length)).ok()?)?;
        let body = self.rest.get(header + 4..end)?.to_vec();
        self.rest.drain(..end);
        // A request for encryption comes before the startup message and has no type either.
        self.started = self.started || body != ENCRYPTION_REQUEST;
        Some((kind, body))
    }

    fn understand(&mut self, kind: u8, body: &[u8]) -> Option<Point> {
        let mut texts = body.split(|byte| *byte == 0);
        match kind {
            // Parse: the name of the statement, then its text.
            b'P' => {
                let (name, text) = (texts.next()?, texts.next()?);
                match step_of(&String::from_utf8_lossy(text)) {
                    Some(step) => self.prepared.insert(name.to_vec(), step),
                    None => self.prepared.remove(name),
                };
                None
            }
            // Bind: the name of the portal, then that of the statement.
            b'B' => {
                let (_portal, name) = (texts.next()?, texts.next()?);
                let step = *self.prepared.get(name)?;
                self.in_transaction.insert(step);
                (step == Step::Claim).then_some(Point::Claim)
            }
            b'Q' => self.understand_query(&String::from_utf8_lossy(texts.next()?)),
            _ => None,
        }
    }

    fn understand_query(&mut self, text: &str) -> Option<Point> {
        let done = match text.split_whitespace().next()?.to_ascii_uppercase().trim_end_matches(';') {
            "COMMIT" => std::mem::take(&mut self.in_transaction),
            "BEGIN" | "ROLLBACK" => {
                self.in_transaction.clear();
                return None;
            }
            _ => return None,
        };
        if done.contains(&Step::DeleteJob) {
            Some(Point::Record)
        } else {
            done.contains(&Step::ChangeTask).then_some(Point::Mark)
        }
    }
}

fn step_of(text: &str) -> Option<Step> {
    if text.contains("UPDATE jobs SET state = 'running'") {
        Some(Step::Claim)
    } else if text.starts_with("DELETE FROM jobs WHERE id") {
        Some(Step::DeleteJob)
    } else if text.starts_with("UPDATE relance_tasks") {
        Some(Step::ChangeTask)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap();
        [&[kind], length.to_be_bytes().as_slice(), body].concat()
    }

    fn started() -> PostgresReader {
        let mut reader = PostgresReader::default();
        assert_eq!(reader.read(&message(0, b"\0\x03\0\0user\0rubis\0\0")[1..]), []);
        reader
    }

    #[test]
    fn a_claim_is_known_by_its_text_however_often_it_runs() {
        let mut reader = started();
        let parse = message(b'P', b"s1\0WITH found AS (SELECT 1) UPDATE jobs SET state = 'running'\0\0\0");
        assert_eq!(reader.read(&parse), []);
        let bind = message(b'B', b"\0s1\0\0\0");
        assert_eq!(reader.read(&bind), [Point::Claim]);
        assert_eq!(reader.read(&bind), [Point::Claim]);
    }

    #[test]
    fn a_client_that_asked_for_encryption_first_is_understood() {
        let mut reader = PostgresReader::default();
        assert_eq!(reader.read(&message(0, &ENCRYPTION_REQUEST)[1..]), []);
        assert_eq!(reader.read(&message(0, b"\0\x03\0\0user\0rubis\0\0")[1..]), []);
        reader.read(&message(b'P', b"s1\0UPDATE jobs SET state = 'running'\0\0\0"));
        assert_eq!(reader.read(&message(b'B', b"\0s1\0\0\0")), [Point::Claim]);
    }

    #[test]
    fn a_message_may_come_in_pieces() {
        let mut reader = started();
        let parse = message(b'P', b"s1\0UPDATE jobs SET state = 'running'\0\0\0");
        let (first, second) = parse.split_at(9);
        assert_eq!(reader.read(first), []);
        assert_eq!(reader.read(second), []);
        assert_eq!(reader.read(&message(b'B', b"\0s1\0\0\0")), [Point::Claim]);
    }

    #[test]
    fn a_commit_is_known_by_what_its_transaction_did() {
        let mut reader = started();
        reader.read(&message(b'P', b"task\0UPDATE relance_tasks SET x\0\0\0"));
        reader.read(&message(b'P', b"job\0DELETE FROM jobs WHERE id = $1\0\0\0"));
        let (bind_task, bind_job) = (message(b'B', b"\0task\0\0\0"), message(b'B', b"\0job\0\0\0"));
        let (begin, commit) = (message(b'Q', b"BEGIN\0"), message(b'Q', b"COMMIT\0"));
        let transaction =
            |parts: &[&Vec<u8>]| parts.iter().flat_map(|part| part.iter().copied()).collect::<Vec<u8>>();
        assert_eq!(reader.read(&transaction(&[&begin, &bind_task, &commit])), [Point::Mark]);
        assert_eq!(reader.read(&transaction(&[&begin, &bind_job, &bind_task, &commit])), [Point::Record]);
        assert_eq!(reader.read(&transaction(&[&begin, &commit])), []);
    }
}
