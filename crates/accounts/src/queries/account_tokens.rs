//! The table `account_tokens`.

use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper, result::Error,
};
use diesel_async::RunQueryDsl;
use rubis_db::{AsyncPgConnection, schema::account_tokens};
use rubis_kernel::{AccountTokenId, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::account_token::{AccountToken, TokenPurpose};

#[derive(Queryable, Selectable)]
#[diesel(table_name = account_tokens, check_for_backend(diesel::pg::Pg))]
struct TokenRow {
    id: Uuid,
    user_id: Uuid,
    purpose: TokenPurpose,
    expires_at: OffsetDateTime,
    used_at: Option<OffsetDateTime>,
}

impl From<TokenRow> for AccountToken {
    fn from(row: TokenRow) -> Self {
        Self {
            id: row.id.into(),
            user_id: row.user_id.into(),
            purpose: row.purpose,
            expires_at: row.expires_at,
            used_at: row.used_at,
        }
    }
}

pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    (id, user, purpose): (AccountTokenId, UserId, TokenPurpose),
    hash: &[u8; 32],
    now: OffsetDateTime,
    expires_at: OffsetDateTime,
) -> Result<(), Error> {
    diesel::insert_into(account_tokens::table)
        .values((
            account_tokens::id.eq(id.as_uuid()),
            account_tokens::user_id.eq(user.as_uuid()),
            account_tokens::purpose.eq(purpose),
            account_tokens::token_hash.eq(hash.as_slice()),
            account_tokens::created_at.eq(now),
            account_tokens::expires_at.eq(expires_at),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn find(
    mut conn: &AsyncPgConnection,
    id: AccountTokenId,
) -> Result<Option<AccountToken>, Error> {
    account_tokens::table
        .find(id.as_uuid())
        .select(TokenRow::as_select())
        .first(&mut conn)
        .await
        .optional()
        .map(|row| row.map(AccountToken::from))
}

pub(crate) async fn find_by_hash(
    conn: &mut AsyncPgConnection,
    purpose: TokenPurpose,
    hash: &[u8; 32],
) -> Result<Option<AccountToken>, Error> {
    account_tokens::table
        .filter(account_tokens::token_hash.eq(hash.as_slice()))
        .filter(account_tokens::purpose.eq(purpose))
        .select(TokenRow::as_select())
        .first(conn)
        .await
        .optional()
        .map(|row| row.map(AccountToken::from))
}

/// Marks every unused token of a user and purpose as used.
pub(crate) async fn end_all(
    conn: &mut AsyncPgConnection,
    user: UserId,
    purpose: TokenPurpose,
    now: OffsetDateTime,
) -> Result<(), Error> {
    diesel::update(account_tokens::table)
        .filter(account_tokens::user_id.eq(user.as_uuid()))
        .filter(account_tokens::purpose.eq(purpose))
        .filter(account_tokens::used_at.is_null())
        .set(account_tokens::used_at.eq(now))
        .execute(conn)
        .await
        .map(drop)
}

/// Returns the ids of a user's tokens of a purpose that are not purged yet.
pub(crate) async fn ids_of_user(
    conn: &mut AsyncPgConnection,
    user: UserId,
    purpose: TokenPurpose,
) -> Result<Vec<AccountTokenId>, Error> {
    let ids: Vec<Uuid> = account_tokens::table
        .filter(account_tokens::user_id.eq(user.as_uuid()))
        .filter(account_tokens::purpose.eq(purpose))
        .order(account_tokens::id)
        .select(account_tokens::id)
        .load(conn)
        .await?;
    Ok(ids.into_iter().map(AccountTokenId::from).collect())
}

/// Deletes at most `limit` tokens that expired before an instant; returns their number.
pub(crate) async fn delete_expired(
    conn: &mut AsyncPgConnection,
    before: OffsetDateTime,
    limit: u32,
) -> Result<usize, Error> {
    let ids: Vec<Uuid> = account_tokens::table
        .filter(account_tokens::expires_at.lt(before))
        .order(account_tokens::expires_at)
        .limit(i64::from(limit))
        .select(account_tokens::id)
        .load(conn)
        .await?;
    diesel::delete(account_tokens::table.filter(account_tokens::id.eq_any(ids))).execute(conn).await
}
