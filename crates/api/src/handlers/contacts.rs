//! The people at a client.

mod create;
mod delete;
mod list;
mod update;

pub use create::create_contact;
pub use delete::delete_contact;
pub use list::list_contacts;
pub use update::update_contact;
