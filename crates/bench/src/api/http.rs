//! A kept-open connection that understands only as much HTTP as the API uses, to cost little processor time.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const READ: usize = 32 * 1024;

pub struct Connection {
    stream: TcpStream,
    /// The answer, head and body, as far as it was read.
    received: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    body: usize,
    length: usize,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(READ) })
    }

    pub async fn ask(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.stream.write_all(request).await?;
        self.received.clear();
        let head = loop {
            ensure!(self.stream.read_buf(&mut self.received).await? > 0, "the API closed a connection");
            if let Some(head) = head(&self.received)? {
                break head;
            }
        };
        let end = head.body + head.length;
        while self.received.len() < end {
            ensure!(self.stream.read_buf(&mut self.received).await? > 0, "the API closed a connection");
        }
        let body = self.received.get(head.body..end).unwrap_or_default();
        if !(200..300).contains(&head.status) {
            let first_line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
            let (request, body) = (String::from_utf8_lossy(first_line), String::from_utf8_lossy(body));
            bail!("{request} was answered {}: {body}", head.status);
        }
        Ok(body)
    }
}

/// The head of an answer; `None` while it is not there as a whole.
fn head(received: &[u8]) -> Result<Option<Head>> {
    let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(received.get(..end).unwrap_or_default())?;
    let mut lines = text.split("\r\n");
    let status =
        lines.next().and_then(|line| line.split(' ').nth(1)).context("an answer without a status")?;
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map(|(_, length)| length.trim())
        .context("an answer that does not say how long it is")?;
    Ok(Some(Head { status: status.parse()?, body: end + 4, length: length.parse()? }))
}

/// A request for a path below `/api/v1`; `token` is an access token.
pub fn get(path: &str, token: &str) -> Vec<u8> {
    format!("GET /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n")
        .into_bytes()
}

/// A request that posts JSON; `header` is a whole line of the head without its end.
pub fn post(path: &str, header: &str, body: &str) -> Vec<u8> {
    format!(
        "POST /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{header}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Encodes a value for a query: every sign but letters and digits as its bytes.
pub fn in_query(value: &str) -> String {
    value
        .bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_once_its_head_is_there() {
        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nserver: x\r\n\r\n{}";
        for cut in 0..answer.len() - 2 {
            assert_eq!(head(&answer[..cut]).unwrap(), None, "{cut}");
        }
        assert_eq!(head(answer).unwrap(), Some(Head { status: 201, body: answer.len() - 2, length: 2 }));
    }

    #[test]
    fn an_answer_of_unknown_length_is_refused() {
        assert!(head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn a_request_is_whole() {
        let request = String::from_utf8(post("/invoices", "Authorization: Bearer t", "{\"a\":1}")).unwrap();
        assert!(request.starts_with("POST /api/v1/invoices HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("\r\nContent-Length: 7\r\n\r\n{\"a\":1}"), "{request}");
    }

    #[test]
    fn a_value_is_written_so_that_a_query_can_hold_it() {
        assert_eq!(in_query("F2026-01 é"), "F2026%2D01%20%C3%A9");
    }
}
