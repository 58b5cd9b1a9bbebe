//! Calls under failures of the network and of Stripe, and over time.

use std::time::Duration;

use crate::support::{NOW, Scene};
use rstest::rstest;
use rubis_stripe::{StripeError, StripeGateway, StripeSettings};
use rubis_stripe_fake::{RequestAction, RequestFault};
use time::Duration as Span;

#[rstest]
#[case::overloaded(RequestAction::Status { status: 503 })]
#[case::too_many(RequestAction::Status { status: 429 })]
#[case::the_same_call_is_under_way(RequestAction::Status { status: 409 })]
#[case::a_proxy_in_between(RequestAction::Garbage { status: 502 })]
#[case::cut_before_the_effect(RequestAction::CutBefore)]
#[case::cut_after_the_effect(RequestAction::CutAfter)]
#[tokio::test]
async fn what_may_pass_is_tried_again_under_the_same_key_with_one_effect(#[case] action: RequestAction) {
    let scene = Scene::start().await;
    let checkout = scene.checkout("request-1", None).await;
    scene.fake.fail_requests(RequestFault::new(action).times(2).on("/checkout")).unwrap();

    let session = scene.gateway.create_checkout_session(&checkout).await.unwrap();
    let sessions = scene.fake.checkout_sessions();
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].id, session.id.as_str());
    let key = Some(format!("checkout-{}-request-1", scene.organization));
    assert_eq!(scene.keys_at("/v1/checkout/sessions"), [key.clone(), key.clone(), key]);
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_asked_for_again_and_the_effect_is_one() {
    let scene = Scene::with(|settings| settings.timeout = Duration::from_millis(400)).await;
    let late = RequestFault::new(RequestAction::Delay { milliseconds: 30_000 });
    scene.fake.fail_requests(late.on("/customers")).unwrap();
    let customer = scene.create_customer().await.unwrap();
    let customers = scene.fake.customers();
    assert_eq!(customers.len(), 1);
    assert_eq!(customers[0].id, customer.as_str());
}

#[tokio::test]
async fn a_call_that_is_lost_at_every_attempt_may_be_made_again_later_with_one_effect() {
    let scene = Scene::start().await;
    scene.fake.fail_requests(RequestFault::new(RequestAction::CutAfter).times(3)).unwrap();
    let lost = scene.create_customer().await.unwrap_err();
    assert!(lost.is_transient(), "{lost:?}");

    let customer = scene.create_customer().await.unwrap();
    let customers = scene.fake.customers();
    assert_eq!(customers.len(), 1);
    assert_eq!(customers[0].id, customer.as_str());
}

#[tokio::test]
async fn a_failure_that_stripe_repeats_under_a_key_is_overcome_by_another() {
    let scene = Scene::start().await;
    scene.fake.fail_requests(RequestFault::status(500).on("/v1/customers")).unwrap();
    let customer = scene.create_customer().await.unwrap();
    let first = format!("customer-{}", scene.organization);
    let next = format!("{first}-{}", NOW.unix_timestamp() / 60);
    assert_eq!(
        scene.keys_at("/v1/customers"),
        [&first, &first, &first, &next].map(|key| Some(key.clone())),
        "three times the same answer, then another key"
    );

    // All callers within the minute get the same.
    let (left, right) = tokio::join!(scene.create_customer(), scene.create_customer());
    assert_eq!([left.unwrap(), right.unwrap()], [customer.clone(), customer]);
    assert_eq!(scene.fake.customers().len(), 1);
}

#[tokio::test]
async fn a_stripe_that_fails_for_an_hour_keeps_nobody_out_afterwards() {
    let scene = Scene::start().await;
    let checkout = scene.checkout("request-1", None).await;
    scene.fake.fail_requests(RequestFault::status(500).times(u32::MAX).on("/checkout")).unwrap();
    for _ in 0..3 {
        let failed = scene.gateway.create_checkout_session(&checkout).await.unwrap_err();
        assert!(failed.is_transient(), "{failed:?}");
    }
    scene.fake.clear_request_faults();
    let failed = scene.gateway.create_checkout_session(&checkout).await.unwrap_err();
    assert!(failed.is_transient(), "within the minute it is as it was: {failed:?}");

    scene.clock.advance(Span::minutes(1));
    let session = scene.gateway.create_checkout_session(&checkout).await.unwrap();
    assert_eq!(scene.gateway.create_checkout_session(&checkout).await.unwrap(), session);
    assert_eq!(scene.fake.checkout_sessions().len(), 1);
}

#[rstest]
#[case::overloaded(RequestAction::Status { status: 429 })]
#[case::lost(RequestAction::CutAfter)]
#[case::a_proxy_in_between(RequestAction::Garbage { status: 502 })]
#[tokio::test]
async fn what_stripe_did_not_answer_is_not_asked_for_under_another_key(#[case] action: RequestAction) {
    let scene = Scene::start().await;
    scene.fake.fail_requests(RequestFault::new(action).times(3).on("/v1/customers")).unwrap();
    scene.create_customer().await.unwrap_err();
    let key = Some(format!("customer-{}", scene.organization));
    assert_eq!(scene.keys_at("/v1/customers"), [key.clone(), key.clone(), key]);
}

#[rstest]
#[case::late(RequestAction::Delay { milliseconds: 30_000 })]
#[case::lost(RequestAction::CutBefore)]
#[case::failed(RequestAction::Status { status: 500 })]
#[tokio::test]
async fn in_a_hurry_one_attempt_is_made(#[case] action: RequestAction) {
    let scene = Scene::with(|settings| settings.hurry = Duration::from_millis(400)).await;
    let customer = scene.create_customer().await.unwrap();
    let before = scene.fake.requests().len();
    scene.fake.fail_requests(RequestFault::new(action).times(2).on("/subscriptions")).unwrap();
    let one = scene.gateway.subscription_in_a_hurry(&"sub_1".into()).await.unwrap_err();
    let all = scene.gateway.subscriptions_of_in_a_hurry(&customer).await.unwrap_err();
    assert!(one.is_transient() && all.is_transient(), "{one:?} {all:?}");
    assert_eq!(scene.fake.requests().len(), before + 2);
    assert_eq!(scene.gateway.subscriptions_of_in_a_hurry(&customer).await, Ok(Vec::new()));
}

#[tokio::test]
async fn what_stripe_quotes_of_a_request_is_not_passed_on() {
    let scene = Scene::start().await;
    let nobody = "cus_quoted".into();
    let refused = scene.gateway.create_portal_session(&nobody, "http://localhost:5173/").await.unwrap_err();
    assert_eq!(refused.to_string(), "Stripe refused (400, resource_missing, customer)");
    assert!(!format!("{refused:?}").contains("quoted"));
}

#[tokio::test]
async fn no_more_attempts_are_made_than_allowed() {
    let scene = Scene::with(|settings| settings.attempts = 2).await;
    scene.fake.fail_requests(RequestFault::status(500).times(5)).unwrap();
    let failed = scene.gateway.price("rubis_pro_monthly").await.unwrap_err();
    assert!(matches!(failed, StripeError::Unavailable { .. }), "{failed:?}");
    assert_eq!(scene.fake.requests().len(), 2);
}

#[rstest]
#[case(400, "invalid_request_error")]
#[case(401, "invalid_request_error")]
#[case(402, "card_declined")]
#[case(403, "invalid_request_error")]
#[tokio::test]
async fn a_refusal_is_reported_as_it_is_and_not_asked_for_again(#[case] refused: u16, #[case] word: &str) {
    let scene = Scene::start().await;
    let customer = scene.create_customer().await.unwrap();
    let before = scene.fake.requests().len();
    scene.fake.fail_requests(RequestFault::status(refused)).unwrap();
    let error = scene.gateway.create_portal_session(&customer, "http://localhost:5173/").await.unwrap_err();
    let StripeError::Refused { code, status, .. } = error else { panic!("{error:?}") };
    assert_eq!((code.as_str(), status), (word, refused));
    assert_eq!(scene.fake.requests().len(), before + 1);
}

#[tokio::test]
async fn a_404_is_not_found_and_not_asked_for_again() {
    let scene = Scene::start().await;
    scene.fake.fail_requests(RequestFault::status(404)).unwrap();
    let error = scene.gateway.price("rubis_pro_monthly").await.unwrap_err();
    assert!(matches!(error, StripeError::NotFound { .. }), "{error:?}");
    assert_eq!(scene.fake.requests().len(), 1);
}

#[tokio::test]
async fn nobody_at_the_address_is_a_failure_that_may_pass() {
    let scene = Scene::start().await;
    let settings = StripeSettings {
        backoff: Duration::from_millis(1),
        // No server listens on the discard port.
        ..StripeSettings::new("sk_test_rubis".into()).at("http://127.0.0.1:9".parse().unwrap())
    };
    let gateway = StripeGateway::new(&settings, scene.clock.clone()).unwrap();
    let error = gateway.price("rubis_pro_monthly").await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn another_key_is_refused_and_appears_nowhere() {
    let scene = Scene::with(|settings| settings.secret_key = "sk_test_somebody_else".into()).await;
    let error = scene.create_customer().await.unwrap_err();
    assert!(matches!(error, StripeError::Refused { status: 401, .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("somebody_else"));
    let settings = StripeSettings::new("sk_test_somebody_else".into());
    assert!(!format!("{settings:?}").contains("somebody_else"));
}

#[tokio::test]
async fn settings_that_make_no_gateway_are_refused() {
    let scene = Scene::start().await;
    let unusable = [
        StripeSettings::new("sk_test\nkey".into()),
        StripeSettings::new("sk_test_rubis".into()).at("ftp://localhost/".parse().unwrap()),
    ];
    for settings in unusable {
        let made = StripeGateway::new(&settings, scene.clock.clone());
        assert!(matches!(made, Err(StripeError::Unexpected { .. })));
    }
}
