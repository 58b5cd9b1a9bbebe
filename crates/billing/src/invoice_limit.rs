//! The limit on an organization's chased invoices.

use rubis_db::AsyncPgConnection;
use rubis_kernel::OrganizationId;
use time::OffsetDateTime;

use crate::{BillingRules, queries, subscription_of};

/// Returns the number of invoices that the organization may have chased at once; `None` is any number.
/// Nothing is locked: a caller that finds a limit goes on with [`lock_invoice_limit`] before counting.
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn invoice_limit(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    rules: &BillingRules,
    now: OffsetDateTime,
) -> Result<Option<u32>, diesel::result::Error> {
    if rules.limits.are_none() {
        return Ok(None);
    }
    Ok(subscription_of(conn, organization).await?.invoice_limit(rules, now))
}

/// Works as [`invoice_limit`], and makes other callers of this function wait until the transaction ends:
/// a count by a later statement of this transaction stays valid until then. Lock invoices before, and the
/// organization's row after.
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn lock_invoice_limit(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    rules: &BillingRules,
    now: OffsetDateTime,
) -> Result<Option<u32>, diesel::result::Error> {
    let locked = queries::subscriptions::lock_or_insert(conn, organization, now).await?;
    Ok(locked.invoice_limit(rules, now))
}
