//! The settings of an organization change.

use diesel_async::AsyncConnection;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{FieldErrors, OrganizationId};
use time::OffsetDateTime;

use crate::{Organization, OrganizationPatch, queries, silent_copies::check_silent_copies};

/// An organization before and after its settings changed.
#[derive(Clone, Debug)]
pub struct OrganizationUpdate {
    /// As it was.
    pub before: Organization,
    /// As it is.
    pub after: Organization,
}

impl OrganizationUpdate {
    /// Whether something changed that decides when reminders and check-ins leave.
    #[must_use]
    pub fn changes_planning(&self) -> bool {
        self.before.sending_calendar() != self.after.sending_calendar()
            || self.before.catch_up_policy != self.after.catch_up_policy
            || self.before.checkins != self.after.checkins
    }
}

/// Why no settings changed.
#[derive(Debug, thiserror::Error)]
pub enum UpdateOrganizationError {
    /// There is no such organization.
    #[error("there is no such organization")]
    NotFound,
    /// A silent copy would go to an address that is not the organization's own.
    #[error(transparent)]
    Invalid(#[from] FieldErrors),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Changes an organization's settings.
///
/// # Errors
/// See [`UpdateOrganizationError`].
pub async fn update_organization(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    patch: OrganizationPatch,
    now: OffsetDateTime,
) -> Result<OrganizationUpdate, UpdateOrganizationError> {
    conn.transaction(async |conn| {
        let before = queries::organizations::lock(conn, organization)
            .await?
            .ok_or(UpdateOrganizationError::NotFound)?;
        if let Some(addresses) = patch.silent_copies() {
            check_silent_copies(conn, organization, addresses).await?.into_result(())?;
        }
        let after = patch.apply(before.clone());
        let after = queries::organizations::save(conn, &after, now).await?;
        Ok(OrganizationUpdate { before, after })
    })
    .await
}
