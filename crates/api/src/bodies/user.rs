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
    /// Their mail address, which they also sign in with.
    pub email: String,
    /// Their full name.
    pub full_name: String,
    /// True if they have verified their mail address.
    pub email_verified: bool,
    /// Time at which they signed up.
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
