//! One endpoint per file.

pub mod activity;
pub mod auth;
pub mod billing;
pub mod checkins;
pub mod clients;
pub mod contacts;
pub mod invoices;
pub mod me;
pub mod operations;
pub mod organization;
pub mod payments;
pub mod plans;
pub mod referrals;
pub mod relances;
pub mod service_locations;
pub mod webhooks;
