//! The only diesel of the crate.

pub(crate) mod planning_requests;
