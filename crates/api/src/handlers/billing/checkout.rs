//! `POST /billing/checkout`

use actix_web::{post, web::Data};
use rubis_billing::Offer;

use crate::{
    ApiResult, App, OrganizationAdmin, Reply,
    bodies::{CheckoutBody, OfferRequest},
    json_body::Json,
    rate_limits,
};

/// Starts the checkout of a subscription.
///
/// Send the browser to `url`. Stripe leads it back to the page of the subscription, and reports the
/// purchase to Rubis by a webhook.
#[utoipa::path(
    tag = "billing",
    responses(
        (status = 200, description = "A checkout that waits for a card.", body = CheckoutBody),
        (status = 403, description = "`forbidden`: only an owner or an admin may do this."),
        (status = 409, description = "`already_subscribed`: the portal changes a subscription."),
        (status = 502, description = "`stripe_refused`, `stripe_object_missing`, `stripe_unexpected_answer`: the Stripe account is not set up as it should be."),
        (status = 503, description = "`billing_unavailable`: this server is set up without Stripe. `stripe_unavailable`, `unavailable`: Stripe or the database does not respond; retry shortly."),
    ),
)]
#[post("/billing/checkout")]
pub async fn start_checkout(
    OrganizationAdmin(tenant): OrganizationAdmin,
    body: Json<OfferRequest>,
    app: Data<App>,
) -> ApiResult<CheckoutBody> {
    let offer = Offer::try_from(body.0)?;
    let (billing, now) = (&app.billing, app.clock.now());
    let stripe = billing.stripe()?;
    rate_limits::billing(&app, tenant.organization).await?;
    let session =
        rubis_billing::start_checkout(&app.db, stripe, &billing.links, tenant.organization, offer, now)
            .await?;
    Ok(Reply(session.into()))
}
