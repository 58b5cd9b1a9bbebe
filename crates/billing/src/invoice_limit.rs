//! How many invoices an organization may have chased at once.

use rubis_db::AsyncPgConnection;
use rubis_kernel::OrganizationId;
use time::OffsetDateTime;

use crate::{BillingRules, queries, subscription_of};

/// How many invoices the organization may have chased at once; `None` is any number. Nothing is locked: who
/// finds a limit goes on with [`lock_invoice_limit`] before counting.
///
/// # Errors
/// The database's.
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

/// As [`invoice_limit`], and lets nobody else ask so until the transaction ends: what is counted by a later
/// statement of this transaction stays true until then. Lock invoices before, and the organization's row after.
///
/// # Errors
/// The database's.
pub async fn lock_invoice_limit(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    rules: &BillingRules,
    now: OffsetDateTime,
) -> Result<Option<u32>, diesel::result::Error> {
    let locked = queries::subscriptions::lock_or_insert(conn, organization, now).await?;
    Ok(locked.invoice_limit(rules, now))
}
