//! The security audit trail, as it is written to the log.

mod events;
mod trail;
