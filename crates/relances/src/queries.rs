//! The only diesel of the crate: plans and their steps, and the planned reminders.

pub mod plans;
pub mod recipient_counts;
pub mod tasks;
pub mod waiting;
