//! Payload of a job as it is stored.

use std::sync::Arc;

use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    pg::{Pg, PgValue},
    sql_types::Jsonb,
};

use crate::{Job, JobError};

/// The only version of the binary form of `jsonb`, which comes before the text.
const VERSION: u8 = 1;

/// A serialised [`Job`]. It stays a text until the handler that knows its type reads it: a tree of it
/// would be built, and copied, for nothing.
#[derive(Clone, Debug, FromSqlRow, PartialEq, Eq)]
pub struct Payload(Arc<str>);

impl Payload {
    /// The job.
    ///
    /// # Errors
    /// [`JobError::Unreadable`] when another release wrote it.
    pub fn read<J: Job>(&self) -> Result<J, JobError> {
        serde_json::from_str(&self.0).map_err(|error| JobError::Unreadable { reason: error.to_string() })
    }
}

/// The payload of a [`crate::JobRow`].
impl From<&serde_json::Value> for Payload {
    fn from(value: &serde_json::Value) -> Self {
        Self(value.to_string().into())
    }
}

impl FromSql<Jsonb, Pg> for Payload {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes().split_first() {
            Some((&VERSION, text)) => Ok(Self(std::str::from_utf8(text)?.into())),
            _ => Err("the binary form of jsonb has another version".into()),
        }
    }
}
