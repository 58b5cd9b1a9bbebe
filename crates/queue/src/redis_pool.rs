//! Connections to Redis that give up soon: the queue has another way to find work.

use std::time::Duration;

use deadpool_redis::{
    Manager, PoolConfig, Runtime, Timeouts,
    redis::{AsyncConnectionConfig, RedisError},
};

/// How long an answer, or a connection, is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// The connections of a process to Redis.
pub type RedisPool = deadpool_redis::Pool;

/// The address of Redis cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RedisAddressError {
    /// It is not an address.
    #[error("not the address of a Redis: {0}")]
    Invalid(#[from] RedisError),
    /// The pool refuses its configuration.
    #[error(transparent)]
    Pool(#[from] deadpool_redis::BuildError),
}

/// A pool of at most `size` connections. Nothing is connected yet: without Redis a worker takes
/// its jobs from Postgres.
///
/// # Errors
/// [`RedisAddressError`] when the URL is not of the form `redis://…`.
pub fn connect_redis(url: &str, size: usize) -> Result<RedisPool, RedisAddressError> {
    let connection = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    let mut config = PoolConfig::new(size);
    config.timeouts = Timeouts { wait: Some(PATIENCE), create: Some(PATIENCE), recycle: Some(PATIENCE) };
    Ok(RedisPool::builder(Manager::new_with_config(url, connection)?)
        .config(config)
        .runtime(Runtime::Tokio1)
        .build()?)
}
