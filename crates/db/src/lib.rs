//! The generated schema, connections, the embedded migrations and hand-written statements.

mod address;
mod enums;
mod failure;
mod migrations;
mod pool;
mod roles;
pub mod schema;
pub mod statement;
mod tls;

pub use address::{AddressError, establish};
pub use diesel_async::{AsyncConnection, AsyncPgConnection};
pub use failure::{Interruption, interruption, is_still_referenced};
pub use migrations::{
    LockBounds, MigrationError, has_pending_migrations, run_migrations, run_migrations_within,
};
pub use pool::{Pool, PoolError, PooledConnection, connect};
pub use roles::{GrantError, grant_program_role};
pub use tls::SslMode;

/// Maximum difference between an instant and the same one read back: the database keeps microseconds.
pub const STORED_INSTANT_TOLERANCE: time::Duration = time::Duration::MILLISECOND;
