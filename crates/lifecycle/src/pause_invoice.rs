//! One invoice's reminders wait, and leave again.

use rubis_accounts::{ActivityKind, Pause, PauseEndsTooEarly};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::Invoice;
use rubis_kernel::{InvoiceId, OrganizationId, UserId};
use rubis_relances::PlanningTrigger;
use serde_json::json;
use time::{Date, OffsetDateTime};

use crate::{events, plan_again::plan_invoice};

/// Errors of pausing an invoice.
#[derive(Debug, thiserror::Error)]
pub enum PauseInvoiceError {
    /// The organization has no such invoice.
    #[error("there is no such invoice")]
    NotFound,
    /// The pause would be over already.
    #[error(transparent)]
    EndsTooEarly(#[from] PauseEndsTooEarly),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Holds an invoice's reminders back until a date, or until [`unpause_invoice`].
///
/// # Errors
/// [`PauseInvoiceError`].
#[tracing::instrument(skip_all, fields(organization = %organization, invoice = %invoice))]
pub async fn pause_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    until: Option<Date>,
    actor: Option<UserId>,
    now: OffsetDateTime,
) -> Result<Invoice, PauseInvoiceError> {
    conn.transaction(async |conn| {
        let locked = rubis_invoices::lock_invoice(conn, organization, invoice)
            .await?
            .ok_or(PauseInvoiceError::NotFound)?;
        let settings =
            rubis_accounts::organization(conn, organization).await?.ok_or(PauseInvoiceError::NotFound)?;
        let pause = Pause::starting(now, until, settings.time_zone)?;
        let mut invoice = rubis_invoices::set_invoice_pause(conn, organization, locked.id, pause, now)
            .await?
            .ok_or(PauseInvoiceError::NotFound)?;
        events::record(conn, &invoice, ActivityKind::InvoicePaused, actor, json!({ "until": until }), now)
            .await?;
        plan_invoice(conn, &mut invoice, PlanningTrigger::RulesChanged, now).await?;
        Ok(invoice)
    })
    .await
}

/// Lets an invoice's reminders leave again; those that were held catch up as late ones do.
///
/// # Errors
/// [`PauseInvoiceError`].
#[tracing::instrument(skip_all, fields(organization = %organization, invoice = %invoice))]
pub async fn unpause_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    actor: Option<UserId>,
    now: OffsetDateTime,
) -> Result<Invoice, PauseInvoiceError> {
    conn.transaction(async |conn| {
        let mut invoice = rubis_invoices::lock_invoice(conn, organization, invoice)
            .await?
            .ok_or(PauseInvoiceError::NotFound)?;
        if invoice.pause.is_some() {
            invoice = rubis_invoices::clear_invoice_pause(conn, organization, invoice.id, now)
                .await?
                .ok_or(PauseInvoiceError::NotFound)?;
            events::record(conn, &invoice, ActivityKind::InvoiceUnpaused, actor, json!({}), now).await?;
            plan_invoice(conn, &mut invoice, PlanningTrigger::Resumed, now).await?;
        }
        Ok(invoice)
    })
    .await
}
