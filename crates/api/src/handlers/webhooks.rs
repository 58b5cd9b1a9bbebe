//! Webhooks of other services.

mod measurements;
mod stripe;

pub use measurements::describe_events;
pub use stripe::receive_stripe_event;
