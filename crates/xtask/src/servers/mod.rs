//! The private PostgreSQL and Redis that the commands start below `.dev/`.

mod account;
mod certificates;
mod postgres;
mod programs;
mod redis;
mod roles;

pub use account::{Account, data_directory};
pub use certificates::{Certificates, NAME as CERTIFIED_NAME};
pub use postgres::{Durability, Postgres};
pub use programs::Programs;
pub use redis::Redis;
pub use roles::Roles;
