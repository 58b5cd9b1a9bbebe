//! One type per entity's id, so that a client's id cannot be passed instead of an invoice's.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Creates a new id, ordered by time (UUIDv7).
            #[must_use]
            #[expect(clippy::new_without_default, reason = "each call gives another value")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// Returns the id as stored in the database.
            #[must_use]
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// The tenant: the creditor company.
    OrganizationId;
    /// A person who signs in.
    UserId;
    /// A person's membership in an organization.
    MembershipId;
    /// A request and everything that it causes: its jobs, their mails, and the logs of all of them.
    TraceId;
    /// A session, with its family of refresh tokens.
    SessionId;
    /// The row of a secret in the link of an account mail.
    AccountTokenId;
    /// A notice to a user about the security of their account.
    AccountNoticeId;
    /// A debtor of an organization.
    ClientId;
    /// A person at a client.
    ContactId;
    /// A service location of a client.
    ServiceLocationId;
    /// An invoice to be paid.
    InvoiceId;
    /// A line of an invoice.
    InvoiceLineId;
    /// A payment or a credit note on an invoice.
    PaymentId;
    /// A sequence of reminders.
    PlanId;
    /// One reminder of a plan, in one wording.
    PlanStepId;
    /// A plan's step through all its wordings.
    StepLineageId;
    /// One planned reminder of one invoice.
    RelanceTaskId;
    /// A question to the user about one invoice.
    CheckinTaskId;
    /// A mail that asks about one or several invoices.
    CheckinMailId;
    /// An opening of a link of a check-in.
    CheckinClickId;
    /// An event of the activity feed.
    ActivityEventId;
}
