//! The question put to the user about one invoice.

use std::str::FromStr;

use diesel::{deserialize::FromSqlRow, expression::AsExpression};
use rubis_db::schema::sql_types;
use rubis_invoices::InvoiceStatus;
use rubis_jobs::JobId;
use rubis_kernel::{CheckinMailId, CheckinTaskId, InvoiceId, MailFailure, OrganizationId, PaymentId};
use serde::{Deserialize, Serialize};
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

use crate::jobs::{ExpireCheckin, GatherCheckins, job_id};

/// A mail that is sent within this time of its date is sent as planned: longer than it waits for others.
const PUNCTUAL: Duration = Duration::minutes(15);

/// Where a check-in stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::CheckinStatus)]
#[serde(rename_all = "snake_case")]
pub enum CheckinStatus {
    /// It is to be mailed.
    Scheduled,
    /// It was mailed, and its links wait for an answer.
    Sent,
    /// The user answered.
    Answered,
    /// Its links ended without an answer.
    Expired,
    /// It was called off: see its reason.
    Cancelled,
    /// It could not be mailed: see its reason.
    Failed,
}

rubis_db::pg_enum!(CheckinStatus, sql_types::CheckinStatus {
    Scheduled => "scheduled",
    Sent => "sent",
    Answered => "answered",
    Expired => "expired",
    Cancelled => "cancelled",
    Failed => "failed",
});

/// What the user answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::CheckinAnswer)]
#[serde(rename_all = "snake_case")]
pub enum CheckinAnswer {
    /// The invoice was paid.
    Paid,
    /// It was not.
    StillPending,
}

rubis_db::pg_enum!(CheckinAnswer, sql_types::CheckinAnswer {
    Paid => "paid",
    StillPending => "still_pending",
});

/// No answer is called so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no answer: paid or still_pending is")]
pub struct UnknownAnswer(pub String);

impl FromStr for CheckinAnswer {
    type Err = UnknownAnswer;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.iter().copied().find(|answer| answer.as_str() == text);
        known.ok_or_else(|| UnknownAnswer(text.to_owned()))
    }
}

/// How the user answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::CheckinAnsweredBy)]
#[serde(rename_all = "snake_case")]
pub enum CheckinAnsweredBy {
    /// A link of the mail was opened, which a machine may have done.
    Link,
    /// A button was pressed, which a person did.
    Button,
}

rubis_db::pg_enum!(CheckinAnsweredBy, sql_types::CheckinAnsweredBy {
    Link => "link",
    Button => "button",
});

/// Why a check-in was called off or not mailed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The invoice was settled in full.
    InvoicePaid,
    /// Credit notes waived all of the invoice.
    InvoiceCredited,
    /// The invoice was cancelled.
    InvoiceCancelled,
    /// The invoice is disputed.
    InvoiceDisputed,
    /// The organization is not to be asked any more.
    CheckinsOff,
    /// The invoice was planned again: another due date, another sending time.
    Replanned,
    /// The user asked for fresh links.
    Renewed,
    /// The recipient's mail server refused it for good.
    Rejected,
    /// It failed at every attempt.
    AttemptsExhausted,
    /// The mail server was not available for a day.
    MailServerUnavailable,
    /// Its text is longer than a mail may be.
    TooLong,
    /// Operations dropped its job.
    DroppedByOperations,
}

impl Reason {
    /// The reason why a mail was given up after this failure.
    #[must_use]
    pub const fn of(failure: &MailFailure) -> Self {
        match failure {
            MailFailure::Refused(_) | MailFailure::Invalid | MailFailure::Empty(_) => Self::Rejected,
            MailFailure::TooLong(_) => Self::TooLong,
            MailFailure::Unavailable => Self::MailServerUnavailable,
            MailFailure::Deferred(_) | MailFailure::Unreachable | MailFailure::Internal => {
                Self::AttemptsExhausted
            }
        }
    }

    /// The stable code that the database and the API know the reason by.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvoicePaid => "invoice_paid",
            Self::InvoiceCredited => "invoice_credited",
            Self::InvoiceCancelled => "invoice_cancelled",
            Self::InvoiceDisputed => "invoice_disputed",
            Self::CheckinsOff => "checkins_off",
            Self::Replanned => "replanned",
            Self::Renewed => "renewed",
            Self::Rejected => "rejected",
            Self::AttemptsExhausted => "attempts_exhausted",
            Self::MailServerUnavailable => "mail_server_unavailable",
            Self::TooLong => "mail_too_long",
            Self::DroppedByOperations => "dropped_by_operations",
        }
    }
}

/// Why the user is not asked about an invoice, unless they are.
#[must_use]
pub const fn reason_not_to_ask(status: InvoiceStatus) -> Option<Reason> {
    match status {
        InvoiceStatus::Paid => Some(Reason::InvoicePaid),
        InvoiceStatus::Cancelled => Some(Reason::InvoiceCancelled),
        InvoiceStatus::Litigation => Some(Reason::InvoiceDisputed),
        InvoiceStatus::Pending | InvoiceStatus::AwaitingUserConfirmation | InvoiceStatus::InRelance => None,
    }
}

/// The question put to the user about one invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckinTask {
    /// Its id, which its token follows from.
    pub id: CheckinTaskId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The invoice it asks about.
    pub invoice_id: InvoiceId,
    /// The due date it asks about: another one is asked about anew.
    pub due_date: Date,
    /// When it is to leave, or was.
    pub send_at: OffsetDateTime,
    /// Where it stands.
    pub status: CheckinStatus,
    /// The mail that it is in.
    pub mail_id: Option<CheckinMailId>,
    /// The check-in that had ended, when fresh links were asked for in its place.
    pub renews: Option<CheckinTaskId>,
    /// The SHA-256 of its token, from when its mail was first written.
    pub token_hash: Option<[u8; 32]>,
    /// Since when a worker has been handing its mail to the mail server.
    pub sending_since: Option<OffsetDateTime>,
    /// When it left.
    pub sent_at: Option<OffsetDateTime>,
    /// When its links end; at this very instant they are over.
    pub expires_at: Option<OffsetDateTime>,
    /// When the user answered.
    pub answered_at: Option<OffsetDateTime>,
    /// What the user answered.
    pub answer: Option<CheckinAnswer>,
    /// How the user answered.
    pub answered_by: Option<CheckinAnsweredBy>,
    /// What the answer recorded, so that just this can be undone.
    pub payment_id: Option<PaymentId>,
    /// Shared by the answers of a mail that were given in one go.
    pub answered_with: Option<Uuid>,
    /// Since when only a button is believed: a machine may have opened its links.
    pub suspect_since: Option<OffsetDateTime>,
    /// Why it was called off or failed: a code of [`Reason`], or of a newer release.
    pub reason: Option<String>,
    /// When it was planned.
    pub created_at: OffsetDateTime,
}

impl CheckinTask {
    /// Whether it is still to be mailed, or to be answered.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self.status, CheckinStatus::Scheduled | CheckinStatus::Sent)
    }

    /// Whether a person who holds the token may answer: the mail left, or may have left without that being
    /// recorded yet, and its life is not over.
    #[must_use]
    pub fn takes_answers(&self, now: OffsetDateTime) -> bool {
        match self.status {
            CheckinStatus::Scheduled => self.token_hash.is_some(),
            CheckinStatus::Sent => !self.is_over(now),
            CheckinStatus::Answered
            | CheckinStatus::Expired
            | CheckinStatus::Cancelled
            | CheckinStatus::Failed => false,
        }
    }

    /// Whether the life of its links has passed, recorded or not.
    #[must_use]
    pub fn is_over(&self, now: OffsetDateTime) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }

    /// When the user was asked, as the reminders that wait for the answer count it: as planned, unless the mail
    /// left minutes later. The moment that sending takes moves no reminder.
    #[must_use]
    pub fn asked_at(&self) -> Option<OffsetDateTime> {
        self.sent_at.map(|sent_at| if sent_at - self.send_at < PUNCTUAL { self.send_at } else { sent_at })
    }

    /// Until when the answer that the invoice is paid can be taken back; none where there is no such answer.
    #[must_use]
    pub fn undo_until(&self, rules: &crate::CheckinRules) -> Option<OffsetDateTime> {
        let declares_paid = self.answer == Some(CheckinAnswer::Paid) && self.payment_id.is_some();
        self.answered_at.filter(|_| declares_paid).map(|answered_at| answered_at + rules.undo)
    }

    /// The job that puts it into a mail.
    #[must_use]
    pub fn gather_job_id(&self) -> JobId {
        job_id::<GatherCheckins>(self.id)
    }

    /// The job that ends its life.
    #[must_use]
    pub fn expiry_job_id(&self) -> JobId {
        job_id::<ExpireCheckin>(self.id)
    }
}
