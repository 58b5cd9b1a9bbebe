//! The only diesel of the crate: plans and their steps, and the planned reminders.

pub mod plans;
pub mod recipient_counts;
mod state_columns;
pub mod tasks;
pub mod waiting;
