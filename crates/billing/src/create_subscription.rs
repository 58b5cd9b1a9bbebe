//! Creation of the row of an organization without a subscription.

use rubis_db::AsyncPgConnection;
use rubis_kernel::OrganizationId;
use time::OffsetDateTime;

use crate::queries;

/// Records that an organization has no subscription yet, in the transaction of its sign-up. An existing
/// row stays as it is.
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn create_subscription(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    queries::subscriptions::insert(conn, organization, now).await
}
