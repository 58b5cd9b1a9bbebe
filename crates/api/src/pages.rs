//! The pages for people that the api serves itself, where no single-page app does.

mod checkin;
mod frame;
pub(crate) mod trouble;

pub use checkin::{CheckinPage, Told, land};
