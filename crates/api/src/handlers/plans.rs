//! Reminder plans.

mod create;
mod delete;
mod get;
mod list;
mod preview;
mod replace;

pub use create::create_plan;
pub use delete::delete_plan;
pub use get::get_plan;
pub use list::list_plans;
pub use preview::preview_plan;
pub use replace::replace_plan;
