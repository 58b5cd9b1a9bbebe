//! `PUT /plans/{planId}`

use actix_web::{put, web::Data};
use rubis_kernel::PlanId;
use rubis_relances::{NewPlan, PlanInput};

use crate::{
    ApiResult, App, Reply, Tenant,
    bodies::{PlanBody, PlanRequest},
    json_body::Json,
    path_param::PathParam,
    rate_limits,
};

/// Replaces a plan's name and steps.
///
/// Sent reminders stay as they were; unsent reminders get the new text and dates. An archived plan can be
/// used again. The default plan stays the default until another replaces it.
#[utoipa::path(
    tag = "plans",
    responses((status = 200, description = "The plan as it is now.", body = PlanBody)),
)]
#[put("/plans/{planId}")]
pub async fn replace_plan(
    tenant: Tenant,
    id: PathParam<PlanId>,
    body: Json<PlanRequest>,
    app: Data<App>,
) -> ApiResult<PlanBody> {
    let new = NewPlan::try_from(PlanInput::from(body.0))?;
    rate_limits::planning_change(&app, tenant.organization).await?;
    let mut conn = app.db.get().await?;
    let (actor, now) = (Some(tenant.user), app.clock.now());
    let plan = rubis_lifecycle::replace_plan(&mut conn, tenant.organization, id.0, new, actor, now).await?;
    Ok(Reply(plan.into()))
}
