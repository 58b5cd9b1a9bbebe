//! A statement whose text is built at run time.

use diesel::{
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    result::{Error, QueryResult},
    sql_types::{Array, BigInt, Date as SqlDate, Text, Untyped, Uuid as SqlUuid},
};
use rubis_db::schema::sql_types;
use time::Date;
use uuid::Uuid;

use crate::InvoiceStatus;

/// A value of a statement.
#[derive(Clone)]
pub(crate) enum Value<'value> {
    Uuid(Uuid),
    Date(Date),
    Cents(i64),
    Text(&'value str),
    Owned(String),
    Statuses(Vec<InvoiceStatus>),
}

/// A statement: its text, in which the first value is called `$1`, and the values.
pub(crate) struct Written<'value> {
    text: String,
    values: Vec<Value<'value>>,
    is_kept: bool,
}

impl<'value> Written<'value> {
    /// Creates a statement that is planned for its values each time.
    pub(crate) fn once(text: String, values: Vec<Value<'value>>) -> Self {
        Self { text, values, is_kept: false }
    }

    /// Creates a statement that the connection caches by its text and that PostgreSQL may plan generically. There must
    /// be few such texts.
    pub(crate) fn kept(text: String, values: Vec<Value<'value>>) -> Self {
        Self { text, values, is_kept: true }
    }
}

impl QueryFragment<Pg> for Written<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if !self.is_kept {
            out.unsafe_to_cache_prepared();
        }
        let mut pieces = self.text.split('$');
        out.push_sql(pieces.next().unwrap_or_default());
        for piece in pieces {
            let after = piece.trim_start_matches(|character: char| character.is_ascii_digit());
            let number: Option<usize> = piece.strip_suffix(after).and_then(|number| number.parse().ok());
            let value = number.and_then(|number| self.values.get(number.checked_sub(1)?));
            match value.ok_or_else(|| Error::QueryBuilderError("a value is missing".into()))? {
                Value::Uuid(uuid) => out.push_bind_param::<SqlUuid, _>(uuid)?,
                Value::Date(date) => out.push_bind_param::<SqlDate, _>(date)?,
                Value::Cents(cents) => out.push_bind_param::<BigInt, _>(cents)?,
                Value::Text(text) => out.push_bind_param::<Text, _>(text)?,
                Value::Owned(text) => out.push_bind_param::<Text, _>(text)?,
                Value::Statuses(statuses) => {
                    out.push_bind_param::<Array<sql_types::InvoiceStatus>, _>(statuses)?;
                }
            }
            out.push_sql(after);
        }
        Ok(())
    }
}

impl QueryId for Written<'_> {
    type QueryId = ();

    // The connection identifies the statement by its text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Written<'_> {
    type SqlType = Untyped;
}
