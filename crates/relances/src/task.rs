//! One planned reminder of one invoice.

use diesel::{deserialize::FromSqlRow, expression::AsExpression};
use rubis_db::schema::sql_types;
use rubis_jobs::JobId;
use rubis_kernel::{InvoiceId, OrganizationId, PlanStepId, RelanceTaskId, UserId};
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};

use crate::{draft::Draft, text::RenderedText};

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
    /// Its id.
    pub id: RelanceTaskId,
    pub organization_id: OrganizationId,
    /// The invoice it reminds of.
    pub invoice_id: InvoiceId,
    /// The step it is.
    pub plan_step_id: PlanStepId,
    /// Planned time of sending.
    pub send_at: OffsetDateTime,
    /// The day that it is meant for, before weekends and public holidays are passed over.
    pub meant_for: Date,
    /// The chain of its invoice that it belongs to.
    pub chain: i32,
    pub status: RelanceStatus,
    /// Time at which a worker began to hand it to the mail server.
    pub sending_since: Option<OffsetDateTime>,
    pub sent_at: Option<OffsetDateTime>,
    /// Reason why it was not sent: a code of [`Reason`], or of a newer release.
    pub reason: Option<String>,
    /// The words of the recipient's mail server, or a code of [`MailFailure`].
    pub reason_detail: Option<String>,
    pub drafted_at: Option<OffsetDateTime>,
    pub approved_at: Option<OffsetDateTime>,
    pub approved_by: Option<UserId>,
    /// The draft that a person reads; not read for lists.
    pub draft: Option<Draft>,
    /// The day on which its recipients were counted.
    pub counted_on: Option<Date>,
    /// Their number on that day.
    pub counted_recipients: u32,
    /// Time at which a user asked to send it now.
    pub hurried_at: Option<OffsetDateTime>,
    /// The subject that was drafted, approved or sent.
    pub subject: Option<String>,
    /// The text that was drafted, approved or sent; not read for lists.
    pub body: Option<String>,
    pub recipient: Option<String>,
    /// Copies that the mail server refused for good, at most 20; the mail was sent to the others.
    pub refused_copies: Vec<String>,
    /// The job that sends it.
    pub queue_job_id: JobId,
    pub created_at: OffsetDateTime,
}

impl RelanceTask {
    /// Returns true if it waits for approval.
    #[must_use]
    pub const fn awaits_approval(&self) -> bool {
        matches!(self.status, RelanceStatus::Scheduled)
            && self.drafted_at.is_some()
            && self.approved_at.is_none()
    }

    /// Returns true if its text is this one.
    #[must_use]
    pub fn reads_as(&self, text: &RenderedText) -> bool {
        self.subject.as_deref() == Some(&*text.subject) && self.body.as_deref() == Some(&*text.body)
    }

    /// Set if a user sent or approved it and it is still to be sent.
    #[must_use]
    pub(crate) const fn is_ordered_by_user(&self) -> bool {
        matches!(self.status, RelanceStatus::Scheduled)
            && (self.hurried_at.is_some() || self.approved_at.is_some())
    }

    /// Set if its text was handed to a mail server, or is being so, though it was not taken yet.
    #[must_use]
    pub(crate) const fn was_claimed(&self) -> bool {
        self.subject.is_some()
    }

    /// Returns true if it can still be cancelled.
    #[must_use]
    pub const fn can_be_cancelled(&self) -> bool {
        matches!(self.status, RelanceStatus::Scheduled) && self.sending_since.is_none()
    }
}
