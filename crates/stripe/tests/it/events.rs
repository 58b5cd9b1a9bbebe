//! Events that the fake signs, read as the product reads them.

use crate::support::{NOW, Scene};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rstest::rstest;
use rubis_kernel::Currency;
use rubis_stripe::{
    Event, Stranger, SubscriptionStatus, parse_completed_checkout, parse_invoice, parse_subscription, verify,
};
use rubis_stripe_fake::{ApiShape, Shapes, WebhookTarget};
use serde_json::{Value, json};
use sha2::Sha256;
use time::Duration;

/// Returns every event so far of this kind, signed by the fake and verified by us.
fn verified(scene: &Scene, kind: &str) -> Vec<Event> {
    let signed = scene.fake.events().into_iter().filter(|event| event.kind == kind);
    signed
        .map(|event| {
            let delivery = scene.fake.sign(&event).unwrap();
            verify(delivery.body.as_bytes(), &delivery.signature, &["whsec_test".into()], NOW).unwrap()
        })
        .collect()
}

#[rstest]
#[case::before_2025(ApiShape::Classic)]
#[case::since_2025(ApiShape::Items)]
#[tokio::test]
async fn a_trial_and_the_payment_that_fails_after_it_are_reported_alike_in_both_versions(
    #[case] shape: ApiShape,
) {
    let scene = Scene::start().await;
    // No server listens there; the events are signed with its secret and read from the fake.
    let url = "http://127.0.0.1:9/".parse().unwrap();
    scene.fake.set_webhook(Some(WebhookTarget { url, secret: "whsec_test".to_owned() }));
    scene.fake.hold_deliveries();
    scene.fake.set_shapes(Shapes { api: ApiShape::default(), webhooks: shape });
    let session = scene.open_checkout(Some(14)).await;
    let id = scene.fake.complete_checkout(session.id.as_str()).unwrap();
    scene.fake.announce_trial_end(&id).unwrap();

    let completed = &verified(&scene, "checkout.session.completed")[0];
    let completed = parse_completed_checkout(&completed.object).unwrap();
    assert_eq!(completed.id, session.id);
    assert_eq!(completed.subscription, Some(id.as_str().into()));
    assert_eq!(completed.metadata["plan"], "pro");

    let created = &verified(&scene, "customer.subscription.created")[0];
    assert_eq!(created.created, NOW);
    let created = parse_subscription(&created.object).unwrap();
    assert_eq!(created.status, SubscriptionStatus::Trialing);
    assert_eq!(created.current_period_end, Some(NOW + Duration::days(14)));
    let announced = &verified(&scene, "customer.subscription.trial_will_end")[0];
    assert_eq!(parse_subscription(&announced.object).unwrap(), created);

    scene.fake.fail_payment(&id).unwrap();
    let failed = &verified(&scene, "invoice.payment_failed")[0];
    let failed = parse_invoice(&failed.object).unwrap();
    assert_eq!(failed.subscription, Some(id.as_str().into()));
    assert_eq!(failed.customer, completed.customer);
    assert_eq!((failed.amount_due_cents, failed.currency), (Some(2_900), Some(Currency::EUR)));
    assert_eq!(failed.attempt_count, Some(1));
    assert_eq!(failed.next_payment_attempt, Some(NOW + Duration::days(3)));
    assert_eq!(failed.subscription_metadata["plan"], "pro");
    let updated = &verified(&scene, "customer.subscription.updated")[0];
    assert_eq!(parse_subscription(&updated.object).unwrap().status, SubscriptionStatus::PastDue);

    scene.fake.cancel(&id).unwrap();
    let deleted = &verified(&scene, "customer.subscription.deleted")[0];
    assert_eq!(parse_subscription(&deleted.object).unwrap().status, SubscriptionStatus::Canceled);
}

#[rstest]
#[case::both_are_tests("sk_test_rubis", None)]
#[case::a_live_key("sk_live_rubis", Some(Stranger::OfAnotherMode))]
#[case::a_live_restricted_key("rk_live_rubis", Some(Stranger::OfAnotherMode))]
#[case::a_key_that_does_not_tell("rubis", None)]
#[tokio::test]
async fn an_event_is_of_the_mode_of_the_key(#[case] key: &str, #[case] stranger: Option<Stranger>) {
    let scene = Scene::with(|settings| settings.secret_key = key.into()).await;
    let mut event = told(&json!({ "livemode": false }));
    assert_eq!(scene.gateway.stranger(&event), stranger);
    event.livemode = None;
    assert_eq!(scene.gateway.stranger(&event), None);
}

#[tokio::test]
async fn an_event_of_a_connected_account_is_a_stranger() {
    let scene = Scene::start().await;
    let event = told(&json!({ "livemode": false, "account": "acct_1" }));
    assert_eq!(scene.gateway.stranger(&event), Some(Stranger::OfAnotherAccount));
    let event = told(&json!({ "livemode": true }));
    assert_eq!(scene.gateway.stranger(&event), Some(Stranger::OfAnotherMode));
    let event = told(&json!({ "livemode": false, "account": null }));
    assert_eq!(scene.gateway.stranger(&event), None);
}

/// Returns an event with these fields, verified.
fn told(more: &Value) -> Event {
    let mut body = json!({ "id": "evt_1", "type": "invoice.paid", "created": 1, "data": { "object": {} } });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let body = body.to_string();
    let sent = NOW.unix_timestamp();
    let header = format!("t={sent},v1={}", signature("whsec_test", &format!("{sent}.{body}")));
    verify(body.as_bytes(), &header, &["whsec_test".into()], NOW).unwrap()
}

fn signature(secret: &str, signed: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    HEXLOWER.encode(&mac.finalize().into_bytes())
}
