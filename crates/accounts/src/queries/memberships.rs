//! The table `memberships`.

use diesel::{
    ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper,
    result::Error,
};
use diesel_async::RunQueryDsl;
use rubis_db::{
    AsyncPgConnection,
    schema::{memberships, organizations, users},
};
use rubis_kernel::{MembershipId, OrganizationId, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::users::UserRow;
use crate::{Member, Membership, Role, User};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = memberships, check_for_backend(diesel::pg::Pg))]
pub(crate) struct MembershipRow {
    id: Uuid,
    organization_id: Uuid,
    user_id: Uuid,
    role: Role,
    created_at: OffsetDateTime,
}

impl From<MembershipRow> for Membership {
    fn from(row: MembershipRow) -> Self {
        Self {
            id: row.id.into(),
            organization_id: row.organization_id.into(),
            user_id: row.user_id.into(),
            role: row.role,
            created_at: row.created_at,
        }
    }
}

impl From<&Membership> for MembershipRow {
    fn from(membership: &Membership) -> Self {
        Self {
            id: membership.id.into(),
            organization_id: membership.organization_id.into(),
            user_id: membership.user_id.into(),
            role: membership.role,
            created_at: membership.created_at,
        }
    }
}

pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    membership: &Membership,
) -> Result<Membership, Error> {
    diesel::insert_into(memberships::table)
        .values(MembershipRow::from(membership))
        .returning(MembershipRow::as_returning())
        .get_result(conn)
        .await
        .map(Into::into)
}

/// Returns one row more than `limit`.
pub(crate) async fn of_organization(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    after: Option<MembershipId>,
    limit: u32,
) -> Result<Vec<Member>, Error> {
    let mut query = memberships::table
        .inner_join(users::table)
        .filter(memberships::organization_id.eq(organization.as_uuid()))
        .order(memberships::id)
        .limit(i64::from(limit) + 1)
        .select((MembershipRow::as_select(), UserRow::as_select()))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(memberships::id.gt(after.as_uuid()));
    }
    query
        .load::<(MembershipRow, UserRow)>(conn)
        .await?
        .into_iter()
        .map(|(membership, user)| Ok(Member { membership: membership.into(), user: user.try_into()? }))
        .collect()
}

pub(crate) async fn first_owner(
    mut conn: &AsyncPgConnection,
    organization: OrganizationId,
) -> Result<Option<User>, Error> {
    memberships::table
        .inner_join(users::table)
        .filter(memberships::organization_id.eq(organization.as_uuid()))
        .filter(memberships::role.eq(Role::Owner))
        .order(memberships::id)
        .select(UserRow::as_select())
        .first(&mut conn)
        .await
        .optional()?
        .map(TryInto::try_into)
        .transpose()
}

/// Returns the names of the organizations that a user is a member of.
pub(crate) async fn organization_names(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> Result<Vec<String>, Error> {
    memberships::table
        .inner_join(organizations::table)
        .filter(memberships::user_id.eq(user.as_uuid()))
        .select(organizations::name)
        .load(conn)
        .await
}
