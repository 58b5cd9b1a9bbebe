//! Pauses and resumes an organization.

use diesel_async::AsyncConnection;
use rubis_db::AsyncPgConnection;
use rubis_kernel::OrganizationId;
use time::{Date, OffsetDateTime};

use crate::{Organization, Pause, PauseEndsTooEarly, queries};

/// Reasons why an organization was not paused or resumed.
#[derive(Debug, thiserror::Error)]
pub enum PauseOrganizationError {
    /// There is no such organization.
    #[error("there is no such organization")]
    NotFound,
    /// The pause would be over already.
    #[error(transparent)]
    EndsTooEarly(#[from] PauseEndsTooEarly),
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Pauses an organization until a date, or until it is resumed. Pausing again replaces the pause.
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn pause_organization(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    until: Option<Date>,
    now: OffsetDateTime,
) -> Result<Organization, PauseOrganizationError> {
    conn.transaction(async |conn| {
        let current = queries::organizations::lock(conn, organization)
            .await?
            .ok_or(PauseOrganizationError::NotFound)?;
        let pause = Pause::starting(now, until, current.time_zone)?;
        Ok(queries::organizations::save(conn, &Organization { pause: Some(pause), ..current }, now).await?)
    })
    .await
}

/// Ends an organization's pause, if it has one.
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn resume_organization(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    now: OffsetDateTime,
) -> Result<Organization, PauseOrganizationError> {
    conn.transaction(async |conn| {
        let current = queries::organizations::lock(conn, organization)
            .await?
            .ok_or(PauseOrganizationError::NotFound)?;
        Ok(queries::organizations::save(conn, &Organization { pause: None, ..current }, now).await?)
    })
    .await
}
