//! The tables `sessions` and `refresh_tokens`.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, OptionalExtension, QueryDsl, Queryable,
    SelectableHelper, result::Error,
};
use diesel_async::RunQueryDsl;
use rubis_db::{
    AsyncPgConnection,
    schema::{memberships, organizations, refresh_tokens, sessions, users},
};
use rubis_kernel::{OrganizationId, SessionId, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{organizations::OrganizationRow, users::UserRow};
use crate::{Authenticated, Membership, Organization, Role, SessionClient, SessionHolder, User};

pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    id: SessionId,
    membership: &Membership,
    client: &SessionClient,
    now: OffsetDateTime,
) -> Result<(), Error> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(id.as_uuid()),
            sessions::organization_id.eq(membership.organization_id.as_uuid()),
            sessions::user_id.eq(membership.user_id.as_uuid()),
            sessions::created_at.eq(now),
            sessions::last_used_at.eq(now),
            sessions::user_agent.eq(client.user_agent()),
            sessions::network.eq(client.network()),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn insert_token(
    conn: &mut AsyncPgConnection,
    session: SessionId,
    hash: &[u8; 32],
    now: OffsetDateTime,
    expires_at: OffsetDateTime,
) -> Result<(), Error> {
    diesel::insert_into(refresh_tokens::table)
        .values((
            refresh_tokens::token_hash.eq(hash.as_slice()),
            refresh_tokens::session_id.eq(session.as_uuid()),
            refresh_tokens::issued_at.eq(now),
            refresh_tokens::expires_at.eq(expires_at),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// A refresh token, read while its row is locked.
#[derive(Queryable)]
pub(crate) struct LockedToken {
    #[diesel(deserialize_as = Uuid)]
    pub(crate) session_id: SessionId,
    #[diesel(deserialize_as = Uuid)]
    pub(crate) user_id: UserId,
    #[diesel(deserialize_as = Uuid)]
    pub(crate) organization_id: OrganizationId,
    pub(crate) begun_at: OffsetDateTime,
    pub(crate) expires_at: OffsetDateTime,
    pub(crate) spent_at: Option<OffsetDateTime>,
    pub(crate) revoked_at: Option<OffsetDateTime>,
}

impl LockedToken {
    pub(crate) fn holder(&self) -> SessionHolder {
        SessionHolder {
            session_id: self.session_id,
            user_id: self.user_id,
            organization_id: self.organization_id,
        }
    }
}

/// Locks the token and its session, in this order in every transaction.
pub(crate) async fn lock_token(
    conn: &mut AsyncPgConnection,
    hash: &[u8; 32],
) -> Result<Option<LockedToken>, Error> {
    refresh_tokens::table
        .inner_join(sessions::table)
        .filter(refresh_tokens::token_hash.eq(hash.as_slice()))
        .select((
            refresh_tokens::session_id,
            sessions::user_id,
            sessions::organization_id,
            sessions::created_at,
            refresh_tokens::expires_at,
            refresh_tokens::spent_at,
            sessions::revoked_at,
        ))
        .for_no_key_update()
        .first(conn)
        .await
        .optional()
}

pub(crate) async fn spend_token(
    conn: &mut AsyncPgConnection,
    hash: &[u8; 32],
    now: OffsetDateTime,
) -> Result<(), Error> {
    diesel::update(refresh_tokens::table.find(hash.as_slice()))
        .set(refresh_tokens::spent_at.eq(now))
        .execute(conn)
        .await?;
    Ok(())
}

/// Records that a client refreshed the session.
pub(crate) async fn touch(
    conn: &mut AsyncPgConnection,
    session: SessionId,
    client: &SessionClient,
    now: OffsetDateTime,
) -> Result<(), Error> {
    diesel::update(sessions::table.find(session.as_uuid()))
        .set((
            sessions::last_used_at.eq(now),
            sessions::user_agent.eq(client.user_agent()),
            sessions::network.eq(client.network()),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn revoke(
    conn: &mut AsyncPgConnection,
    session: SessionId,
    now: OffsetDateTime,
) -> Result<(), Error> {
    diesel::update(sessions::table.find(session.as_uuid()))
        .filter(sessions::revoked_at.is_null())
        .set(sessions::revoked_at.eq(now))
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn authenticate(
    conn: &mut AsyncPgConnection,
    session: SessionId,
    begun_after: OffsetDateTime,
) -> Result<Option<Authenticated>, Error> {
    let found: Option<(Uuid, Uuid, Role)> = sessions::table
        .inner_join(memberships::table.on(is_of_member()))
        .filter(sessions::id.eq(session.as_uuid()))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::created_at.gt(begun_after))
        .select((memberships::user_id, memberships::organization_id, memberships::role))
        .first(conn)
        .await
        .optional()?;
    Ok(found.map(|(user, organization, role)| Authenticated {
        user_id: user.into(),
        organization_id: organization.into(),
        role,
        session_id: session,
    }))
}

/// Returns the session's user, organization and role.
pub(crate) async fn whose(
    conn: &mut AsyncPgConnection,
    session: SessionId,
) -> Result<(User, Organization, Role), Error> {
    let (user, organization, role): (UserRow, OrganizationRow, Role) = sessions::table
        .inner_join(memberships::table.on(is_of_member()))
        .inner_join(users::table.on(users::id.eq(memberships::user_id)))
        .inner_join(organizations::table.on(organizations::id.eq(memberships::organization_id)))
        .filter(sessions::id.eq(session.as_uuid()))
        .select((UserRow::as_select(), OrganizationRow::as_select(), memberships::role))
        .first(conn)
        .await?;
    Ok((user.try_into()?, organization.try_into()?, role))
}

/// Deletes at most `limit` expired tokens and the sessions left without one; returns both numbers.
pub(crate) async fn delete_expired(
    conn: &mut AsyncPgConnection,
    now: OffsetDateTime,
    limit: u32,
) -> Result<(usize, usize), Error> {
    let hashes: Vec<Vec<u8>> = refresh_tokens::table
        .filter(refresh_tokens::expires_at.le(now))
        .order(refresh_tokens::expires_at)
        .limit(i64::from(limit))
        .select(refresh_tokens::token_hash)
        .load(conn)
        .await?;
    let of_sessions: Vec<Uuid> =
        diesel::delete(refresh_tokens::table.filter(refresh_tokens::token_hash.eq_any(&hashes)))
            .returning(refresh_tokens::session_id)
            .get_results(conn)
            .await?;
    let has_tokens =
        diesel::dsl::exists(refresh_tokens::table.filter(refresh_tokens::session_id.eq(sessions::id)));
    let sessions = diesel::delete(sessions::table.filter(sessions::id.eq_any(&of_sessions)))
        .filter(diesel::dsl::not(has_tokens))
        .execute(conn)
        .await?;
    Ok((of_sessions.len(), sessions))
}

#[diesel::dsl::auto_type]
fn is_of_member() -> _ {
    memberships::organization_id.eq(sessions::organization_id).and(memberships::user_id.eq(sessions::user_id))
}
