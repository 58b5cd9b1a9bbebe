//! Builds from the settings what both programs are made of: the process around them and the rules of the domain crates.

mod process;
mod rules;

pub use process::{Process, StartError, describe_failure, install_tls};
pub use rules::{billing_rules, checkin_rules, stripe_gateway};
