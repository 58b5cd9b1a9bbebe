//! `POST /billing/start-trial`

use actix_web::{post, web::Data};
use rubis_billing::Offer;

use crate::{
    ApiResult, App, OrganizationAdmin, Reply,
    bodies::{CheckoutBody, OfferRequest},
    json_body::Json,
    rate_limits,
};

/// Starts the checkout of the organization's trial.
///
/// A card is collected, and charged when the trial ends. An organization has one trial. Requested again
/// before it has begun, it is the same checkout for the rest of the day.
#[utoipa::path(
    tag = "billing",
    responses(
        (status = 200, description = "A checkout that waits for a card.", body = CheckoutBody),
        (status = 403, description = "`forbidden`: only an owner or an admin may do this."),
        (status = 409, description = "`trial_already_consumed`: there was a trial, or there is a subscription."),
        (status = 502, description = "`stripe_refused`, `stripe_object_missing`, `stripe_unexpected_answer`: the Stripe account is not set up as it should be."),
        (status = 503, description = "`billing_unavailable`: this server is set up without Stripe. `stripe_unavailable`, `unavailable`: Stripe or the database does not respond; retry shortly."),
    ),
)]
#[post("/billing/start-trial")]
pub async fn start_trial(
    OrganizationAdmin(tenant): OrganizationAdmin,
    body: Json<OfferRequest>,
    app: Data<App>,
) -> ApiResult<CheckoutBody> {
    let offer = Offer::try_from(body.0)?;
    let (billing, now) = (&app.billing, app.clock.now());
    let stripe = billing.stripe()?;
    rate_limits::billing(&app, tenant.organization).await?;
    let (links, rules) = (&billing.links, &billing.rules);
    let session =
        rubis_billing::start_trial(&app.db, stripe, links, tenant.organization, offer, rules, now).await?;
    Ok(Reply(session.into()))
}
