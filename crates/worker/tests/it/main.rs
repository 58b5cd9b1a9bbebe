//! Jobs run by the worker, with the mails they send.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod billing;
mod chain;
mod checkins;
mod crashes;
mod dead_letters;
mod mail_outage;
mod mail_permits;
mod mail_rate;
mod mails;
mod operations;
mod planning;
mod recipient_limits;
mod verification;
