//! The organization's settings and members.

mod get;
mod members;
mod pause;
mod resume;
mod update;

pub use get::get_organization;
pub use members::list_members;
pub use pause::pause_organization;
pub use resume::resume_organization;
pub use update::update_organization;
