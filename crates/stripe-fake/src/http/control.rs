//! The fake's own controls, for tools: its state, simulated changes and failures.

use actix_web::error::InternalError;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::Duration;
use url::Url;

use crate::faults::RequestFault;
use crate::settings::WebhookTarget;
use crate::shared::Shared;
use crate::state::{PlayError, Shapes};
use crate::webhooks::{DeliveryFault, ReleaseOrder};

/// Adds the routes below `/_fake`.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(read_state)
        .service(complete_checkout)
        .service(play_subscription)
        .service(advance)
        .service(add_fault)
        .service(clear_faults)
        .service(disturb_deliveries)
        .service(clear_disturbances)
        .service(hold_deliveries)
        .service(release_deliveries)
        .service(set_shapes)
        .service(set_webhook);
}

/// `GET /_fake/state`: the whole state, with the requests and the deliveries.
#[get("/_fake/state")]
async fn read_state(shared: web::Data<Shared>) -> HttpResponse {
    let known = shared.with(|state, now| {
        json!({
            "now": now.unix_timestamp(),
            "aheadSeconds": shared.clock.ahead().whole_seconds(),
            "shapes": state.shapes,
            "customers": state.customers,
            "prices": state.prices,
            "checkoutSessions": state.sessions,
            "subscriptions": state.subscriptions,
            "events": state.events,
        })
    });
    HttpResponse::Ok().json(json!({
        "known": known,
        "requests": shared.faults.requests(),
        "requestFaults": shared.faults.get(),
        "deliveries": shared.webhooks.records(),
        "deliveryFaults": shared.webhooks.with_plan(|plan| plan.faults()),
        "heldEvents": shared.webhooks.with_plan(|plan| plan.held()),
    }))
}

/// `POST /_fake/checkout/{id}/complete`: a card is entered.
#[post("/_fake/checkout/{id}/complete")]
async fn complete_checkout(shared: web::Data<Shared>, id: web::Path<String>) -> HttpResponse {
    match shared.with(|state, now| state.complete_checkout(&id, &shared.public_url, now)) {
        Ok(subscription) => HttpResponse::Ok().json(json!({ "subscription": subscription })),
        Err(error) => refused(&error),
    }
}

/// Simulated changes of a subscription.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Play {
    AnnounceTrialEnd,
    SucceedPayment,
    FailPayment,
    FailNextPayment,
    CancelAtPeriodEnd,
    Resume,
    Cancel,
}

/// `POST /_fake/subscriptions/{id}/{play}`: simulates a change of a subscription.
#[post("/_fake/subscriptions/{id}/{play}")]
async fn play_subscription(shared: web::Data<Shared>, path: web::Path<(String, Play)>) -> HttpResponse {
    let (id, play) = path.into_inner();
    let played = shared.with(|state, now| match play {
        Play::AnnounceTrialEnd => state.announce_trial_end(&id, now),
        Play::SucceedPayment => state.charge(&id, true, now),
        Play::FailPayment => state.charge(&id, false, now),
        Play::FailNextPayment => state.living_mut(&id).map(|one| one.next_payment_fails = true),
        Play::CancelAtPeriodEnd => state.set_cancel_at_period_end(&id, true, now),
        Play::Resume => state.set_cancel_at_period_end(&id, false, now),
        Play::Cancel => state.cancel(&id, now),
    });
    match played {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(error) => refused(&error),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: i64,
}

/// `POST /_fake/clock/advance`: moves the time forward, and simulates everything that becomes due.
#[post("/_fake/clock/advance")]
async fn advance(shared: web::Data<Shared>, body: web::Json<Advance>) -> HttpResponse {
    shared.advance(Duration::seconds(body.seconds));
    HttpResponse::NoContent().finish()
}

/// `POST /_fake/faults`: the next requests fail.
#[post("/_fake/faults")]
async fn add_fault(shared: web::Data<Shared>, fault: web::Json<RequestFault>) -> HttpResponse {
    match shared.faults.add(fault.into_inner()) {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(error) => HttpResponse::UnprocessableEntity().json(json!({ "error": error.to_string() })),
    }
}

/// `DELETE /_fake/faults`: the next requests fail no more.
#[delete("/_fake/faults")]
async fn clear_faults(shared: web::Data<Shared>) -> HttpResponse {
    shared.faults.clear();
    HttpResponse::NoContent().finish()
}

/// `POST /_fake/deliveries/faults`: deliveries of the next events fail.
#[post("/_fake/deliveries/faults")]
async fn disturb_deliveries(shared: web::Data<Shared>, fault: web::Json<DeliveryFault>) -> HttpResponse {
    shared.webhooks.with_plan(|plan| plan.add(fault.into_inner()));
    HttpResponse::NoContent().finish()
}

/// `DELETE /_fake/deliveries/faults`: deliveries fail no more.
#[delete("/_fake/deliveries/faults")]
async fn clear_disturbances(shared: web::Data<Shared>) -> HttpResponse {
    shared.webhooks.with_plan(|plan| plan.clear());
    HttpResponse::NoContent().finish()
}

/// `POST /_fake/deliveries/hold`: every event is held back.
#[post("/_fake/deliveries/hold")]
async fn hold_deliveries(shared: web::Data<Shared>) -> HttpResponse {
    shared.webhooks.with_plan(|plan| plan.hold());
    HttpResponse::NoContent().finish()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    #[serde(default)]
    order: ReleaseOrder,
}

/// `POST /_fake/deliveries/release`: delivers the events that were held back.
#[post("/_fake/deliveries/release")]
async fn release_deliveries(shared: web::Data<Shared>, body: web::Json<Release>) -> HttpResponse {
    shared.webhooks.release(body.order);
    HttpResponse::NoContent().finish()
}

/// `PUT /_fake/shapes`: sets the simulated versions of Stripe's API.
#[put("/_fake/shapes")]
async fn set_shapes(shared: web::Data<Shared>, shapes: web::Json<Shapes>) -> HttpResponse {
    shared.with(|state, _| state.shapes = shapes.into_inner());
    HttpResponse::NoContent().finish()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTarget {
    url: String,
    secret: String,
}

/// `PUT /_fake/webhook`: sets the webhook target.
#[put("/_fake/webhook")]
async fn set_webhook(shared: web::Data<Shared>, target: web::Json<NewTarget>) -> HttpResponse {
    let NewTarget { url, secret } = target.into_inner();
    match Url::parse(&url) {
        Ok(url) => {
            shared.webhooks.set_target(Some(WebhookTarget { url, secret }));
            HttpResponse::NoContent().finish()
        }
        Err(error) => HttpResponse::UnprocessableEntity().json(Refusal { error: error.to_string() }),
    }
}

#[derive(Debug, Serialize)]
struct Refusal {
    error: String,
}

fn refused(error: &PlayError) -> HttpResponse {
    let body = Refusal { error: error.to_string() };
    match error {
        PlayError::Unknown { .. } => HttpResponse::NotFound().json(body),
        PlayError::Impossible(_) => HttpResponse::Conflict().json(body),
    }
}

/// Answers a body that is not the expected JSON.
pub(super) fn refused_body(error: actix_web::error::JsonPayloadError, _: &HttpRequest) -> actix_web::Error {
    let answer = HttpResponse::BadRequest().json(Refusal { error: error.to_string() });
    InternalError::from_response(error, answer).into()
}
