//! One handler per job, schedules and shutdown.

mod handlers;
mod housekeeping;
pub mod operations;
mod serve;
mod wiring;

pub use handlers::{AccountParts, BillingParts, CheckinParts, HandlerParts, handlers};
pub use serve::{ServeError, build_handlers, serve};
pub use wiring::{
    account_parts, billing_parts, checkin_parts, mail_rate, mailer_settings, queue_settings, sender,
    sending_limits,
};
