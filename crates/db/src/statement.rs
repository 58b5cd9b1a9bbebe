//! Hand-written SQL that each connection prepares once.
//!
//! `diesel::sql_query` is parsed and planned at every call, with an additional round trip, and so is every `UPDATE` of
//! the query builder. The statements here run thousands of times a minute with the same text, or process a set of rows
//! at once, which the query builder cannot express (`UNNEST`, `SKIP LOCKED` inside an `UPDATE`). So the text is a
//! constant of a type, and the connection uses the type as the key of its prepared statement.

use std::marker::PhantomData;

use diesel::{
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    result::QueryResult,
    serialize::ToSql,
    sql_types::{HasSqlType, Untyped},
};

/// A statement whose values replace each `?` of the text, in that order.
pub trait Statement: 'static {
    /// Text; `?` may only be a placeholder for a value.
    const SQL: &'static str;
}

/// Declares a statement: `statement!(Name, "SELECT …")`.
#[macro_export]
macro_rules! prepared_statement {
    ($name:ident, $sql:expr) => {
        struct $name;

        impl $crate::statement::Statement for $name {
            const SQL: &'static str = $sql;
        }
    };
}
pub use prepared_statement as statement;

/// A statement, before its first value.
pub struct Prepared<S>(PhantomData<fn() -> S>);

/// A statement with one more value, of the SQL type `T`.
pub struct Bound<Q, T, V> {
    query: Q,
    value: V,
    sql_type: PhantomData<fn() -> T>,
}

/// Starts the statement `S`; its values are added by [`Bind::bind`].
pub fn prepared<S: Statement>() -> Prepared<S> {
    Prepared(PhantomData)
}

/// A statement with some of its values.
pub trait Bind: Sized {
    type Statement: Statement;
    /// Number of values added so far.
    const VALUES: usize;

    /// Adds the next value.
    fn bind<T, V>(self, value: V) -> Bound<Self, T, V> {
        Bound { query: self, value, sql_type: PhantomData }
    }
}

impl<S: Statement> Bind for Prepared<S> {
    type Statement = S;
    const VALUES: usize = 0;
}

impl<Q: Bind, T, V> Bind for Bound<Q, T, V> {
    type Statement = Q::Statement;
    const VALUES: usize = Q::VALUES + 1;
}

/// Returns the text between the values `index - 1` and `index`.
fn piece<S: Statement>(index: usize) -> &'static str {
    S::SQL.split('?').nth(index).unwrap_or_default()
}

impl<S: Statement> QueryFragment<Pg> for Prepared<S> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(piece::<S>(0));
        Ok(())
    }
}

impl<Q, T, V> QueryFragment<Pg> for Bound<Q, T, V>
where
    Q: Bind + QueryFragment<Pg>,
    V: ToSql<T, Pg>,
    Pg: HasSqlType<T>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.query.walk_ast(out.reborrow())?;
        out.push_bind_param::<T, V>(&self.value)?;
        out.push_sql(piece::<Q::Statement>(Self::VALUES));
        Ok(())
    }
}

impl<S: Statement> QueryId for Prepared<S> {
    type QueryId = S;
}

impl<Q: Bind, T, V> QueryId for Bound<Q, T, V> {
    type QueryId = Q::Statement;
}

impl<S: Statement> Query for Prepared<S> {
    type SqlType = Untyped;
}

impl<Q: Bind, T, V> Query for Bound<Q, T, V> {
    type SqlType = Untyped;
}
