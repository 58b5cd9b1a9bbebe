//! The table `users`.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, JoinOnDsl, OptionalExtension, QueryDsl, Queryable,
    Selectable, SelectableHelper, result::Error,
};
use diesel_async::RunQueryDsl;
use rubis_db::{
    AsyncPgConnection,
    schema::{memberships, organizations, users},
};
use rubis_kernel::{EmailAddress, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{memberships::MembershipRow, organizations::OrganizationRow, unreadable};
use crate::{Membership, Organization, PasswordHash, User};

/// A row of the table, without the password.
#[derive(Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg))]
pub(crate) struct UserRow {
    id: Uuid,
    email: String,
    full_name: String,
    email_verified_at: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<UserRow> for User {
    type Error = Error;

    fn try_from(row: UserRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.id.into(),
            email: row.email.parse().map_err(unreadable)?,
            full_name: row.full_name,
            email_verified_at: row.email_verified_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// A user who signs up.
pub(crate) struct NewUser<'account> {
    pub(crate) id: UserId,
    pub(crate) email: &'account EmailAddress,
    pub(crate) full_name: &'account str,
    pub(crate) password_hash: &'account PasswordHash,
}

#[derive(Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
struct NewRow<'account> {
    id: Uuid,
    email: &'account str,
    full_name: &'account str,
    password_hash: &'account str,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

/// Returns `None` if the address is taken, without failing the transaction.
pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    user: NewUser<'_>,
    now: OffsetDateTime,
) -> Result<Option<User>, Error> {
    diesel::insert_into(users::table)
        .values(NewRow {
            id: user.id.into(),
            email: user.email.as_str(),
            full_name: user.full_name,
            password_hash: user.password_hash.as_str(),
            created_at: now,
            updated_at: now,
        })
        .on_conflict(users::email)
        .do_nothing()
        .returning(UserRow::as_returning())
        .get_result(conn)
        .await
        .optional()?
        .map(TryInto::try_into)
        .transpose()
}

pub(crate) async fn find(conn: &mut AsyncPgConnection, id: UserId) -> Result<Option<User>, Error> {
    users::table
        .find(id.as_uuid())
        .select(UserRow::as_select())
        .first(conn)
        .await
        .optional()?
        .map(TryInto::try_into)
        .transpose()
}

/// Locks the user against other changes until the transaction ends; rows that refer to them can be inserted meanwhile.
pub(crate) async fn lock(conn: &mut AsyncPgConnection, id: UserId) -> Result<Option<User>, Error> {
    users::table
        .find(id.as_uuid())
        .select(UserRow::as_select())
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?
        .map(TryInto::try_into)
        .transpose()
}

/// Records that the address is verified, unless it is already.
pub(crate) async fn mark_verified(
    conn: &mut AsyncPgConnection,
    id: UserId,
    now: OffsetDateTime,
) -> Result<(), Error> {
    diesel::update(users::table.find(id.as_uuid()))
        .filter(users::email_verified_at.is_null())
        .set((users::email_verified_at.eq(now), users::updated_at.eq(now)))
        .execute(conn)
        .await
        .map(drop)
}

/// Returns the user with this address, the hash of their password, and the organization they joined first.
pub(crate) async fn find_to_sign_in(
    conn: &mut AsyncPgConnection,
    email: &str,
) -> Result<Option<(User, PasswordHash, Membership, Organization)>, Error> {
    let found: Option<(UserRow, String, MembershipRow, OrganizationRow)> = users::table
        .inner_join(memberships::table.on(memberships::user_id.eq(users::id)))
        .inner_join(organizations::table.on(organizations::id.eq(memberships::organization_id)))
        .filter(users::email.eq(email))
        .order(memberships::id)
        .select((
            UserRow::as_select(),
            users::password_hash,
            MembershipRow::as_select(),
            OrganizationRow::as_select(),
        ))
        .first(conn)
        .await
        .optional()?;
    let Some((user, hash, membership, organization)) = found else {
        return Ok(None);
    };
    Ok(Some((user.try_into()?, PasswordHash::from_column(hash), membership.into(), organization.try_into()?)))
}

pub(crate) async fn rename(
    conn: &mut AsyncPgConnection,
    id: UserId,
    full_name: &str,
    now: OffsetDateTime,
) -> Result<Option<User>, Error> {
    diesel::update(users::table.find(id.as_uuid()))
        .set((users::full_name.eq(full_name), users::updated_at.eq(now)))
        .returning(UserRow::as_returning())
        .get_result(conn)
        .await
        .optional()?
        .map(TryInto::try_into)
        .transpose()
}

pub(crate) async fn id_of_email(conn: &mut AsyncPgConnection, email: &str) -> Result<Option<UserId>, Error> {
    let id: Option<Uuid> =
        users::table.filter(users::email.eq(email)).select(users::id).first(conn).await.optional()?;
    Ok(id.map(UserId::from))
}

pub(crate) async fn with_password(
    conn: &mut AsyncPgConnection,
    id: UserId,
) -> Result<Option<(User, PasswordHash)>, Error> {
    let found: Option<(UserRow, String)> = users::table
        .find(id.as_uuid())
        .select((UserRow::as_select(), users::password_hash))
        .first(conn)
        .await
        .optional()?;
    found.map(|(user, hash)| Ok((user.try_into()?, PasswordHash::from_column(hash)))).transpose()
}

/// Reports whether the password is still the one with this hash. If so, locks it until the transaction ends.
pub(crate) async fn lock_password(
    conn: &mut AsyncPgConnection,
    id: UserId,
    hash: &PasswordHash,
) -> Result<bool, Error> {
    let locked: Option<Uuid> = users::table
        .filter(users::id.eq(id.as_uuid()))
        .filter(users::password_hash.eq(hash.as_str()))
        .select(users::id)
        .for_share()
        .first(conn)
        .await
        .optional()?;
    Ok(locked.is_some())
}

/// Replaces a password, if it is still the one with this hash.
pub(crate) async fn replace_password(
    conn: &mut AsyncPgConnection,
    id: UserId,
    before: &PasswordHash,
    new: &PasswordHash,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let replaced = diesel::update(users::table.find(id.as_uuid()))
        .filter(users::password_hash.eq(before.as_str()))
        .set((users::password_hash.eq(new.as_str()), users::updated_at.eq(now)))
        .execute(conn)
        .await?;
    Ok(replaced == 1)
}

/// Records that the user is warned of failed sign-ins, unless they were warned after an instant.
pub(crate) async fn claim_warning(
    conn: &mut AsyncPgConnection,
    id: UserId,
    now: OffsetDateTime,
    warned_before: OffsetDateTime,
) -> Result<bool, Error> {
    let claimed = diesel::update(users::table.find(id.as_uuid()))
        .filter(users::sign_in_warned_at.is_null().or(users::sign_in_warned_at.le(warned_before)))
        .set(users::sign_in_warned_at.eq(now))
        .execute(conn)
        .await?;
    Ok(claimed == 1)
}
