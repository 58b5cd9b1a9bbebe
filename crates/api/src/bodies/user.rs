//! A person who signs in.

use rubis_accounts::User;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// A person who signs in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserBody {
    /// Their id.
    pub id: Uuid,
    /// Where they get their mail and what they sign in with.
    pub email: String,
    /// How they are called.
    pub full_name: String,
    /// True if they have proved that they receive the mail of their address.
    pub email_verified: bool,
    /// When they signed up.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        Self {
            email_verified: user.is_verified(),
            id: user.id.into(),
            email: user.email.to_string(),
            full_name: user.full_name,
            created_at: user.created_at,
        }
    }
}
