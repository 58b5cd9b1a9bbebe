//! Plans and reminders against a real database.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod claiming;
mod plans;
mod recording;
mod sending;
