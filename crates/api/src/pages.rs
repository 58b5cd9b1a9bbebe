//! The HTML pages that the API serves itself if no single-page app does.

mod checkin;
mod frame;
pub(crate) mod trouble;

pub use checkin::{CheckinPage, PageStatus, land};
