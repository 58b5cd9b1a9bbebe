//! The generated schema, the connection pool, the embedded migrations and hand-written statements.

mod enums;
mod migrations;
mod pool;
pub mod schema;
pub mod statement;

pub use diesel_async::{AsyncConnection, AsyncPgConnection};
pub use migrations::{MigrationError, has_pending_migrations, run_migrations};
pub use pool::{Pool, PoolError, PooledConnection, connect};
