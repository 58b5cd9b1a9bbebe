//! The reference of what the product does with PostgreSQL: `pgbench` with the same statements.
//!
//! The statements are not written down anywhere: a [`StatementCapture`] reads from the server's log what the
//! product really executes for one operation, and a [`Script`] is made of that, with the values of the
//! operation replaced by those of other rows. So the reference cannot drift from the code, and a
//! better statement raises both sides.
//!
//! ```ignore
//! let mut capture = StatementCapture::open(machine, "captured")?; // before the product connects
//! warm_up().await?; // its connections prepare statements and look types up
//! capture.transactions()?; // ... which does not belong to it
//! one_operation().await?;
//! let transactions = capture.transactions()?;
//! capture.close(machine)?;
//! let script = Script::new(&transactions, &Subjects { query: "SELECT …", varying: … }, &[])?;
//! let subjects = script.prepare(&url).await?; // on equally filled rows
//! let measured = pgbench(machine, &url, &script, 8, Length::Seconds(10, subjects))?;
//! ```

mod capture;
mod log;
mod pgbench;
mod pieces;
mod script;

pub use capture::{Statement, StatementCapture, Transaction};
pub use log::LINE_PREFIX;
pub use pgbench::{Measured, pgbench};
pub use script::{FRESH_ID, Length, Produced, Script, Subjects};
