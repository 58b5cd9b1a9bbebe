//! What an inbox is started with.

use std::net::SocketAddr;

/// How an inbox listens and how much it keeps.
#[derive(Debug, Clone)]
pub struct InboxSettings {
    /// Address of the SMTP server; port 0 takes a free one.
    pub smtp_addr: SocketAddr,
    /// Address of the page and its JSON API; `None` starts no HTTP server.
    pub http_addr: Option<SocketAddr>,
    /// Who may send.
    pub auth: AuthPolicy,
    /// Largest message taken, in bytes; a larger one is answered 552.
    pub max_message_bytes: usize,
    /// True if it announces SMTPUTF8, which addresses beyond ASCII need.
    pub smtp_utf8: bool,
    /// How many mails are kept; the oldest leave first.
    pub keep: usize,
}

impl Default for InboxSettings {
    /// An SMTP server on a free loopback port, without a page: what a test wants.
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

/// Who may send a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthPolicy {
    /// Anybody, signed in or not; every user name and password is taken.
    AcceptAny,
    /// Only after `AUTH` with these credentials; `MAIL` is answered 530 before.
    Required {
        /// The user name that is taken.
        username: String,
        /// Its password.
        password: String,
    },
}
