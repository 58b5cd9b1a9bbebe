//! Everything that is planned for an invoice is called off.

use rubis_db::AsyncPgConnection;
use rubis_invoices::Invoice;
use rubis_relances::{CalledOff, cancel_planned};
use time::OffsetDateTime;

/// Reason why an invoice is not chased any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Paid,
    Credited,
    Cancelled,
    Disputed,
}

impl Ending {
    const fn of_checkin(self) -> rubis_checkins::Reason {
        match self {
            Self::Paid => rubis_checkins::Reason::InvoicePaid,
            Self::Credited => rubis_checkins::Reason::InvoiceCredited,
            Self::Cancelled => rubis_checkins::Reason::InvoiceCancelled,
            Self::Disputed => rubis_checkins::Reason::InvoiceDisputed,
        }
    }

    const fn of_relances(self) -> rubis_relances::Reason {
        match self {
            Self::Paid => rubis_relances::Reason::InvoicePaid,
            Self::Credited => rubis_relances::Reason::InvoiceCredited,
            Self::Cancelled => rubis_relances::Reason::InvoiceCancelled,
            Self::Disputed => rubis_relances::Reason::InvoiceDisputed,
        }
    }
}

/// Calls off the question whether an invoice, locked by the caller, was paid, and its reminders: in this
/// order, which is that of their locks.
pub(crate) async fn call_off(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    ending: Ending,
    now: OffsetDateTime,
) -> Result<CalledOff, diesel::result::Error> {
    rubis_checkins::cancel_of_invoice(conn, invoice, ending.of_checkin(), now).await?;
    cancel_planned(conn, invoice.organization_id, invoice.id, ending.of_relances(), now).await
}
