//! The places where a client is served.

mod create;
mod delete;
mod list;
mod update;

pub use create::create_service_location;
pub use delete::delete_service_location;
pub use list::list_service_locations;
pub use update::update_service_location;
