//! A reminder of an invoice.

use rubis_relances::{Approval, ListedRelance, RelanceDetail, RelanceTask, RenderedText};
use serde::Serialize;
use time::{Date, OffsetDateTime};
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
    /// The text that was drafted, approved or sent. While it waits for its approval it has the figures of today.
    #[schema(required)]
    pub body: Option<String>,
    /// The figures that the text of a drafted reminder has today, and the fields that it lacks; `null` if
    /// it is not drafted, or is not to be sent any more.
    #[schema(required)]
    pub approval: Option<ApprovalBody>,
    /// The text that was approved. The text that is sent differs in the figures that follow from the day.
    #[schema(required)]
    pub approved_text: Option<ApprovedTextBody>,
}

/// The figures of a drafted reminder, for the person who approves it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalBody {
    /// The day of the figures. They are computed again on the day of sending.
    pub as_of: Date,
    /// Amount left to pay, in the smallest unit of the invoice's currency.
    pub balance_cents: i64,
    /// The days since the due date.
    pub days_late: i64,
    /// The yearly rate of penalties in hundredths of a percent; `null` for a person, or if the organization has none.
    #[schema(required)]
    pub late_penalty_basis_points: Option<u16>,
    /// The penalties so far.
    #[schema(required)]
    pub penalties_cents: Option<i64>,
    /// The last day on which the reminder lets the client pay.
    pub deadline: Date,
    /// The fields that the text names and that are not known: `organization.address`, `organization.siren`,
    /// `organization.latePenaltyBasisPoints`, `client.address`, `client.siren`. Their lines are left out.
    pub missing: Vec<&'static str>,
    /// `registered_letter`: only a registered letter proves that the client received the notice; a mail does not.
    pub receipt_proven_by: &'static str,
}

/// The text of a reminder that a person approved.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApprovedTextBody {
    /// The subject.
    pub subject: String,
    /// The text.
    pub body: String,
}

impl From<Approval> for ApprovalBody {
    fn from(approval: Approval) -> Self {
        Self {
            as_of: approval.as_of,
            balance_cents: approval.balance.cents,
            days_late: approval.days_late,
            late_penalty_basis_points: approval.penalty_basis_points,
            penalties_cents: approval.penalties.map(|penalties| penalties.cents),
            deadline: approval.deadline,
            missing: approval.missing,
            receipt_proven_by: "registered_letter",
        }
    }
}

impl From<RelanceDetail> for RelanceBody {
    fn from(detail: RelanceDetail) -> Self {
        let mut body = Self::from(detail.task);
        body.approval = detail.approval.map(ApprovalBody::from);
        body.approved_text = detail.approved_text.map(ApprovedTextBody::from);
        body
    }
}

impl From<RenderedText> for ApprovedTextBody {
    fn from(text: RenderedText) -> Self {
        Self { subject: text.subject, body: text.body }
    }
}

/// A reminder in a list: all but its text, which `GET /relances/{relanceId}` returns.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedRelanceBody {
    /// Its id.
    pub id: Uuid,
    /// The invoice it reminds of.
    pub invoice_id: Uuid,
    /// The step of the plan that it follows.
    pub plan_step_id: Uuid,
    /// Its status.
    #[schema(value_type = labels::RelanceStatus)]
    pub status: &'static str,
    /// Time at which it is to be sent, or was.
    #[serde(with = "time::serde::rfc3339")]
    pub send_at: OffsetDateTime,
    /// Time at which it was sent.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub sent_at: Option<OffsetDateTime>,
    /// True if its text waits for a person's approval.
    pub awaits_approval: bool,
    /// True if a worker is handing it to the mail server at this moment.
    pub is_being_sent: bool,
    /// Reason why it was not sent, as a stable code. `facts_changed`: what it states changed since it was
    /// drafted or approved, so that a person has to approve it again; `reasonDetail` lists what
    /// (`amount`, `due_date`, `invoice`, `recipient`, `client`, `organization`, `text`).
    #[schema(required)]
    pub reason: Option<String>,
    /// The words of the recipient's mail server, or a stable code if it said nothing: `mail_refused`,
    /// `mail_deferred`, `mail_server_unreachable`, `mail_server_unavailable`, `mail_invalid`, `subject_too_long`,
    /// `text_too_long`, `subject_empty`, `text_empty`, `internal_error`.
    #[schema(required)]
    pub reason_detail: Option<String>,
    /// Time at which its text was drafted for approval.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub drafted_at: Option<OffsetDateTime>,
    /// Time at which it was approved.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub approved_at: Option<OffsetDateTime>,
    /// The user who approved it.
    #[schema(required)]
    pub approved_by: Option<Uuid>,
    /// The subject that was drafted, approved or sent.
    #[schema(required)]
    pub subject: Option<String>,
    /// The address that it was sent to.
    #[schema(required)]
    pub recipient: Option<String>,
    /// Copies that the mail server refused permanently; the mail was sent to the others.
    pub refused_copies: Vec<String>,
    /// Time at which it was planned.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

impl From<RelanceTask> for RelanceBody {
    fn from(task: RelanceTask) -> Self {
        let body = task.text().map(|text| text.body.clone());
        let approved = task.draft().and_then(|draft| draft.approved.clone());
        let approved_text = approved.map(ApprovedTextBody::from);
        Self { listed: task.listed().into(), body, approval: None, approved_text }
    }
}

impl From<ListedRelance> for ListedRelanceBody {
    fn from(task: ListedRelance) -> Self {
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
            refused_copies: task.refused_copies,
            created_at: task.created_at,
        }
    }
}
