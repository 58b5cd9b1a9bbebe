//! The signed-in user.

mod get;
mod update;

pub use get::get_me;
pub use update::update_me;

use rubis_accounts::{Role, User};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    bodies::{OrganizationBody, UserBody},
    labels,
};

/// The signed-in user and their organization.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MeBody {
    /// The user.
    pub user: UserBody,
    /// Their role in the organization.
    #[schema(value_type = labels::Role)]
    pub role: &'static str,
    /// The user's organization.
    pub organization: OrganizationBody,
}

impl MeBody {
    fn new(user: User, role: Role, organization: OrganizationBody) -> Self {
        Self { user: user.into(), role: role.as_str(), organization }
    }
}
