//! Native enums of the database as Rust enums.

/// Maps a fieldless enum to a native enum of the database, label by label.
///
/// The enum derives `diesel::AsExpression` and `diesel::FromSqlRow` itself and names its SQL type:
/// ```ignore
/// #[derive(Clone, Copy, Debug, PartialEq, Eq, AsExpression, FromSqlRow)]
/// #[diesel(sql_type = rubis_db::schema::sql_types::MemberRole)]
/// pub enum Role { Owner, Admin, Member }
/// rubis_db::pg_enum!(Role, rubis_db::schema::sql_types::MemberRole {
///     Owner => "owner", Admin => "admin", Member => "member",
/// });
/// ```
/// It also gets `as_str` (the label) and `ALL`.
#[macro_export]
macro_rules! pg_enum {
    ($name:ident, $sql_type:ty { $($variant:ident => $label:literal),+ $(,)? }) => {
        impl $name {
            /// All values, in the order of the database.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the label used by the database and the API.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $label),+ }
            }
        }

        impl ::diesel::serialize::ToSql<$sql_type, ::diesel::pg::Pg> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut ::diesel::serialize::Output<'b, '_, ::diesel::pg::Pg>,
            ) -> ::diesel::serialize::Result {
                ::std::io::Write::write_all(out, self.as_str().as_bytes())?;
                Ok(::diesel::serialize::IsNull::No)
            }
        }

        impl ::diesel::deserialize::FromSql<$sql_type, ::diesel::pg::Pg> for $name {
            fn from_sql(bytes: ::diesel::pg::PgValue<'_>) -> ::diesel::deserialize::Result<Self> {
                match bytes.as_bytes() {
                    $(label if label == $label.as_bytes() => Ok(Self::$variant),)+
                    other => Err(format!(
                        "{} has no value {:?}", stringify!($name), ::std::string::String::from_utf8_lossy(other),
                    ).into()),
                }
            }
        }
    };
}
