//! Test database, running application, builders and mail outbox for tests.

pub mod database;
pub mod redis;

pub use database::TestDatabase;
pub use redis::TestRedis;
