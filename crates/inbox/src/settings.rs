//! Settings of an inbox.

use std::net::SocketAddr;

/// Addresses and limits of an inbox.
#[derive(Debug, Clone)]
pub struct InboxSettings {
    /// Address of the SMTP server; port 0 uses a free one.
    pub smtp_addr: SocketAddr,
    /// Address of the page and its JSON API; `None` starts no HTTP server.
    pub http_addr: Option<SocketAddr>,
    /// Sign-in required for sending.
    pub auth: AuthPolicy,
    /// Maximum size of an accepted message, in bytes; a larger one is rejected with 552.
    pub max_message_bytes: usize,
    /// True if it announces SMTPUTF8, which addresses beyond ASCII need.
    pub smtp_utf8: bool,
    /// Maximum number of mails kept; the oldest are removed first.
    pub keep: usize,
}

impl Default for InboxSettings {
    /// Returns an SMTP server on a free loopback port, without a page, as tests need it.
    fn default() -> Self {
        Self {
            smtp_addr: SocketAddr::from(([127, 0, 0, 1], 0)),
            http_addr: None,
            auth: AuthPolicy::AcceptAny,
            max_message_bytes: 25 * 1024 * 1024,
            smtp_utf8: true,
            keep: 10_000,
        }
    }
}

/// Sign-in required for sending a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthPolicy {
    /// None: every client may send, and every user name and password is accepted.
    AcceptAny,
    /// `AUTH` with these credentials; `MAIL` is rejected with 530 before.
    Required { username: String, password: String },
}
