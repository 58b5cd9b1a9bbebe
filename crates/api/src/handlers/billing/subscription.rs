//! `GET /billing/subscription`

use actix_web::{get, web::Data};

use crate::{ApiResult, App, Reply, Tenant, bodies::SubscriptionBody};

/// Returns the organization's subscription, its limits and its usage.
#[utoipa::path(
    tag = "billing",
    responses((status = 200, description = "The subscription.", body = SubscriptionBody)),
)]
#[get("/billing/subscription")]
pub async fn get_subscription(tenant: Tenant, app: Data<App>) -> ApiResult<SubscriptionBody> {
    let conn = app.db.get().await?;
    let (rules, now) = (&app.billing.rules, app.clock.now());
    let view = rubis_lifecycle::subscription_view(&conn, tenant.organization, rules, now).await?;
    Ok(Reply(view.into()))
}
