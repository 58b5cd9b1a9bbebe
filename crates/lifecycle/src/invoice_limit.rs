//! The limit of invoices that are chased at once.

use rubis_billing::{BillingRules, PlanLimitReached, SubscriptionView};
use rubis_db::AsyncPgConnection;
use rubis_kernel::{InvoiceId, OrganizationId};
use time::OffsetDateTime;

/// Permission to chase an invoice.
pub(crate) type Admission = Result<(), PlanLimitReached>;

/// Checks that the organization's tier admits this invoice beside the others, which is or will be written in
/// this transaction. If the tier has a limit, no other invoice is admitted until the transaction ends. The caller
/// holds the invoice's lock, and none of the organization's row.
#[tracing::instrument(skip_all, fields(organization = %organization, invoice = %invoice))]
pub(crate) async fn admit(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    rules: &BillingRules,
    now: OffsetDateTime,
) -> Result<Admission, diesel::result::Error> {
    let limit = rubis_billing::invoice_limit(conn, organization, rules, now).await?;
    if limit.is_none() { Ok(Ok(())) } else { admit_limited(conn, organization, invoice, rules, now).await }
}

/// As [`admit`], where the plan is known to have a limit.
#[tracing::instrument(skip_all, fields(organization = %organization, invoice = %invoice))]
pub(crate) async fn admit_limited(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    rules: &BillingRules,
    now: OffsetDateTime,
) -> Result<Admission, diesel::result::Error> {
    let limit = rubis_billing::lock_invoice_limit(conn, organization, rules, now).await?;
    let Some(limit) = limit else { return Ok(Ok(())) };
    // Not in one round trip with the lock: what is counted must be as it is once the lock is held.
    let others = rubis_invoices::count_chased(conn, organization, Some(invoice), Some(limit), now).await?;
    if others < limit {
        return Ok(Ok(()));
    }
    let usage = rubis_invoices::count_chased(conn, organization, Some(invoice), None, now).await?;
    Ok(Err(PlanLimitReached { limit, usage }))
}

/// Returns the organization's subscription and its use.
///
/// # Errors
/// The database's.
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn subscription_view(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    rules: &BillingRules,
    now: OffsetDateTime,
) -> Result<SubscriptionView, diesel::result::Error> {
    let (subscription, usage) = futures_util::future::try_join(
        rubis_billing::subscription_of(conn, organization),
        rubis_invoices::count_chased(conn, organization, None, None, now),
    )
    .await?;
    Ok(SubscriptionView::new(&subscription, usage, rules, now))
}
