//! A reminder of an invoice.

use rubis_relances::RelanceTask;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::labels;

/// One reminder of one invoice, planned, sent, cancelled or failed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RelanceBody {
    /// All but its text.
    #[serde(flatten)]
    pub listed: ListedRelanceBody,
    /// The text that was drafted, approved or sent.
    #[schema(required)]
    pub body: Option<String>,
}

/// A reminder in a list: all but its text, which `GET /relances/{relanceId}` returns.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedRelanceBody {
    /// Its id.
    pub id: Uuid,
    /// The invoice it reminds of.
    pub invoice_id: Uuid,
    /// The plan's step that it is.
    pub plan_step_id: Uuid,
    /// Where it stands.
    #[schema(value_type = labels::RelanceStatus)]
    pub status: &'static str,
    /// When it is to leave, or was.
    #[serde(with = "time::serde::rfc3339")]
    pub send_at: OffsetDateTime,
    /// When it left.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub sent_at: Option<OffsetDateTime>,
    /// Whether its text waits for a person's approval.
    pub awaits_approval: bool,
    /// Whether a worker is handing it to the mail server at this moment.
    pub is_being_sent: bool,
    /// Why it did not leave, as a stable code.
    #[schema(required)]
    pub reason: Option<String>,
    /// The words of the recipient's mail server, or a stable code if it said nothing: `mail_refused`,
    /// `mail_deferred`, `mail_server_unreachable`, `mail_invalid`, `subject_too_long`, `text_too_long`,
    /// `internal_error`.
    #[schema(required)]
    pub reason_detail: Option<String>,
    /// When its text was put before a person.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub drafted_at: Option<OffsetDateTime>,
    /// When that person approved it.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub approved_at: Option<OffsetDateTime>,
    /// Who approved it.
    #[schema(required)]
    pub approved_by: Option<Uuid>,
    /// The subject that was drafted, approved or sent.
    #[schema(required)]
    pub subject: Option<String>,
    /// Whom it was sent to.
    #[schema(required)]
    pub recipient: Option<String>,
    /// When it was planned.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

impl From<RelanceTask> for RelanceBody {
    fn from(mut task: RelanceTask) -> Self {
        let body = task.body.take();
        Self { listed: task.into(), body }
    }
}

impl From<RelanceTask> for ListedRelanceBody {
    fn from(task: RelanceTask) -> Self {
        Self {
            id: task.id.into(),
            invoice_id: task.invoice_id.into(),
            plan_step_id: task.plan_step_id.into(),
            status: task.status.as_str(),
            send_at: task.send_at,
            sent_at: task.sent_at,
            awaits_approval: task.awaits_approval(),
            is_being_sent: task.sending_since.is_some(),
            reason: task.reason,
            reason_detail: task.reason_detail,
            drafted_at: task.drafted_at,
            approved_at: task.approved_at,
            approved_by: task.approved_by.map(Uuid::from),
            subject: task.subject,
            recipient: task.recipient,
            created_at: task.created_at,
        }
    }
}
