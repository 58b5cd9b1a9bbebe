//! The check-in: a question to the user about one invoice.

use std::str::FromStr;

use diesel::{deserialize::FromSqlRow, expression::AsExpression};
use rubis_db::schema::sql_types;
use rubis_jobs::JobId;
use rubis_kernel::{CheckinMailId, CheckinTaskId, InvoiceId, OrganizationId, PaymentId};
use serde::{Deserialize, Serialize};
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

use crate::jobs::{ExpireCheckin, GatherCheckins, job_id};

/// Maximum delay of a mail that counts as sent at its date: longer than the time it waits for others.
const PUNCTUAL: Duration = Duration::minutes(15);

/// State of a check-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::CheckinStatus)]
#[serde(rename_all = "snake_case")]
pub enum CheckinStatus {
    /// The mail is still to be sent.
    Scheduled,
    /// The mail was sent, and its links wait for an answer.
    Sent,
    Answered,
    /// The links expired without an answer.
    Expired,
    /// It was cancelled for the recorded reason.
    Cancelled,
    /// It could not be mailed for the recorded reason.
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

/// Answer of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::CheckinAnswer)]
#[serde(rename_all = "snake_case")]
pub enum CheckinAnswer {
    /// The invoice was paid.
    Paid,
    /// The invoice was not paid.
    StillPending,
}

rubis_db::pg_enum!(CheckinAnswer, sql_types::CheckinAnswer {
    Paid => "paid",
    StillPending => "still_pending",
});

/// The text is not the name of an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an answer: use paid or still_pending")]
pub struct UnknownAnswer(pub String);

impl FromStr for CheckinAnswer {
    type Err = UnknownAnswer;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.iter().copied().find(|answer| answer.as_str() == text);
        known.ok_or_else(|| UnknownAnswer(text.to_owned()))
    }
}

/// Means by which the user answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::CheckinAnsweredBy)]
#[serde(rename_all = "snake_case")]
pub enum CheckinAnsweredBy {
    /// A link of the mail was opened, possibly by a machine.
    Link,
    /// A button was pressed, by a person.
    Button,
}

rubis_db::pg_enum!(CheckinAnsweredBy, sql_types::CheckinAnsweredBy {
    Link => "link",
    Button => "button",
});

/// A question to the user about one invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckinTask {
    /// Id, from which its token is derived.
    pub id: CheckinTaskId,
    pub organization_id: OrganizationId,
    pub invoice_id: InvoiceId,
    /// Due date that it asks about: another due date gets a new check-in.
    pub due_date: Date,
    /// Planned time of sending.
    pub send_at: OffsetDateTime,
    pub status: CheckinStatus,
    /// Mail of the check-in, once it is in one.
    pub mail_id: Option<CheckinMailId>,
    /// The ended check-in that this one replaces with new links.
    pub renews: Option<CheckinTaskId>,
    /// SHA-256 of its token, set once its mail is first composed.
    pub token_hash: Option<[u8; 32]>,
    /// Time since which a worker has been handing its mail to the mail server.
    pub sending_since: Option<OffsetDateTime>,
    pub sent_at: Option<OffsetDateTime>,
    /// End of its links; at this very instant they have expired.
    pub expires_at: Option<OffsetDateTime>,
    pub answered_at: Option<OffsetDateTime>,
    pub answer: Option<CheckinAnswer>,
    pub answered_by: Option<CheckinAnsweredBy>,
    /// Payment recorded by the answer, so that exactly this payment can be undone.
    pub payment_id: Option<PaymentId>,
    /// Id shared by the answers of a mail that were given together.
    pub answered_with: Option<Uuid>,
    /// Time since which only a button counts, because a machine may have opened its links.
    pub suspect_since: Option<OffsetDateTime>,
    /// Reason for cancellation or failure: a code of [`Reason`], or of a newer release.
    pub reason: Option<String>,
    pub created_at: OffsetDateTime,
}

impl CheckinTask {
    /// Reports whether it is still to be mailed or answered.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self.status, CheckinStatus::Scheduled | CheckinStatus::Sent)
    }

    /// Reports whether a person with the token may answer: the mail was sent, or may have been sent without a record
    /// yet, and its life is not over.
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

    /// Reports whether the life of its links has passed, recorded or not.
    #[must_use]
    pub fn is_over(&self, now: OffsetDateTime) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }

    /// Returns the time of the question, from which the reminders count their wait: the planned time, unless the mail
    /// was sent minutes later. The duration of the sending itself delays no reminder.
    #[must_use]
    pub fn asked_at(&self) -> Option<OffsetDateTime> {
        self.sent_at.map(|sent_at| if sent_at - self.send_at < PUNCTUAL { self.send_at } else { sent_at })
    }

    /// Returns the time until which the answer that the invoice is paid can be taken back; `None` if there is no such
    /// answer.
    #[must_use]
    pub fn undo_until(&self, rules: &crate::CheckinRules) -> Option<OffsetDateTime> {
        let declares_paid = self.answer == Some(CheckinAnswer::Paid) && self.payment_id.is_some();
        self.answered_at.filter(|_| declares_paid).map(|answered_at| answered_at + rules.undo)
    }

    /// Returns the id of the job that puts it into a mail.
    #[must_use]
    pub fn gather_job_id(&self) -> JobId {
        job_id::<GatherCheckins>(self.id)
    }

    /// Returns the id of the job that ends its life.
    #[must_use]
    pub fn expiry_job_id(&self) -> JobId {
        job_id::<ExpireCheckin>(self.id)
    }
}
