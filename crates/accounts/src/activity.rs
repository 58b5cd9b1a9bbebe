//! Activity of an organization, for its feed and for an invoice's timeline.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{ActivityEventId, InvoiceId, OrganizationId, UserId};
use time::OffsetDateTime;

use crate::{Page, queries};

macro_rules! activity_kinds {
    ($($(#[$doc:meta])* $variant:ident => $label:literal,)*) => {
        /// Kind of an event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ActivityKind {
            $($(#[$doc])* $variant,)*
        }

        impl ActivityKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the name used by the database and the API.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }
        }
    };
}

activity_kinds! {
    /// An invoice was created.
    InvoiceCreated => "invoice_created",
    /// An invoice was created by an import.
    InvoiceImported => "invoice_imported",
    /// An invoice's number, amount, dates, client or plan changed.
    InvoiceUpdated => "invoice_updated",
    /// An invoice was settled in full.
    InvoicePaid => "invoice_paid",
    /// Credit notes waived all of an invoice.
    InvoiceCredited => "invoice_credited",
    /// An invoice was given up.
    InvoiceCancelled => "invoice_cancelled",
    /// An invoice is disputed; its reminders wait.
    InvoiceDisputed => "invoice_disputed",
    /// A dispute is over.
    InvoiceResumed => "invoice_resumed",
    /// A settlement was undone.
    InvoiceReopened => "invoice_reopened",
    /// An invoice's reminders wait.
    InvoicePaused => "invoice_paused",
    /// An invoice's reminders continue.
    InvoiceUnpaused => "invoice_unpaused",
    /// A part of an invoice was paid or credited.
    PaymentRecorded => "payment_recorded",
    /// A payment or a credit note was voided, and its invoice stays open, paid or cancelled.
    PaymentVoided => "payment_voided",
    /// An invoice's reminders were planned.
    RelancesPlanned => "relances_planned",
    /// A reminder was sent.
    RelanceSent => "relance_sent",
    /// A reminder was sent, but not to all who get a copy: `refusedCopies` names them.
    RelanceCopiesRefused => "relance_copies_refused",
    /// A reminder was given up after its attempts, or refused by the recipient's server.
    RelanceFailed => "relance_failed",
    /// A user cancelled a reminder.
    RelanceCancelled => "relance_cancelled",
    /// A user approved a formal notice.
    RelanceApproved => "relance_approved",
    /// A formal notice waits for a user's approval.
    WarningDrafted => "warning_drafted",
    /// The user was asked whether an invoice was paid.
    CheckinSent => "checkin_sent",
    /// The user answered a check-in.
    CheckinAnswered => "checkin_answered",
    /// The links of a check-in expired without an answer.
    CheckinExpired => "checkin_expired",
    /// The user could not be asked.
    CheckinFailed => "checkin_failed",
    /// The answer that reminders waited for did not come; they are sent.
    CheckinUnanswered => "checkin_unanswered",
    /// The user asked for new links.
    CheckinRenewed => "checkin_renewed",
    /// Settings that dates depend on changed; planned reminders are moved.
    SettingsChanged => "settings_changed",
    /// A plan's steps changed; reminders planned by it are moved.
    PlanChanged => "plan_changed",
    /// All of an organization's reminders wait.
    OrganizationPaused => "organization_paused",
    /// An organization's reminders continue.
    OrganizationResumed => "organization_resumed",
    /// A client's reminders wait.
    ClientPaused => "client_paused",
    /// A client's reminders continue.
    ClientResumed => "client_resumed",
}

/// An event to be recorded.
#[derive(Clone, Debug)]
pub struct NewEvent {
    pub kind: ActivityKind,
    /// Invoice of the event, if any.
    pub invoice_id: Option<InvoiceId>,
    /// User who caused it; `None` for Rubis itself.
    pub actor: Option<UserId>,
    /// Further data (`invoiceId`, `clientId`, `planStepOrder`, `label`, …): a JSON object.
    pub meta: serde_json::Value,
}

/// A recorded event.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityEvent {
    /// Id, which follows the order of time.
    pub id: ActivityEventId,
    /// Kind of the event; a newer release may have written one that this release does not know.
    pub kind: String,
    /// Invoice of the event, if any.
    pub invoice_id: Option<InvoiceId>,
    /// User who caused it; `None` for Rubis itself.
    pub actor: Option<UserId>,
    /// Further data, as a JSON object.
    pub meta: serde_json::Value,
    pub created_at: OffsetDateTime,
}

/// Records an event, in the transaction of the change that it describes.
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn record(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    event: NewEvent,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    queries::activity::insert(conn, organization, event, now).await
}

/// Records several events, in the given order.
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn record_many(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    events: Vec<NewEvent>,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    queries::activity::insert_many(conn, organization, events, now).await
}

/// Returns a page of events, latest first, older than `after`.
pub async fn feed(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    after: Option<ActivityEventId>,
    limit: u32,
) -> Result<Page<ActivityEvent>, diesel::result::Error> {
    let rows = queries::activity::latest(conn, organization, after, limit).await?;
    Ok(Page::from_one_more(rows, limit))
}

/// Returns the latest events of an invoice, at most `limit`, oldest first.
pub async fn events_of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    limit: u32,
) -> Result<Vec<ActivityEvent>, diesel::result::Error> {
    queries::activity::of_invoice(conn, organization, invoice, limit).await
}

#[cfg(test)]
mod tests {
    use super::ActivityKind;

    #[test]
    fn every_kind_has_its_own_name_as_the_database_takes_it() {
        let mut names: Vec<&str> = ActivityKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert!(
            names
                .iter()
                .all(|name| { name.chars().all(|letter| letter == '_' || letter.is_ascii_lowercase()) })
        );
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ActivityKind::ALL.len());
    }
}
