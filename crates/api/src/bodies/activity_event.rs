//! Events of the organization's activity.

use rubis_accounts::ActivityEvent;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// An event of the organization's activity.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivityEventBody {
    /// Its id.
    pub id: Uuid,
    /// The kind of event: `invoice_created`, `relance_sent`, `invoice_paid`, …
    pub kind: String,
    /// The invoice it is about.
    #[schema(required)]
    pub invoice_id: Option<Uuid>,
    /// The user who did it; `null` when Rubis did.
    #[schema(required)]
    pub actor_user_id: Option<Uuid>,
    /// Further facts by name: `numero`, `clientId`, `label`, `planStepOrder`, …
    #[schema(value_type = Object)]
    pub meta: serde_json::Value,
    /// Time at which it happened.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

impl From<ActivityEvent> for ActivityEventBody {
    fn from(event: ActivityEvent) -> Self {
        Self {
            id: event.id.into(),
            kind: event.kind,
            invoice_id: event.invoice_id.map(Uuid::from),
            actor_user_id: event.actor.map(Uuid::from),
            meta: event.meta,
            created_at: event.created_at,
        }
    }
}
