//! Replies of the server, written to a buffer.

use smtp_proto::{
    AUTH_LOGIN, AUTH_PLAIN, EXT_8BIT_MIME, EXT_AUTH, EXT_ENHANCED_STATUS_CODES, EXT_PIPELINING, EXT_SIZE,
    EXT_SMTP_UTF8, EhloResponse,
};

/// Name of this server in its greeting.
const HOST_NAME: &str = "rubis-inbox";

/// Replies waiting to be sent, in order: pipelined commands are answered together.
#[derive(Debug, Default)]
pub(super) struct Replies {
    bytes: Vec<u8>,
}

impl Replies {
    /// Adds one line: a three-digit code and its text.
    pub(super) fn line(&mut self, code: u16, text: &str) {
        self.bytes.extend_from_slice(format!("{code} {text}\r\n").as_bytes());
    }

    /// Adds the greeting of a new connection.
    pub(super) fn greeting(&mut self) {
        self.line(220, &format!("{HOST_NAME} ESMTP, nothing leaves this machine"));
    }

    /// Adds the reply to `HELO`.
    pub(super) fn hello(&mut self) {
        self.line(250, HOST_NAME);
    }

    /// Adds the reply to `EHLO` with the server's extensions. No STARTTLS, because there is no certificate.
    pub(super) fn extensions(&mut self, max_message_bytes: usize, smtp_utf8: bool) {
        let mut response = EhloResponse::new(HOST_NAME);
        response.capabilities =
            EXT_8BIT_MIME | EXT_AUTH | EXT_ENHANCED_STATUS_CODES | EXT_PIPELINING | EXT_SIZE;
        if smtp_utf8 {
            response.capabilities |= EXT_SMTP_UTF8;
        }
        response.auth_mechanisms = AUTH_PLAIN | AUTH_LOGIN;
        response.size = max_message_bytes;
        // Writing to memory does not fail.
        let _written = response.write(&mut self.bytes);
    }

    /// Adds the negative reply of a programmed fault.
    pub(super) fn programmed(&mut self, code: u16) {
        let class = code / 100;
        self.line(code, &format!("{class}.0.0 Refused on purpose"));
    }

    /// Takes the replies to be sent.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}
