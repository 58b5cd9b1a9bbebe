//! `POST /plans`

use actix_web::{HttpResponse, post, web::Data};
use rubis_relances::{NewPlan, PlanInput};

use crate::{
    ApiError, App, Tenant,
    bodies::{PlanBody, PlanRequest},
    idempotency::{Creation, IdempotencyHeader},
    json_body::Json,
};

/// Creates a plan.
///
/// A new default plan replaces the previous default.
#[utoipa::path(
    tag = "plans",
    params(IdempotencyHeader),
    responses((status = 201, description = "The new plan.", body = PlanBody)),
)]
#[post("/plans")]
pub async fn create_plan(
    tenant: Tenant,
    creation: Creation,
    body: Json<PlanRequest>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let input = PlanInput::from(body.0.clone());
    if let Some(index) = input.steps.iter().position(|step| step.id.is_some()) {
        let field = format!("steps[{index}].id");
        return Err(ApiError::invalid_field(&field, "unknown_step", "a new plan has no steps to rewrite"));
    }
    let new = NewPlan::try_from(input)?;
    let now = app.clock.now();
    creation
        .run(&app, &tenant, &body.0, async |conn| {
            let plan = rubis_relances::create_plan(conn, tenant.organization, new, now).await?;
            Ok(PlanBody::from(plan))
        })
        .await
}
