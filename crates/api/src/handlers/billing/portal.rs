//! `POST /billing/portal`

use actix_web::{post, web::Data};

use crate::{ApiResult, App, OrganizationAdmin, Reply, bodies::PortalBody, rate_limits};

/// Opens Stripe's portal, where the subscription is changed and cancelled, and cards and receipts are
/// kept.
#[utoipa::path(
    tag = "billing",
    responses(
        (status = 200, description = "The address of the portal.", body = PortalBody),
        (status = 403, description = "`forbidden`: only an owner or an admin may do this."),
        (status = 409, description = "`no_stripe_customer`: the organization never went to a checkout."),
        (status = 502, description = "`stripe_refused`, `stripe_object_missing`, `stripe_unexpected_answer`: the Stripe account is not set up as it should be."),
        (status = 503, description = "`billing_unavailable`: this server is set up without Stripe. `stripe_unavailable`, `unavailable`: Stripe or the database does not respond; retry shortly."),
    ),
)]
#[post("/billing/portal")]
pub async fn open_portal(
    OrganizationAdmin(tenant): OrganizationAdmin,
    app: Data<App>,
) -> ApiResult<PortalBody> {
    let billing = &app.billing;
    let stripe = billing.stripe()?;
    rate_limits::billing(&app, tenant.organization).await?;
    let url = rubis_billing::open_portal(&app.db, stripe, &billing.links, tenant.organization).await?;
    Ok(Reply(PortalBody { url }))
}
