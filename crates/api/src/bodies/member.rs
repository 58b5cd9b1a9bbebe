//! A member of the organization.

use rubis_accounts::Member;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::UserBody;
use crate::labels;

/// A member of the organization.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberBody {
    /// The membership's id.
    pub id: Uuid,
    /// Their role.
    #[schema(value_type = labels::Role)]
    pub role: &'static str,
    /// The person.
    pub user: UserBody,
    /// Time at which they joined.
    #[serde(with = "time::serde::rfc3339")]
    pub joined_at: OffsetDateTime,
}

impl From<Member> for MemberBody {
    fn from(member: Member) -> Self {
        Self {
            id: member.membership.id.into(),
            role: member.membership.role.as_str(),
            user: member.user.into(),
            joined_at: member.membership.created_at,
        }
    }
}
