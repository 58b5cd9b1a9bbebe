//! Changes the settings of an organization.

use diesel_async::AsyncConnection;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{FieldErrors, OrganizationId};
use time::OffsetDateTime;

use crate::{Organization, OrganizationPatch, queries, silent_copies::check_silent_copies};

/// An organization before and after its settings changed.
#[derive(Clone, Debug)]
pub struct OrganizationUpdate {
    pub before: Organization,
    pub after: Organization,
}

impl OrganizationUpdate {
    /// Returns the names of the changed settings that affect the dates of reminders and check-ins.
    #[must_use]
    pub fn planning_changes(&self) -> Vec<&'static str> {
        let (before, after) = (self.before.sending_calendar(), self.after.sending_calendar());
        let changes = [
            ("timeZone", before.time_zone != after.time_zone),
            ("sendingTime", before.sending_time != after.sending_time),
            ("businessDaysOnly", before.business_days_only != after.business_days_only),
            ("holidayCalendar", before.holidays != after.holidays),
            ("catchUpPolicy", self.before.catch_up_policy != self.after.catch_up_policy),
            ("checkins", self.before.checkins != self.after.checkins),
        ];
        changes.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
    }
}

/// Reasons why the settings were not changed.
#[derive(Debug, thiserror::Error)]
pub enum UpdateOrganizationError {
    /// There is no such organization.
    #[error("there is no such organization")]
    NotFound,
    /// A silent copy would go to an address that is not the organization's own.
    #[error(transparent)]
    Invalid(#[from] FieldErrors),
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Changes an organization's settings.
#[tracing::instrument(skip_all, fields(organization = %organization))]
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
