//! Check-ins against a real database: planning, gathering, sending, looking up.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod answers;
mod calling_off;
mod company;
mod gathering;
mod mails;
mod planning;
mod renewal;
mod tokens;
