//! `POST /organization/resume`

use actix_web::{post, web::Data};

use crate::{ApiResult, App, OrganizationAdmin, Reply, bodies::OrganizationBody, rate_limits};

/// Resumes the organization's reminders.
///
/// Reminders that were held back are sent by the catch-up policy, as late ones are.
#[utoipa::path(
    tag = "organization",
    responses(
        (status = 200, description = "The organization as it is now.", body = OrganizationBody),
        (status = 403, description = "`forbidden`: only an owner or an admin may do this."),
    ),
)]
#[post("/organization/resume")]
pub async fn resume_organization(
    OrganizationAdmin(tenant): OrganizationAdmin,
    app: Data<App>,
) -> ApiResult<OrganizationBody> {
    rate_limits::planning_change(&app, tenant.organization).await?;
    let mut conn = app.db.get().await?;
    let now = app.clock.now();
    let organization =
        rubis_lifecycle::resume_organization(&mut conn, tenant.organization, Some(tenant.user), now).await?;
    let subscription = rubis_billing::subscription_of(&conn, tenant.organization).await?;
    Ok(Reply(OrganizationBody::new(organization, subscription)))
}
