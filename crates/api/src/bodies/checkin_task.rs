//! A check-in as the organization sees it.

use rubis_checkins::CheckinTask;
use serde::Serialize;
use time::{Date, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::labels;

/// One question put to the organization's user about one invoice: planned, sent, answered or ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckinTaskBody {
    /// Its id.
    pub id: Uuid,
    /// The invoice it asks about.
    pub invoice_id: Uuid,
    /// The due date it asks about.
    pub due_date: Date,
    /// Its status.
    #[schema(value_type = labels::CheckinStatus)]
    pub status: &'static str,
    /// Time at which it is to be sent, or was.
    #[serde(with = "time::serde::rfc3339")]
    pub send_at: OffsetDateTime,
    /// Time at which it was sent.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub sent_at: Option<OffsetDateTime>,
    /// Time until which its links can be used to answer.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub expires_at: Option<OffsetDateTime>,
    /// The answer.
    #[schema(value_type = Option<labels::CheckinAnswer>, required)]
    pub answer: Option<&'static str>,
    /// Time of the answer.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub answered_at: Option<OffsetDateTime>,
    /// The means of the answer: `link`, which a machine may have opened, or `button`.
    #[schema(required)]
    pub answered_by: Option<&'static str>,
    /// Time since which only a button is accepted, because both links were opened within a moment.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub suspect_since: Option<OffsetDateTime>,
    /// Reason why it was cancelled or failed, as a stable code.
    #[schema(required)]
    pub reason: Option<String>,
    /// Time at which it was planned.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

impl From<CheckinTask> for CheckinTaskBody {
    fn from(task: CheckinTask) -> Self {
        Self {
            id: task.id.into(),
            invoice_id: task.invoice_id.into(),
            due_date: task.due_date,
            status: task.status.as_str(),
            send_at: task.send_at,
            sent_at: task.sent_at,
            expires_at: task.expires_at,
            answer: task.answer.map(|answer| answer.as_str()),
            answered_at: task.answered_at,
            answered_by: task.answered_by.map(|by| by.as_str()),
            suspect_since: task.suspect_since,
            reason: task.reason,
            created_at: task.created_at,
        }
    }
}
