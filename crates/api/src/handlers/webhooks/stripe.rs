//! `POST /webhooks/stripe`

use actix_web::{
    HttpRequest, post,
    web::{Data, Payload},
};
use rubis_billing::EventOutcome;
use rubis_stripe::{Event, verify};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::measurements::{UNVERIFIED, count, counted_type};
use crate::{
    ApiError, ApiResult, App, Reply,
    audit::{Audit, AuditEvent},
    body_limit::EVENT_LIMIT,
    json_body, labels,
};

/// The outcome of an event, for readers of its delivery in Stripe's dashboard.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryBody {
    /// The outcome.
    #[schema(value_type = labels::EventOutcome)]
    pub outcome: &'static str,
}

/// Accepts an event of Stripe's about Rubis's own subscriptions.
///
/// Called by Stripe. The signature is checked on the raw body; each event has its effect once, however
/// often and in whatever order events are delivered. Irrelevant types are answered with 200.
#[utoipa::path(
    tag = "webhooks",
    request_body(
        content = Object,
        content_type = "application/json; charset=utf-8",
        description = "An event, as Stripe writes it.",
    ),
    responses(
        (status = 200, description = "The event was processed.", body = DeliveryBody),
        (status = 400, description = "`signature_missing`, `signature_malformed`, `signature_without_v1`, `signature_mismatch`, `signature_stale`, `signature_from_the_future`, `not_an_event`: the delivery is rejected. `unreadable_body`: the body is incomplete."),
        (status = 413, description = "`payload_too_large`: the body has more than 512 KiB."),
        (status = 500, description = "`internal`: the event could not be processed; Stripe delivers it again."),
        (status = 503, description = "`billing_unavailable`: this server is set up without Stripe."),
    ),
    security(("stripeSignature" = [])),
)]
#[post("/webhooks/stripe")]
pub async fn receive_stripe_event(
    request: HttpRequest,
    payload: Payload,
    app: Data<App>,
) -> ApiResult<DeliveryBody> {
    let body = json_body::read_within(payload.into_inner(), EVENT_LIMIT).await?;
    let stripe = app.billing.stripe()?;
    let now = app.clock.now();
    let event = believed(&request, &body, &app, now).inspect_err(|refusal| {
        count(UNVERIFIED, refusal.code());
        tracing::warn!(code = refusal.code(), "webhook rejected");
        Audit::of(&request).record(&AuditEvent::WebhookRejected { code: refusal.code() });
    })?;
    if let Some(stranger) = stripe.stranger(&event) {
        tracing::warn!(event = event.id, kind = event.kind, %stranger, "webhook event ignored");
    }
    let kind = counted_type(&event.kind);
    match rubis_billing::handle_event(&app.db, stripe, &event, now).await {
        Ok(outcome) => {
            count(kind, outcome.as_str());
            tell(&event, outcome);
            Ok(Reply(DeliveryBody { outcome: outcome.as_str() }))
        }
        Err(error) => {
            count(kind, "failed");
            tracing::error!(event = event.id, kind = event.kind, "webhook event failed");
            // Any failure: Stripe delivers an event again until the response is a success.
            Err(ApiError::internal(error))
        }
    }
}

fn believed(request: &HttpRequest, body: &[u8], app: &App, now: OffsetDateTime) -> Result<Event, ApiError> {
    let header = request.headers().get("stripe-signature").ok_or_else(ApiError::signature_missing)?;
    // A header that is not text is no valid signature either.
    let header = header.to_str().unwrap_or_default();
    Ok(verify(body, header, &app.billing.webhook_secrets, now)?)
}

fn tell(event: &Event, outcome: EventOutcome) {
    let (id, kind, outcome_name) = (&event.id, &event.kind, outcome.as_str());
    if outcome.is_suspicious() {
        tracing::warn!(event = id, kind, outcome = outcome_name, "webhook event needs attention");
    } else {
        tracing::info!(event = id, kind, outcome = outcome_name, "webhook event processed");
    }
}
