//! One planned reminder of one invoice.

use diesel::{deserialize::FromSqlRow, expression::AsExpression};
use rubis_db::schema::sql_types;
use rubis_jobs::{Job as _, JobId};
use rubis_kernel::{InvoiceId, OrganizationId, PlanStepId, RelanceTaskId, UserId};
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};

use crate::{
    draft::Draft,
    jobs::SendRelance,
    state::{Note, Rejected, RelanceEvent, RelanceState},
    text::RenderedText,
};

/// State of a reminder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::RelanceStatus)]
#[serde(rename_all = "snake_case")]
pub enum RelanceStatus {
    /// It is to leave.
    Scheduled,
    /// It left.
    Sent,
    /// It will not leave: see its reason.
    Cancelled,
    /// It could not be delivered: see its reason.
    Failed,
}

rubis_db::pg_enum!(RelanceStatus, sql_types::RelanceStatus {
    Scheduled => "scheduled",
    Sent => "sent",
    Cancelled => "cancelled",
    Failed => "failed",
});

/// One planned reminder of one invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelanceTask {
    pub id: RelanceTaskId,
    pub organization_id: OrganizationId,
    pub invoice_id: InvoiceId,
    pub plan_step_id: PlanStepId,
    /// Planned time of sending.
    pub send_at: OffsetDateTime,
    /// The day that it is meant for, before weekends and public holidays are passed over.
    pub meant_for: Date,
    /// The chain of its invoice that it belongs to.
    pub chain: i32,
    pub state: RelanceState,
    /// The day on which its recipients were counted, and their number.
    pub counted: Option<(Date, u32)>,
    /// Time at which a user asked to send it now.
    pub hurried_at: Option<OffsetDateTime>,
    pub created_at: OffsetDateTime,
}

impl RelanceTask {
    /// The reminder after an event; saving it is up to the caller.
    ///
    /// # Errors
    /// [`Rejected`] if the event is not possible in its state.
    pub fn after(&self, event: RelanceEvent) -> Result<Self, Rejected> {
        Ok(Self { state: self.state.clone().apply(event)?, ..self.clone() })
    }

    /// The job that sends it.
    #[must_use]
    pub fn job(&self) -> SendRelance {
        SendRelance { organization_id: self.organization_id, task_id: self.id }
    }

    #[must_use]
    pub fn queue_job_id(&self) -> JobId {
        self.job().id()
    }

    #[must_use]
    pub const fn status(&self) -> RelanceStatus {
        self.state.status()
    }

    /// Time at which a worker began the attempt whose outcome is not recorded.
    #[must_use]
    pub const fn sending_since(&self) -> Option<OffsetDateTime> {
        if let RelanceState::Sending { since, .. } = &self.state { Some(*since) } else { None }
    }

    #[must_use]
    pub const fn sent_at(&self) -> Option<OffsetDateTime> {
        if let RelanceState::Sent { at, .. } = &self.state { Some(*at) } else { None }
    }

    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.state.note().map(|note| note.code.as_str())
    }

    /// The text that was drafted, approved or handed to the mail server last.
    #[must_use]
    pub fn text(&self) -> Option<&RenderedText> {
        self.state.mail().map(|mail| &mail.text)
    }

    /// The draft that a person reads.
    #[must_use]
    pub fn draft(&self) -> Option<&Draft> {
        self.state.drafted().and_then(|drafted| drafted.draft.as_ref())
    }

    #[must_use]
    pub const fn is_drafted(&self) -> bool {
        self.state.drafted().is_some()
    }

    #[must_use]
    pub const fn is_approved(&self) -> bool {
        self.state.approved().is_some()
    }

    /// Returns true if it waits for approval.
    #[must_use]
    pub const fn awaits_approval(&self) -> bool {
        matches!(self.state, RelanceState::Drafted { .. })
    }

    /// Returns true if it can still be cancelled.
    #[must_use]
    pub const fn can_be_cancelled(&self) -> bool {
        self.state.is_waiting()
    }

    /// Returns true if a user sent or approved it and it is still to be sent.
    #[must_use]
    pub(crate) const fn is_ordered_by_user(&self) -> bool {
        matches!(self.status(), RelanceStatus::Scheduled) && (self.hurried_at.is_some() || self.is_approved())
    }

    /// Returns true if it has a text, which an attempt may have handed to a mail server.
    #[must_use]
    pub(crate) const fn was_claimed(&self) -> bool {
        self.state.mail().is_some()
    }

    /// The reminder as lists show it.
    #[must_use]
    pub fn listed(&self) -> ListedRelance {
        let (note, mail, approved) = (self.state.note(), self.state.mail(), self.state.approved());
        ListedRelance {
            id: self.id,
            organization_id: self.organization_id,
            invoice_id: self.invoice_id,
            plan_step_id: self.plan_step_id,
            send_at: self.send_at,
            meant_for: self.meant_for,
            chain: self.chain,
            status: self.status(),
            sending_since: self.sending_since(),
            sent_at: self.sent_at(),
            reason: note.map(|note| note.code.clone()),
            reason_detail: note.and_then(|Note { detail, .. }| detail.clone()),
            drafted_at: self.state.drafted().map(|drafted| drafted.at),
            approved_at: approved.map(|approved| approved.at),
            approved_by: approved.map(|approved| approved.by),
            hurried_at: self.hurried_at,
            subject: mail.map(|mail| mail.text.subject.clone()),
            recipient: mail.and_then(|mail| mail.recipient.clone()),
            refused_copies: match &self.state {
                RelanceState::Sent { refused_copies, .. } => refused_copies.clone(),
                _ => Vec::new(),
            },
            created_at: self.created_at,
        }
    }
}

/// A reminder as lists show it: without its text and its draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRelance {
    pub id: RelanceTaskId,
    pub organization_id: OrganizationId,
    pub invoice_id: InvoiceId,
    pub plan_step_id: PlanStepId,
    /// Planned time of sending.
    pub send_at: OffsetDateTime,
    /// The day that it is meant for, before weekends and public holidays are passed over.
    pub meant_for: Date,
    /// The chain of its invoice that it belongs to.
    pub chain: i32,
    pub status: RelanceStatus,
    /// Time at which a worker began the attempt whose outcome is not recorded.
    pub sending_since: Option<OffsetDateTime>,
    pub sent_at: Option<OffsetDateTime>,
    /// Reason why it was not sent: a code of [`rubis_invoices::Reason`], or of a newer release.
    pub reason: Option<String>,
    /// The words of the recipient's mail server, or a code of [`rubis_kernel::MailFailure`].
    pub reason_detail: Option<String>,
    pub drafted_at: Option<OffsetDateTime>,
    pub approved_at: Option<OffsetDateTime>,
    pub approved_by: Option<UserId>,
    /// Time at which a user asked to send it now.
    pub hurried_at: Option<OffsetDateTime>,
    /// The subject that was drafted, approved or sent.
    pub subject: Option<String>,
    pub recipient: Option<String>,
    /// Copies that the mail server refused for good; the mail was sent to the others.
    pub refused_copies: Vec<String>,
    pub created_at: OffsetDateTime,
}

impl ListedRelance {
    /// Returns true if it waits for approval.
    #[must_use]
    pub const fn awaits_approval(&self) -> bool {
        self.can_be_cancelled() && self.drafted_at.is_some() && self.approved_at.is_none()
    }

    /// Returns true if it can still be cancelled.
    #[must_use]
    pub const fn can_be_cancelled(&self) -> bool {
        matches!(self.status, RelanceStatus::Scheduled) && self.sending_since.is_none()
    }

    /// The job that sends it.
    #[must_use]
    pub fn queue_job_id(&self) -> JobId {
        SendRelance { organization_id: self.organization_id, task_id: self.id }.id()
    }
}
