//! Webhooks: what Stripe tells us, once it has proven that it is Stripe.

mod event;
mod signature;

pub use event::Event;
pub use signature::{SIGNATURE_TOLERANCE, SignatureError, verify};
