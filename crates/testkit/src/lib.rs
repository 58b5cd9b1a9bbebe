//! Test database, running application, builders and mail outbox for tests.

mod chain;
pub mod database;
pub mod redis;
mod worker;

pub use chain::Chain;
pub use database::TestDatabase;
pub use redis::TestRedis;
pub use worker::{TestWorker, runners};
