//! Membership of a person in an organization.

use diesel::{deserialize::FromSqlRow, expression::AsExpression};
use rubis_db::{AsyncPgConnection, pg_enum, schema::sql_types};
use rubis_kernel::{MembershipId, OrganizationId, UserId};
use time::OffsetDateTime;

use crate::{Page, User, queries};

/// Permissions of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::MemberRole)]
pub enum Role {
    /// Founder of the organization; may do everything.
    Owner,
    /// Everything except removing the organization from its owner.
    Admin,
    /// Daily work: clients, invoices, plans and reminders.
    Member,
}

pg_enum!(Role, sql_types::MemberRole {
    Owner => "owner",
    Admin => "admin",
    Member => "member",
});

impl Role {
    /// Reports whether the role may change the organization's settings and members.
    #[must_use]
    pub const fn may_manage_organization(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }
}

/// Membership of a person in an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub id: MembershipId,
    pub organization_id: OrganizationId,
    pub user_id: UserId,
    pub role: Role,
    pub created_at: OffsetDateTime,
}

/// A member together with their user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub membership: Membership,
    pub user: User,
}

/// Returns a page of an organization's members, those who joined first at the front.
pub async fn members(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    after: Option<MembershipId>,
    limit: u32,
) -> Result<Page<Member>, diesel::result::Error> {
    let rows = queries::memberships::of_organization(conn, organization, after, limit).await?;
    Ok(Page::from_one_more(rows, limit))
}

/// Returns the organization's first owner, who receives the replies to its mails.
pub async fn owner_of(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
) -> Result<Option<User>, diesel::result::Error> {
    queries::memberships::first_owner(conn, organization).await
}

#[cfg(test)]
mod tests {
    use super::Role;

    #[test]
    fn owners_and_admins_manage_the_organization_and_members_do_not() {
        let managing: Vec<&str> = Role::ALL
            .iter()
            .filter(|role| role.may_manage_organization())
            .map(|role| role.as_str())
            .collect();
        assert_eq!(managing, ["owner", "admin"]);
    }
}
