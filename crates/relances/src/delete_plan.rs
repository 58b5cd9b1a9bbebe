//! Takes a plan away: deleted when nothing used it, else archived.

use diesel::result::Error;
use rubis_db::{AsyncConnection, AsyncPgConnection, is_still_referenced};
use rubis_kernel::{OrganizationId, PlanId};
use time::OffsetDateTime;

use crate::queries::plans;

/// Errors of deleting a plan.
#[derive(Debug, thiserror::Error)]
pub enum DeletePlanError {
    /// The organization has no such plan.
    #[error("there is no such plan")]
    NotFound,
    /// Invoices that name no plan need one.
    #[error("the default plan can't be deleted: make another plan the default first")]
    IsDefault,
    /// The database refused.
    #[error(transparent)]
    Database(#[from] Error),
}

/// Result of deleting a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletedPlan {
    /// Nothing is left of it.
    Deleted,
    /// Invoices use it: they go on with it, and no other can choose it.
    Archived,
}

/// Takes a plan away.
///
/// # Errors
/// [`DeletePlanError`].
#[tracing::instrument(skip_all, fields(organization = %organization, plan = %plan))]
pub async fn delete_plan(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    plan: PlanId,
    now: OffsetDateTime,
) -> Result<DeletedPlan, DeletePlanError> {
    conn.transaction(async |conn| {
        let found = plans::lock(conn, organization, plan).await?.ok_or(DeletePlanError::NotFound)?;
        if found.is_default {
            return Err(DeletePlanError::IsDefault);
        }
        // The foreign keys know every use of a plan and of its steps, those of other tables included.
        let deleted: Result<(), Error> =
            conn.transaction(async |conn| plans::delete(conn, organization, plan).await).await;
        match deleted {
            Ok(()) => Ok(DeletedPlan::Deleted),
            Err(error) if is_still_referenced(&error) => {
                plans::archive(conn, organization, plan, now).await?;
                Ok(DeletedPlan::Archived)
            }
            Err(error) => Err(error.into()),
        }
    })
    .await
}
