//! The only diesel of this crate, a file for each table.

pub mod clicks;
pub mod mails;
pub mod tasks;
