//! A development SMTP sink with programmable failures and a page to read the mails.
//!
//! Nothing that arrives here is ever delivered: mails are kept in memory, the last
//! [`InboxSettings::keep`] of them, and shown on a web page or given to a test. A [`Behaviour`] makes
//! the server misbehave the way real mail servers do, so that senders can be tried against it.

mod behaviour;
mod faults;
mod http;
mod inbox;
mod mail;
mod settings;
mod smtp;
mod store;

pub use behaviour::{Action, Behaviour, Fault, InvalidBehaviour, Stage};
pub use inbox::{Inbox, StartError};
pub use mail::{Address, Header, Mail, MailSummary};
pub use settings::{AuthPolicy, InboxSettings};
pub use store::MailQuery;
