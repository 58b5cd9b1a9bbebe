//! Fault trials: kills, pauses and cuts what the product runs on, and counts the reminders that arrive.
//!
//! A [`Site`] is a private PostgreSQL and a private Redis that a scenario may stop as it likes. A
//! [`Trial`] is one scenario's own database, mail server and programs: real processes, started,
//! killed and started again. When all is quiet, [`Trial::report`] compares what should have been sent
//! with what arrived, and the scenario adds what it measured against its bars.

mod api;
mod audit;
mod checkins;
mod database;
mod options;
mod process;
pub mod proxy;
mod report;
pub mod scenarios;
mod seed;
mod servers;
mod site;
mod trial;
mod worker;

pub use api::{Answer, Api, Caller};
pub use audit::{Expected, MayRepeat, Stopped};
pub use checkins::{Checkins, ExpectedCheckins, Question};
pub use database::{Database, Reminder};
pub use options::{Options, Selection};
pub use process::{Account, Launch, Process};
pub use report::{Report, print_table};
pub use scenarios::{Scenario, all};
pub use seed::{PASSWORD, SeededOrganization, found_organization, seed, subscribe, without_checkins};
pub use servers::{Postgres, Redis, free_port};
pub use site::Site;
pub use trial::{APP_KEY, Trial, TrialPlace};
pub use worker::{WorkerLaunch, WorkerProcess, serve_as_worker};
