//! The planned and sent reminders.

mod approve;
mod cancel;
mod get;
mod list;
mod send_now;

pub use approve::approve_relance;
pub use cancel::cancel_relance;
pub use get::get_relance;
pub use list::list_relances;
pub use send_now::send_relance_now;
