//! The only diesel of this crate, a file for each table.

pub(crate) mod checkouts;
pub(crate) mod events;
pub(crate) mod subscriptions;
