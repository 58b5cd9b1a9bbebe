//! Reasons why a reminder or a check-in was not sent, or not yet.

use rubis_kernel::MailFailure;

use crate::status::InvoiceStatus;

/// The reason that a reminder or a check-in records beside its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The invoice was settled in full.
    InvoicePaid,
    /// Credit notes waived all of the invoice.
    InvoiceCredited,
    InvoiceCancelled,
    InvoiceDisputed,
    /// The organization turned its check-ins off.
    CheckinsOff,
    /// The invoice was planned again, for example for another due date or with another plan.
    Replanned,
    /// The user asked for new links.
    Renewed,
    /// The reminder was missed, and the organization skips missed ones.
    SkippedByCatchUp,
    /// The reminder belongs before the due date, and its day has passed.
    DayPassed,
    CancelledByUser,
    /// A later reminder was sent first.
    Overtaken,
    /// The recipient's mail server rejected the mail permanently.
    Rejected,
    AttemptsExhausted,
    /// The mail server was not available for a day.
    MailServerUnavailable,
    /// The text is longer than a mail may be.
    TooLong,
    /// The subject or the text has nothing to read.
    Empty,
    /// The facts in the text changed since it was drafted or approved: a person has to read it again.
    FactsChanged,
    /// An operator dropped the job.
    DroppedByOperations,
    /// Several workers were lost while they ran the job.
    Quarantined,
    /// The organization has written to as many recipients today as it may: the reminder waits for another day.
    DailyLimit,
}

impl Reason {
    /// Returns the reason for giving a mail up after this failure.
    #[must_use]
    pub const fn of(failure: &MailFailure) -> Self {
        match failure {
            MailFailure::Refused(_) | MailFailure::Invalid => Self::Rejected,
            MailFailure::TooLong(_) => Self::TooLong,
            MailFailure::Empty(_) => Self::Empty,
            MailFailure::Unavailable => Self::MailServerUnavailable,
            MailFailure::Deferred(_) | MailFailure::Unreachable | MailFailure::Internal => {
                Self::AttemptsExhausted
            }
        }
    }

    /// Returns the reason for neither asking about an invoice of this state nor reminding its debtor, if there is one.
    #[must_use]
    pub const fn not_to_chase(status: InvoiceStatus) -> Option<Self> {
        match status {
            InvoiceStatus::Paid => Some(Self::InvoicePaid),
            InvoiceStatus::Cancelled => Some(Self::InvoiceCancelled),
            InvoiceStatus::Litigation => Some(Self::InvoiceDisputed),
            InvoiceStatus::Pending | InvoiceStatus::AwaitingUserConfirmation | InvoiceStatus::InRelance => {
                None
            }
        }
    }

    /// Returns the stable code used by the database and the API.
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
            Self::SkippedByCatchUp => "skipped_by_catch_up",
            Self::DayPassed => "day_passed",
            Self::CancelledByUser => "cancelled_by_user",
            Self::Overtaken => "overtaken",
            Self::Rejected => "rejected",
            Self::AttemptsExhausted => "attempts_exhausted",
            Self::MailServerUnavailable => "mail_server_unavailable",
            Self::TooLong => "mail_too_long",
            Self::Empty => "mail_empty",
            Self::FactsChanged => "facts_changed",
            Self::DroppedByOperations => "dropped_by_operations",
            Self::Quarantined => "quarantined",
            Self::DailyLimit => "daily_limit",
        }
    }
}
