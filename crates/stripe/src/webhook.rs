//! Webhooks: the verification and parsing of Stripe's events.

mod event;
mod signature;

pub use event::Event;
pub use signature::{SIGNATURE_TOLERANCE, SignatureError, verify};
