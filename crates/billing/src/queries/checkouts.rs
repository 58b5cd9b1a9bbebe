//! The open Checkout session of a `subscriptions` row.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rubis_db::{AsyncPgConnection, schema::subscriptions};
use rubis_kernel::OrganizationId;
use rubis_stripe::CheckoutSessionId;
use time::OffsetDateTime;

/// Returns the session that was opened last for an organization.
pub(crate) async fn open_checkout(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
) -> QueryResult<Option<CheckoutSessionId>> {
    let found: Option<Option<String>> = subscriptions::table
        .find(organization.as_uuid())
        .select(subscriptions::open_checkout_id)
        .first(conn)
        .await
        .optional()?;
    Ok(found.flatten().map(CheckoutSessionId::from))
}

/// Saves a session in place of the one that was read. Returns `false` if another replaced it meanwhile.
pub(crate) async fn replace_checkout(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    read: Option<&CheckoutSessionId>,
    session: &CheckoutSessionId,
    now: OffsetDateTime,
) -> QueryResult<bool> {
    diesel::update(subscriptions::table.find(organization.as_uuid()))
        .filter(subscriptions::open_checkout_id.is_not_distinct_from(read.map(CheckoutSessionId::as_str)))
        .set((subscriptions::open_checkout_id.eq(session.as_str()), subscriptions::updated_at.eq(now)))
        .execute(conn)
        .await
        .map(|rows| rows == 1)
}
