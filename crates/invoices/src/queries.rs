//! The diesel code of this crate: a file for each table and one for each larger read.

pub(crate) mod awaiting;
pub(crate) mod chased;
pub(crate) mod clients;
pub(crate) mod contacts;
pub(crate) mod figures;
pub(crate) mod invoice_list;
pub(crate) mod invoices;
pub(crate) mod lines;
pub(crate) mod payments;
pub(crate) mod service_locations;
pub(crate) mod statement;
mod written;

/// Converts the error for a column that holds a value no release has written.
fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> diesel::result::Error {
    diesel::result::Error::DeserializationError(Box::new(error))
}

/// Converts an optional row to its domain type.
fn found<Row, T>(row: Result<Row, diesel::result::Error>) -> Result<Option<T>, diesel::result::Error>
where
    T: TryFrom<Row, Error = diesel::result::Error>,
{
    match row {
        Ok(row) => row.try_into().map(Some),
        Err(diesel::result::Error::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Converts all rows to their domain type.
fn all<Row, T>(rows: Vec<Row>) -> Result<Vec<T>, diesel::result::Error>
where
    T: TryFrom<Row, Error = diesel::result::Error>,
{
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Converts ids to the database's type.
fn uuids<Id: Copy + Into<uuid::Uuid>>(ids: &[Id]) -> Vec<uuid::Uuid> {
    ids.iter().copied().map(Into::into).collect()
}

diesel::define_sql_function! {
    /// Converts a text to lower case.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}
