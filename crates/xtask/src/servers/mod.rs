//! The private PostgreSQL and Redis that the commands start below `.dev/`.

mod account;
mod postgres;
mod programs;
mod redis;

pub use account::{Account, data_directory};
pub use postgres::{Durability, Postgres};
pub use programs::Programs;
pub use redis::Redis;
