//! Test database, running application, builders and mail outbox for tests.

mod answer;
mod app;
mod builders;
mod chain;
mod checkins;
pub mod database;
mod limits;
mod log;
mod owner;
pub mod redis;
mod stripe;
pub mod typography;
mod worker;

pub use answer::Answer;
pub use app::{TestApp, TestAppBuilder};
pub use builders::{ClientBuilder, CreatedClient, CreatedInvoice, InvoiceBuilder};
pub use chain::Chain;
pub use checkins::{BROWSER_HEADERS, turn_checkins_off};
pub use database::TestDatabase;
pub use limits::no_limits;
pub use log::{CapturedLog, EveryLevel};
pub use owner::Owner;
pub use redis::{TestRedis, redis_pool};
pub use rubis_mailer::SendError;
pub use stripe::WEBHOOK_SECRET;
pub use worker::{
    TestWorker, account_keys, account_parts, billing_parts, checkin_parts, handler_parts, runners,
    runners_with, sending_limits,
};
