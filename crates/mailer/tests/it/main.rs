//! Mails sent to servers that behave and misbehave.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod memory;
mod resend;
mod smtp;
mod smtp_tls;
mod support;
mod tls_server;
