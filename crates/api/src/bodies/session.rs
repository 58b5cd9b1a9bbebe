//! The session of a user who signs in.

use rubis_accounts::{Role, User};
use rubis_kernel::SessionId;
use serde::Serialize;
use utoipa::ToSchema;

use super::{OrganizationBody, UserBody};
use crate::{App, access_token, labels, lifetime};

/// A session: its access token and its user. The refresh token is in the cookie.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionBody {
    /// The token to send as `Authorization: Bearer`.
    pub access_token: String,
    /// The lifetime of the access token in seconds.
    pub expires_in: i64,
    /// The user who signed in.
    pub user: UserBody,
    /// Their role in the organization.
    #[schema(value_type = labels::Role)]
    pub role: &'static str,
    /// The user's organization.
    pub organization: OrganizationBody,
}

impl SessionBody {
    /// Returns the body of a session that begins or goes on.
    #[must_use]
    pub fn new(
        app: &App,
        session: SessionId,
        user: User,
        organization: OrganizationBody,
        role: Role,
    ) -> Self {
        let lifetime = lifetime(app.settings.auth.access_token_ttl);
        let expires_at = app.clock.now().saturating_add(lifetime);
        Self {
            access_token: access_token::seal(&app.keys.access, session, expires_at),
            expires_in: lifetime.whole_seconds(),
            user: user.into(),
            role: role.as_str(),
            organization,
        }
    }
}
