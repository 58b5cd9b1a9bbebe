//! What somebody who signs in gets.

use rubis_accounts::{Role, User};
use rubis_kernel::SessionId;
use serde::Serialize;
use utoipa::ToSchema;

use super::{OrganizationBody, UserBody};
use crate::{App, access_token, labels, lifetime};

/// A session: its access token, and whose it is. The refresh token is in the cookie.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionBody {
    /// What to send as `Authorization: Bearer`.
    pub access_token: String,
    /// For how many seconds it is taken.
    pub expires_in: i64,
    /// Who signed in.
    pub user: UserBody,
    /// What they may do in the organization.
    #[schema(value_type = labels::Role)]
    pub role: &'static str,
    /// Where they work.
    pub organization: OrganizationBody,
}

impl SessionBody {
    /// The body of a session that begins or goes on.
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
