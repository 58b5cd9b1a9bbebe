//! Deliveries that pretend to be Stripe's.

use reqwest::Method;
use rubis_stripe_fake::SignedDelivery;
use rubis_testkit::{TestApp, WEBHOOK_SECRET};
use serde_json::json;
use time::Duration;

use crate::subscriber::{WEBHOOK, app_with_stripe, begin_trial, count, last_event, post, standing, stands};

/// Returns the body of an event that would end a subscription if it were accepted.
async fn ending(app: &TestApp) -> String {
    let mut event = last_event(app, "customer.subscription.created").body;
    event["id"] = json!("evt_forged");
    event["type"] = json!("customer.subscription.deleted");
    event["created"] = json!(app.now().unix_timestamp() + 100);
    event.to_string()
}

#[tokio::test]
async fn only_who_has_the_secret_is_believed_and_only_for_five_minutes() {
    let app = app_with_stripe().await;
    let owner = app.signed_up_owner().await;
    let id = begin_trial(&owner).await;
    let known = count(&app, "stripe_events").await;
    let (body, now) = (ending(&app).await, app.now());
    let signed_at = |at| SignedDelivery::new(body.clone(), WEBHOOK_SECRET, at);
    let right = signed_at(now);
    let with = |signature: String| SignedDelivery { signature, ..right.clone() };
    let v0_only = right.signature.replace("v1=", "v2=");
    let timestamp = now.unix_timestamp();
    let other_time = right.signature.replace(&format!("t={timestamp}"), &format!("t={}", timestamp - 1));
    for (what, delivery, code) in [
        ("an empty header", with(String::new()), "signature_malformed"),
        ("no pairs", with("nonsense".to_owned()), "signature_malformed"),
        ("no time", with("v1=00".to_owned()), "signature_malformed"),
        ("v0 only", with(v0_only), "signature_without_v1"),
        ("a short signature", with(format!("t={timestamp},v1=00")), "signature_mismatch"),
        ("another secret", SignedDelivery::new(body.clone(), "whsec_of_somebody", now), "signature_mismatch"),
        ("no secret", SignedDelivery::new(body.clone(), "", now), "signature_mismatch"),
        ("another time", with(other_time), "signature_mismatch"),
        (
            "another body",
            SignedDelivery { body: body.replace("evt_", "evt-"), ..right.clone() },
            "signature_mismatch",
        ),
        ("a byte more", SignedDelivery { body: format!("{body} "), ..right.clone() }, "signature_mismatch"),
        ("too old", signed_at(now - Duration::seconds(301)), "signature_stale"),
        ("from the future", signed_at(now + Duration::seconds(301)), "signature_from_the_future"),
        ("no event", SignedDelivery::new("[]".to_owned(), WEBHOOK_SECRET, now), "not_an_event"),
        ("no JSON", SignedDelivery::new("{".to_owned(), WEBHOOK_SECRET, now), "not_an_event"),
    ] {
        let refused = post(&app, &delivery).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, code), "{what}: {}", refused.text);
    }
    let unsigned =
        app.request(Method::POST, WEBHOOK).header("content-type", "application/json").body(body.clone());
    assert_eq!(app.send(unsigned).await.expect(400).code(), "signature_missing");
    assert_eq!(count(&app, "stripe_events").await, known);
    assert_eq!(standing(&owner).await, stands("pro", "trialing"));

    // The control: the same body with a valid signature is accepted to the last second. Stripe is asked
    // if the subscription has ended, and confirms it.
    app.stripe().hold_deliveries();
    app.stripe().cancel(&id).unwrap();
    post(&app, &signed_at(now - Duration::seconds(300))).await.expect(200);
    assert_eq!(standing(&owner).await, stands("free", "canceled"));
    app.finish().await;
}

#[tokio::test]
async fn two_secrets_serve_while_one_replaces_the_other() {
    let secrets = format!("whsec_the_next_one,{WEBHOOK_SECRET}");
    let app = TestApp::builder().with_stripe().set("STRIPE_WEBHOOK_SECRET", secrets).start().await;
    let event = |id: &str| {
        json!({
            "id": id, "type": "charge.succeeded", "created": app.now().unix_timestamp(),
            "data": { "object": {} },
        })
    };
    for (secret, status) in [("whsec_the_next_one", 200), (WEBHOOK_SECRET, 200), ("whsec_the_last_one", 400)]
    {
        let delivery = SignedDelivery::new(event(secret).to_string(), secret, app.now());
        post(&app, &delivery).await.expect(status);
    }
    // While both are in use, Stripe signs with both.
    let body = event("evt_both").to_string();
    let one = SignedDelivery::new(body.clone(), "whsec_unknown_here", app.now()).signature;
    let other = SignedDelivery::new(body.clone(), WEBHOOK_SECRET, app.now()).signature;
    let other = other.split(',').find(|element| element.starts_with("v1=")).unwrap();
    post(&app, &SignedDelivery { signature: format!("{one},{other}"), body }).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn a_body_beyond_its_limit_is_refused_before_it_is_looked_at() {
    let app = app_with_stripe().await;
    let body = " ".repeat(512 * 1024 + 1);
    let refused = post(&app, &SignedDelivery::new(body, WEBHOOK_SECRET, app.now())).await.expect(413);
    assert_eq!(refused.code(), "payload_too_large");
    app.finish().await;
}

#[tokio::test]
async fn no_rate_limit_keeps_stripe_out() {
    let app = app_with_stripe().await;
    for number in 0..300 {
        let event = json!({
            "id": format!("evt_{number}"), "type": "charge.succeeded",
            "created": app.now().unix_timestamp(), "data": { "object": {} },
        });
        post(&app, &SignedDelivery::new(event.to_string(), WEBHOOK_SECRET, app.now())).await.expect(200);
    }
    app.finish().await;
}
