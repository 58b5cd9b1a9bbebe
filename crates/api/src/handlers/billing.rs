//! Rubis's own subscription: its state, and the ways to Stripe's pages.

mod checkout;
mod portal;
mod subscription;
mod trial;

pub use checkout::start_checkout;
pub use portal::open_portal;
pub use subscription::get_subscription;
pub use trial::start_trial;
