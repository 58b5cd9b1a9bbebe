//! The connection pool of a process.

use std::time::Duration;

use diesel_async::{
    AsyncPgConnection,
    pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod},
};
use futures_util::FutureExt as _;

use crate::address::{Address, AddressError};

/// Pool of connections.
pub type Pool = bb8::Pool<AsyncDieselConnectionManager<AsyncPgConnection>>;
/// A connection that is returned to its pool.
pub type PooledConnection<'pool> =
    bb8::PooledConnection<'pool, AsyncDieselConnectionManager<AsyncPgConnection>>;
/// No connection could be obtained.
pub type PoolError = bb8::RunError<diesel_async::pooled_connection::PoolError>;

/// Creates a pool of at most `size` connections, encrypted as the address requires. No connection is opened yet: a
/// database that is down for a while delays a request and does not keep a process from starting.
///
/// # Errors
/// The address cannot be used, or its root certificates cannot be read.
pub fn connect(url: &str, size: u32) -> Result<Pool, AddressError> {
    let address = Address::parse(url)?;
    let mut config = ManagerConfig::default();
    // A connection is checked before it is lent (is it closed, is it in a broken transaction?) without a round trip.
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |_| {
        let address = address.clone();
        async move { address.connect().await }.boxed()
    });
    Ok(bb8::Pool::builder()
        .max_size(size)
        .connection_timeout(Duration::from_secs(5))
        .build_unchecked(AsyncDieselConnectionManager::new_with_config(url, config)))
}
