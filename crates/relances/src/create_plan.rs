//! Makes a plan.

use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_kernel::{OrganizationId, PlanId, PlanStepId, StepLineageId};
use time::OffsetDateTime;

use crate::{
    default_plan::default_plan,
    plan::{NewPlan, Plan},
    queries::plans::{self, StepToInsert},
};

/// Makes a plan. Made the default, it takes that from the plan that was.
///
/// # Errors
/// The database's.
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn create_plan(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    plan: NewPlan,
    now: OffsetDateTime,
) -> Result<Plan, diesel::result::Error> {
    conn.transaction(async |conn| {
        if plan.is_default {
            plans::lock_default(conn, organization).await?;
            plans::clear_default(conn, organization, now).await?;
        }
        let id = PlanId::new();
        plans::insert_plan(conn, organization, id, &plan, now).await?;
        let steps: Vec<StepToInsert> = (0..)
            .zip(plan.steps)
            .map(|(order, step)| StepToInsert {
                id: PlanStepId::new(),
                lineage_id: StepLineageId::new(),
                order,
                content: step.content,
            })
            .collect();
        plans::insert_steps(conn, organization, id, &steps, now).await?;
        plans::find(conn, organization, id).await?.ok_or(diesel::result::Error::NotFound)
    })
    .await
}

/// Gives a new organization the plan that it starts with.
///
/// # Errors
/// The database's.
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn create_default_plan(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    now: OffsetDateTime,
) -> Result<Plan, diesel::result::Error> {
    create_plan(conn, organization, default_plan(), now).await
}
