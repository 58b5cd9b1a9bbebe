//! What happened in an organization, for its feed and for an invoice's timeline.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{ActivityEventId, InvoiceId, OrganizationId, UserId};
use time::OffsetDateTime;

use crate::{Page, queries};

macro_rules! activity_kinds {
    ($($(#[$doc:meta])* $variant:ident => $label:literal,)*) => {
        /// What kind of thing happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ActivityKind {
            $($(#[$doc])* $variant,)*
        }

        impl ActivityKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name under which the database and the API know it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }
        }
    };
}

activity_kinds! {
    /// An invoice was put in.
    InvoiceCreated => "invoice_created",
    /// An invoice came from an import.
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
    /// An invoice's reminders leave again.
    InvoiceUnpaused => "invoice_unpaused",
    /// A part of an invoice was paid or credited.
    PaymentRecorded => "payment_recorded",
    /// A payment or a credit note was voided, and its invoice stays open, paid or cancelled.
    PaymentVoided => "payment_voided",
    /// An invoice's reminders were planned.
    RelancesPlanned => "relances_planned",
    /// A reminder left.
    RelanceSent => "relance_sent",
    /// A reminder was sent, but not to all who get a copy: `refusedCopies` names them.
    RelanceCopiesRefused => "relance_copies_refused",
    /// A reminder was given up after its attempts, or refused by the recipient's server.
    RelanceFailed => "relance_failed",
    /// Somebody cancelled a reminder.
    RelanceCancelled => "relance_cancelled",
    /// Somebody approved a formal notice.
    RelanceApproved => "relance_approved",
    /// A formal notice waits for somebody's approval.
    WarningDrafted => "warning_drafted",
    /// The user was asked whether an invoice was paid.
    CheckinSent => "checkin_sent",
    /// The user answered.
    CheckinAnswered => "checkin_answered",
    /// The links of a check-in ended without an answer.
    CheckinExpired => "checkin_expired",
    /// The user could not be asked.
    CheckinFailed => "checkin_failed",
    /// The answer that reminders waited for did not come; they leave.
    CheckinUnanswered => "checkin_unanswered",
    /// The user asked for fresh links.
    CheckinRenewed => "checkin_renewed",
    /// Settings that dates depend on changed; what is planned follows.
    SettingsChanged => "settings_changed",
    /// A plan's steps changed; what is planned by it follows.
    PlanChanged => "plan_changed",
    /// All of an organization's reminders wait.
    OrganizationPaused => "organization_paused",
    /// An organization's reminders leave again.
    OrganizationResumed => "organization_resumed",
    /// A client's reminders wait.
    ClientPaused => "client_paused",
    /// A client's reminders leave again.
    ClientResumed => "client_resumed",
}

/// Something to be remembered.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// What kind of thing happened.
    pub kind: ActivityKind,
    /// The invoice it is about.
    pub invoice_id: Option<InvoiceId>,
    /// Who did it; nobody when Rubis did.
    pub actor: Option<UserId>,
    /// What else is to be told (`invoiceId`, `clientId`, `planStepOrder`, `label`, …): a JSON object.
    pub meta: serde_json::Value,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityEvent {
    /// Its id, in the order of time.
    pub id: ActivityEventId,
    /// What kind of thing happened; a newer release may have written one that this one does not know.
    pub kind: String,
    /// The invoice it is about.
    pub invoice_id: Option<InvoiceId>,
    /// Who did it; nobody when Rubis did.
    pub actor: Option<UserId>,
    /// What else is told, as a JSON object.
    pub meta: serde_json::Value,
    /// When.
    pub created_at: OffsetDateTime,
}

/// Remembers something, in the transaction of what it tells of.
///
/// # Errors
/// The database's.
pub async fn record(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    event: NewEvent,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    queries::activity::insert(conn, organization, event, now).await
}

/// Remembers several things, in the order given.
///
/// # Errors
/// The database's.
pub async fn record_many(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    events: Vec<NewEvent>,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    queries::activity::insert_many(conn, organization, events, now).await
}

/// A page of what happened, the latest first, `after` (that is, before in time) an event.
///
/// # Errors
/// The database's.
pub async fn feed(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    after: Option<ActivityEventId>,
    limit: u32,
) -> Result<Page<ActivityEvent>, diesel::result::Error> {
    let rows = queries::activity::latest(conn, organization, after, limit).await?;
    Ok(Page::from_one_more(rows, limit))
}

/// The latest things that happened to an invoice, at most `limit`, in the order of time.
///
/// # Errors
/// The database's.
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
