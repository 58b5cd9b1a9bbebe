//! The servers that a trial may stop, kill and pause.

mod postgres;
mod redis;

use std::{io, net::TcpListener};

pub use postgres::Postgres;
pub use redis::Redis;

/// A port of the loopback interface that nothing listens on.
///
/// # Errors
/// When there is none left.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
