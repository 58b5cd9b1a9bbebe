//! Privileges of the programs' role: reading and writing rows, and no changes of the schema.

use diesel::sql_types::{Bool, Text};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use crate::address::establish;

/// Reasons why the privileges could not be granted.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The database could not be reached.
    #[error("the database cannot be reached: {0}")]
    Connect(#[from] diesel::ConnectionError),
    /// There is no such role.
    #[error("there is no role {0}: create it first, as docs/jobs-and-operations.md describes")]
    NoSuchRole(String),
    /// The role could change the schema regardless of its privileges.
    #[error("the role {0} owns the schema or is a superuser: the programs need a role that does not")]
    OwnsTheSchema(String),
    /// A statement failed.
    #[error("the database returned an error: {0}")]
    Database(#[from] diesel::result::Error),
}

/// Grants `role` reading and writing the rows of all tables, and of those of later migrations. `url` signs in as the
/// owner. Granting again changes nothing.
///
/// # Errors
/// [`GrantError`]; in that case nothing was granted.
pub async fn grant_program_role(url: &str, role: &str) -> Result<(), GrantError> {
    let mut conn = establish(url).await?;
    check(&mut conn, role).await?;
    let role = quoted(role);
    let statements = format!(
        "GRANT USAGE ON SCHEMA public TO {role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
         GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};
         ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
         ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role};
         REVOKE INSERT, UPDATE, DELETE ON __diesel_schema_migrations FROM {role};"
    );
    conn.transaction(async |conn| Ok(conn.batch_execute(&statements).await?)).await
}

async fn check(conn: &mut AsyncPgConnection, role: &str) -> Result<(), GrantError> {
    #[derive(diesel::QueryableByName)]
    struct Role {
        #[diesel(sql_type = Bool)]
        is_owner: bool,
    }
    let found: Vec<Role> = diesel::sql_query(
        "SELECT r.rolsuper OR pg_has_role(r.oid, d.datdba, 'MEMBER') OR pg_has_role(r.oid, current_user, 'MEMBER')
                AS is_owner
         FROM pg_roles r, pg_database d WHERE r.rolname = $1 AND d.datname = current_database()",
    )
    .bind::<Text, _>(role)
    .load(conn)
    .await?;
    match found.into_iter().next() {
        None => Err(GrantError::NoSuchRole(role.to_owned())),
        Some(Role { is_owner: true }) => Err(GrantError::OwnsTheSchema(role.to_owned())),
        Some(Role { is_owner: false }) => Ok(()),
    }
}

/// Quotes a role's name as an identifier in SQL.
fn quoted(role: &str) -> String {
    format!("\"{}\"", role.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_name_cannot_end_its_quotes() {
        assert_eq!(quoted("rubis"), "\"rubis\"");
        assert_eq!(quoted("a\"; DROP"), "\"a\"\"; DROP\"");
    }
}
