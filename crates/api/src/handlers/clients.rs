//! The organization's clients.

mod create;
mod delete;
mod get;
mod list;
mod pause;
mod resume;
mod statement;
mod update;

pub use create::create_client;
pub use delete::delete_client;
pub use get::get_client;
pub use list::list_clients;
pub use pause::pause_client;
pub use resume::resume_client;
pub use statement::get_client_statement;
pub use update::update_client;
