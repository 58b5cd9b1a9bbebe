//! A development SMTP sink with programmable failures and a page to read the mails.
//!
//! It never delivers mails: it keeps the last [`InboxSettings::keep`] of them in memory, shows them on a web page and
//! returns them to tests. A [`Behaviour`] makes the server misbehave like real mail servers, so that senders can be
//! tested with it.

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
