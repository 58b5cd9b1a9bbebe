//! The diesel code of this crate: a file for each table.

pub mod clicks;
pub mod live;
pub mod mails;
pub mod tasks;
