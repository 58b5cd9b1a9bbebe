//! A person's place in an organization.

use diesel::{deserialize::FromSqlRow, expression::AsExpression};
use rubis_db::{AsyncPgConnection, pg_enum, schema::sql_types};
use rubis_kernel::{MembershipId, OrganizationId, UserId};
use time::OffsetDateTime;

use crate::{Page, User, queries};

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::MemberRole)]
pub enum Role {
    /// Founded the organization; everything.
    Owner,
    /// Everything but taking the organization from its owner.
    Admin,
    /// The daily work: clients, invoices, plans and reminders.
    Member,
}

pg_enum!(Role, sql_types::MemberRole {
    Owner => "owner",
    Admin => "admin",
    Member => "member",
});

impl Role {
    /// Whether they may change the organization's settings and members.
    #[must_use]
    pub const fn may_manage_organization(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }
}

/// A person's place in an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Its id.
    pub id: MembershipId,
    /// Where.
    pub organization_id: OrganizationId,
    /// Who.
    pub user_id: UserId,
    /// As what.
    pub role: Role,
    /// Since when.
    pub created_at: OffsetDateTime,
}

/// A member with the person they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Their place.
    pub membership: Membership,
    /// The person.
    pub user: User,
}

/// A page of an organization's members, those who joined first at the front.
///
/// # Errors
/// The database's.
pub async fn members(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    after: Option<MembershipId>,
    limit: u32,
) -> Result<Page<Member>, diesel::result::Error> {
    let rows = queries::memberships::of_organization(conn, organization, after, limit).await?;
    Ok(Page::from_one_more(rows, limit))
}

/// The organization's first owner: who its mails are answered to.
///
/// # Errors
/// The database's.
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
