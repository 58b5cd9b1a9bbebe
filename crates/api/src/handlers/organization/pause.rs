//! `POST /organization/pause`

use actix_web::{post, web::Data};

use crate::{
    ApiResult, App, OrganizationAdmin, Reply,
    bodies::{OrganizationBody, PauseRequest},
    json_body::OptionalJson,
    rate_limits,
};

/// Pauses all reminders of the organization.
///
/// Another pause replaces the first.
#[utoipa::path(
    tag = "organization",
    request_body(content = Option<PauseRequest>),
    responses(
        (status = 200, description = "The organization as it is now.", body = OrganizationBody),
        (status = 403, description = "`forbidden`: only an owner or an admin may do this."),
    ),
)]
#[post("/organization/pause")]
pub async fn pause_organization(
    OrganizationAdmin(tenant): OrganizationAdmin,
    body: OptionalJson<PauseRequest>,
    app: Data<App>,
) -> ApiResult<OrganizationBody> {
    rate_limits::planning_change(&app, tenant.organization).await?;
    let mut conn = app.db.get().await?;
    let until = body.0.until();
    let now = app.clock.now();
    let organization =
        rubis_lifecycle::pause_organization(&mut conn, tenant.organization, until, Some(tenant.user), now)
            .await?;
    let subscription = rubis_billing::subscription_of(&conn, tenant.organization).await?;
    Ok(Reply(OrganizationBody::new(organization, subscription)))
}
