//! The tables `sessions` and `refresh_tokens`, for the user who owns the sessions: a person who may be a member of
//! several organizations.

use diesel::{BoolExpressionMethods, ExpressionMethods, JoinOnDsl, QueryDsl, Queryable, result::Error};
use diesel_async::RunQueryDsl;
use rubis_db::{
    AsyncPgConnection,
    schema::{memberships, refresh_tokens, sessions},
};
use rubis_kernel::{SessionId, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::OwnSession;

#[derive(Queryable)]
struct Row {
    id: Uuid,
    created_at: OffsetDateTime,
    last_used_at: Option<OffsetDateTime>,
    user_agent: Option<String>,
    network: Option<String>,
    expires_at: OffsetDateTime,
}

impl From<Row> for OwnSession {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.into(),
            created_at: row.created_at,
            last_used_at: row.last_used_at.unwrap_or(row.created_at),
            expires_at: row.expires_at,
            user_agent: row.user_agent,
            network: row.network,
        }
    }
}

/// Returns one row more than `limit`. A valid session has exactly one token that is neither spent nor expired.
pub(crate) async fn living(
    conn: &mut AsyncPgConnection,
    user: UserId,
    after: Option<SessionId>,
    limit: u32,
    now: OffsetDateTime,
    begun_after: OffsetDateTime,
) -> Result<Vec<OwnSession>, Error> {
    // Goes through the memberships, whose pair of ids is the start of the index of the sessions.
    let mut query = memberships::table
        .inner_join(
            sessions::table.on(sessions::organization_id
                .eq(memberships::organization_id)
                .and(sessions::user_id.eq(memberships::user_id))),
        )
        .inner_join(refresh_tokens::table.on(refresh_tokens::session_id.eq(sessions::id)))
        .filter(memberships::user_id.eq(user.as_uuid()))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::created_at.gt(begun_after))
        .filter(refresh_tokens::spent_at.is_null())
        .filter(refresh_tokens::expires_at.gt(now))
        .order(sessions::id.desc())
        .limit(i64::from(limit) + 1)
        .select((
            sessions::id,
            sessions::created_at,
            sessions::last_used_at,
            sessions::user_agent,
            sessions::network,
            refresh_tokens::expires_at,
        ))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(sessions::id.lt(after.as_uuid()));
    }
    let rows: Vec<Row> = query.load(conn).await?;
    Ok(rows.into_iter().map(OwnSession::from).collect())
}

pub(crate) async fn exists(
    conn: &mut AsyncPgConnection,
    user: UserId,
    session: SessionId,
) -> Result<bool, Error> {
    let session = sessions::table.find(session.as_uuid()).filter(sessions::user_id.eq(user.as_uuid()));
    diesel::select(diesel::dsl::exists(session)).get_result(conn).await
}

/// Ends all sessions of a user except one; returns their number.
pub(crate) async fn end_all_but(
    conn: &mut AsyncPgConnection,
    user: UserId,
    kept: Option<SessionId>,
    now: OffsetDateTime,
) -> Result<usize, Error> {
    let organizations = memberships::table
        .filter(memberships::user_id.eq(user.as_uuid()))
        .select(memberships::organization_id);
    let kept = kept.map_or_else(Uuid::nil, |kept| kept.as_uuid());
    diesel::update(sessions::table)
        .filter(sessions::organization_id.eq_any(organizations))
        .filter(sessions::user_id.eq(user.as_uuid()))
        .filter(sessions::id.ne(kept))
        .filter(sessions::revoked_at.is_null())
        .set(sessions::revoked_at.eq(now))
        .execute(conn)
        .await
}
