//! Location of a row.

use std::io::Write as _;

use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    query_builder::QueryId,
    serialize::{self, IsNull, Output, ToSql},
    sql_types::SqlType,
};

/// PostgreSQL's `tid`.
#[derive(QueryId, SqlType)]
#[diesel(postgres_type(oid = 27, array_oid = 1010))]
pub(crate) struct Tid;

/// Location of a version of a row in its table, PostgreSQL's `ctid`: found without an index,
/// but only until the row is updated. Whoever uses it checks that the row there is the one that is meant.
#[derive(AsExpression, Clone, Copy, Debug, FromSqlRow, PartialEq, Eq)]
#[diesel(sql_type = Tid)]
pub(crate) struct RowLocation([u8; 6]);

impl ToSql<Tid, Pg> for RowLocation {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&self.0)?;
        Ok(IsNull::No)
    }
}

impl FromSql<Tid, Pg> for RowLocation {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(value.as_bytes().try_into()?))
    }
}
