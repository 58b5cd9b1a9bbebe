//! Actions of a user on one reminder: approve it, send it now, cancel it.

use rubis_accounts::{ActivityKind, NewEvent};
use rubis_db::AsyncPgConnection;
use rubis_invoices::{InvoiceStatus, Reason};
use rubis_jobs::Enqueued;
use rubis_kernel::{OrganizationId, RelanceTaskId, UserId};
use time::OffsetDateTime;

use crate::{
    claim_relance::event_meta,
    jobs::SendRelance,
    locked_task::{LockedTask, lock_task},
    plan_relances::{PlanningTrigger, plan_relances},
    state::Rejected,
    task::RelanceStatus,
    text::TextError,
};

/// Errors of an action on a reminder.
#[derive(Debug, thiserror::Error)]
pub enum RelanceActionError {
    /// The organization has no such reminder.
    #[error("there is no such reminder")]
    NotFound,
    /// It is on its way to the mail server.
    #[error("the reminder is already being sent")]
    AlreadyBeingSent,
    /// It was sent or cancelled.
    #[error("the reminder is {} already", .0.as_str())]
    AlreadyDone(RelanceStatus),
    /// Its invoice is paid, cancelled or disputed.
    #[error("the invoice is {}: it is not reminded", .0.as_str())]
    InvoiceNotChased(InvoiceStatus),
    /// The organization, the client or the invoice is paused.
    #[error("reminders are paused: resume them first")]
    Paused,
    /// The organization's owner has not verified their address.
    #[error("no mail is sent before the owner of the organization has verified their address")]
    SenderNotVerified,
    /// A person has to approve it first.
    #[error("the reminder has to be approved before it leaves")]
    ApprovalRequired,
    /// It was not drafted yet.
    #[error("the reminder is not drafted yet: it is when its date comes")]
    NotDrafted,
    /// It was approved before.
    #[error("the reminder is approved already")]
    AlreadyApproved,
    /// These parts changed since: it was drafted again, and has to be read again.
    #[error("the reminder was drafted again, because this changed: {0}. Read the new text and approve that")]
    DraftOutdated(String),
    /// Its text can't be written.
    #[error("the text of the reminder can't be written: {0}")]
    Text(#[from] TextError),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

impl From<Rejected> for RelanceActionError {
    fn from(rejected: Rejected) -> Self {
        Self::Database(rejected.into())
    }
}

/// Locks the reminder that a person means.
pub(crate) async fn lock_named(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    task: RelanceTaskId,
) -> Result<LockedTask, RelanceActionError> {
    lock_task(conn, organization, task).await?.ok_or(RelanceActionError::NotFound)
}

/// Enqueues the job of a reminder that a user sends. A job that is running may be about to send it.
pub(crate) async fn enqueue_soon(
    conn: &mut AsyncPgConnection,
    job: &SendRelance,
    send_at: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<(), RelanceActionError> {
    match rubis_jobs::enqueue(conn, job, send_at, now).await? {
        Enqueued::Running => Err(RelanceActionError::AlreadyBeingSent),
        Enqueued::Created | Enqueued::Updated => Ok(()),
    }
}

impl LockedTask {
    /// Checks that the reminder may be sent.
    pub fn check_may_leave(&self, now: OffsetDateTime) -> Result<(), RelanceActionError> {
        if self.task.state.may_have_left() {
            return Err(RelanceActionError::AlreadyBeingSent);
        }
        if Reason::not_to_chase(self.invoice.status).is_some() {
            return Err(RelanceActionError::InvoiceNotChased(self.invoice.status));
        }
        if !self.organization.is_sender_verified() {
            return Err(RelanceActionError::SenderNotVerified);
        }
        if self.is_paused(now) {
            return Err(RelanceActionError::Paused);
        }
        Ok(())
    }

    /// Plans the other reminders of the invoice around this one, which a user sends.
    pub async fn plan_others(
        &self,
        conn: &mut AsyncPgConnection,
        now: OffsetDateTime,
    ) -> Result<(), diesel::result::Error> {
        let trigger = PlanningTrigger::RulesChanged;
        plan_relances(conn, &self.organization, &self.invoice, self.client.pause, trigger, now).await
    }

    /// Records the action in the feed.
    pub async fn record(
        &self,
        conn: &mut AsyncPgConnection,
        kind: ActivityKind,
        actor: UserId,
        now: OffsetDateTime,
    ) -> Result<(), diesel::result::Error> {
        let meta = event_meta(self.task.id, &self.invoice, &self.step);
        let event = NewEvent { kind, invoice_id: Some(self.invoice.id), actor: Some(actor), meta };
        rubis_accounts::record(conn, self.organization.id, event, now).await
    }
}
