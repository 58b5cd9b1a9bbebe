//! A session, as its user sees it.

use rubis_accounts::OwnSession;
use rubis_kernel::SessionId;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// A session, as its user sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnSessionBody {
    /// Its id.
    pub id: Uuid,
    /// True if this request was made in it.
    pub current: bool,
    /// Time at which the user signed in.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// Time of the last refresh.
    #[serde(with = "time::serde::rfc3339")]
    pub last_used_at: OffsetDateTime,
    /// Time at which it ends unless it is refreshed.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    /// User agent of the browser at the last refresh.
    #[schema(required)]
    pub user_agent: Option<String>,
    /// The network of the last refresh: the address without its last part.
    #[schema(required)]
    pub network: Option<String>,
}

impl From<(OwnSession, SessionId)> for OwnSessionBody {
    /// Converts a session; the second value is the id of the request's own session.
    fn from((session, current): (OwnSession, SessionId)) -> Self {
        Self {
            id: session.id.into(),
            current: session.id == current,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
            user_agent: session.user_agent,
            network: session.network,
        }
    }
}
