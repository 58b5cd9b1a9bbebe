//! The fake of Stripe over HTTP.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod api;
mod pages;
mod plays;
mod support;
mod webhooks;
