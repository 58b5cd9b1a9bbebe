//! Servers, processes, ports and HTTP calls of the development commands: `xtask`, `chaos` and `bench`.
//!
//! Everything blocks, so that `xtask` compiles without an asynchronous runtime.

mod account;
pub mod http;
pub mod interrupt;
pub mod ports;
mod postgres;
mod process;
mod redis;
pub mod supervisor;
pub mod workspace;

pub use account::{Account, data_directory};
pub use postgres::{Cluster, DISPOSABLE, DURABLE, Postgres, RECOVERABLE, UTF_8};
pub use process::{Launch, Process, exit_code, output_of};
pub use redis::Redis;
