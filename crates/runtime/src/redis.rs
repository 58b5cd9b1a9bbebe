//! Connections to Redis with short timeouts: no caller should wait for Redis.

use std::time::Duration;

use deadpool_redis::redis::{
    self, AsyncConnectionConfig, Client, ConnectionInfo, IntoConnectionInfo, TlsCertificates,
};
use deadpool_redis::{Manager, Pool, PoolError, Runtime};
use secrecy::ExposeSecret;
use thiserror::Error;

use crate::settings::RedisSettings;

/// Timeout for connecting, and for the reply to one command.
pub const REDIS_TIMEOUT: Duration = Duration::from_secs(2);

/// The pool could not be created.
#[derive(Debug, Error)]
#[error("the pool of Redis connections cannot be created: {reason}")]
pub struct RedisPoolError {
    reason: String,
}

/// Creates a pool of at most `size` connections, none of which is opened yet. Those to a `rediss://` address are
/// encrypted, and need a crypto provider of rustls to be installed in the process.
///
/// # Errors
/// The address is not one of Redis, or its certificates cannot be read; the password is never included.
pub fn pool(settings: &RedisSettings, size: usize) -> Result<Pool, RedisPoolError> {
    let connections = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(REDIS_TIMEOUT))
        .set_response_timeout(Some(REDIS_TIMEOUT));
    let manager = address(settings)
        .and_then(|address| Manager::new_with_config(address, connections))
        .map_err(|error| RedisPoolError { reason: error.category().to_owned() })?;
    Pool::builder(manager)
        .max_size(size)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(REDIS_TIMEOUT))
        .create_timeout(Some(REDIS_TIMEOUT))
        .recycle_timeout(Some(REDIS_TIMEOUT))
        .build()
        .map_err(|error| RedisPoolError { reason: error.to_string() })
}

fn address(settings: &RedisSettings) -> redis::RedisResult<ConnectionInfo> {
    let address = settings.url.expose_secret().into_connection_info()?;
    match &settings.ca_certificates {
        None => Ok(address),
        Some(file) => {
            let certificates = TlsCertificates { client_tls: None, root_cert: Some(file.pem.clone()) };
            Ok(Client::build_with_tls(address, certificates)?.get_connection_info().clone())
        }
    }
}

/// Redis cannot be used.
#[derive(Debug, Error)]
pub enum RedisUnavailable {
    /// No connection could be opened.
    #[error("no connection to Redis")]
    Connection(#[from] PoolError),
    /// Redis did not reply, or replied with an error.
    #[error("Redis does not answer")]
    Command(#[from] redis::RedisError),
}

/// Checks that Redis replies: for `/readyz`.
///
/// # Errors
/// Fails after [`REDIS_TIMEOUT`] for each step.
pub async fn ping(pool: &Pool) -> Result<(), RedisUnavailable> {
    let mut connection = pool.get().await?;
    let () = redis::cmd("PING").query_async(&mut connection).await?;
    Ok(())
}
