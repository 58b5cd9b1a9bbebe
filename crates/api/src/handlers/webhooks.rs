//! What other services tell Rubis by themselves.

mod measurements;
mod stripe;

pub use measurements::describe_events;
pub use stripe::receive_stripe_event;
