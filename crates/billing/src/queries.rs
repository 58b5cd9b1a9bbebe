//! The only diesel code of this crate, one file per table.

pub(crate) mod checkouts;
pub(crate) mod events;
pub(crate) mod subscriptions;
