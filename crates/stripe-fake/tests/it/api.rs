//! Stripe's API, as the fake implements it.

use crate::support::Scene;
use rstest::rstest;
use rubis_stripe_fake::{RequestAction, RequestFault};
use serde_json::Value;
use time::Duration;

async fn error_of(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, body["error"].clone())
}

#[tokio::test]
async fn only_the_secret_key_opens_as_a_bearer_token_or_as_a_user_name() {
    let scene = Scene::start().await;
    let address = scene.at("/v1/prices");
    let ask = |request: reqwest::RequestBuilder| async { request.send().await.unwrap().status().as_u16() };
    assert_eq!(ask(scene.client.get(&address)).await, 401);
    assert_eq!(ask(scene.client.get(&address).bearer_auth("sk_test_other")).await, 401);
    assert_eq!(ask(scene.client.get(&address).bearer_auth("sk_test_rubis")).await, 200);
    assert_eq!(ask(scene.client.get(&address).basic_auth("sk_test_rubis", Some(""))).await, 200);
    assert_eq!(ask(scene.client.get(&address).basic_auth("sk_test_other", Some(""))).await, 401);
}

#[tokio::test]
async fn the_prices_of_rubis_are_found_by_their_lookup_keys() {
    let scene = Scene::start().await;
    let keys = "lookup_keys[]=rubis_pro_monthly&lookup_keys[]=rubis_business_yearly&lookup_keys[]=none";
    let found: Value = scene.get(&format!("/v1/prices?{keys}")).await.json().await.unwrap();
    let mut names: Vec<&str> =
        found["data"].as_array().unwrap().iter().map(|one| one["lookup_key"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["rubis_business_yearly", "rubis_pro_monthly"]);
}

#[rstest]
#[case::a_field_that_stripe_does_not_have("/v1/customers", "nom=Martin", "parameter_unknown", "nom")]
#[case::an_address_without_at("/v1/customers", "email=martin", "email_invalid", "email")]
#[case::no_mode("/v1/checkout/sessions", "customer=cus_1", "parameter_missing", "mode")]
#[case::nobody("/v1/checkout/sessions", "mode=subscription&customer=cus_1", "resource_missing", "customer")]
#[case::nobody_at_the_portal(
    "/v1/billing_portal/sessions",
    "customer=cus_1&return_url=http://localhost/",
    "resource_missing",
    "customer"
)]
#[tokio::test]
async fn what_stripe_would_refuse_is_refused_in_its_words(
    #[case] path: &str,
    #[case] fields: &str,
    #[case] code: &str,
    #[case] param: &str,
) {
    let scene = Scene::start().await;
    let (status, error) = error_of(scene.post(path, fields).await).await;
    assert_eq!(status, 400);
    assert_eq!(error["type"], "invalid_request_error");
    assert_eq!(error["code"].as_str().unwrap_or_default(), code);
    assert_eq!(error["param"], param);
}

#[rstest]
#[case::no_price("line_items[0][price]", "price_nothing")]
#[case::two_of_them("line_items[0][quantity]", "2")]
#[case::nowhere("success_url", "nowhere")]
#[case::no_day_of_trial("subscription_data[trial_period_days]", "0")]
#[case::years_of_trial("subscription_data[trial_period_days]", "731")]
#[tokio::test]
async fn a_checkout_of_something_impossible_is_refused(#[case] field: &str, #[case] value: &str) {
    let scene = Scene::start().await;
    let customer = scene.customer().await;
    // The last of two fields with one name counts.
    let fields = scene.checkout_fields(&customer, &format!("&{field}={value}"));
    let (status, error) = error_of(scene.post("/v1/checkout/sessions", &fields).await).await;
    assert_eq!((status, error["param"].as_str()), (400, Some(field)));
    assert_eq!(scene.fake.checkout_sessions(), []);
}

#[tokio::test]
async fn what_does_not_exist_is_404() {
    let scene = Scene::start().await;
    for path in ["/v1/customers/cus_1", "/v1/checkout/sessions/cs_1", "/v1/subscriptions/sub_1"] {
        let (status, error) = error_of(scene.get(path).await).await;
        assert_eq!((status, error["code"].as_str()), (404, Some("resource_missing")));
    }
    let (status, error) = error_of(scene.get("/v1/refunds").await).await;
    assert_eq!((status, error["code"].as_str()), (404, None));
}

#[tokio::test]
async fn the_same_request_under_the_same_key_has_one_effect_and_one_answer_for_a_day() {
    let scene = Scene::start().await;
    let ask = |fields: &'static str| scene.post_under(Some("key-1"), "/v1/customers", fields);
    let first = ask("name=Martin&metadata[a]=1").await;
    assert!(first.headers().get("Idempotent-Replayed").is_none());
    let again = ask("metadata[a]=1&name=Martin").await;
    assert_eq!(again.headers()["Idempotent-Replayed"], "true");
    let [first, again]: [Value; 2] = [first.json().await.unwrap(), again.json().await.unwrap()];
    assert_eq!(first, again);
    assert_eq!(scene.fake.customers().len(), 1);

    let (status, error) = error_of(ask("name=Durand").await).await;
    assert_eq!((status, error["type"].as_str()), (400, Some("idempotency_error")));

    scene.clock.advance(Duration::days(1));
    assert_eq!(ask("name=Durand").await.status(), 200);
    assert_eq!(scene.fake.customers().len(), 2);
}

#[tokio::test]
async fn a_request_that_was_refused_may_be_corrected_under_its_key() {
    let scene = Scene::start().await;
    assert_eq!(scene.post_under(Some("key-1"), "/v1/customers", "email=martin").await.status(), 400);
    assert_eq!(scene.post_under(Some("key-1"), "/v1/customers", "email=m@m.fr").await.status(), 200);
}

#[tokio::test]
async fn a_subscription_is_changed_and_ended_by_its_own_address() {
    let scene = Scene::start().await;
    let id = scene.subscribed(false).await;
    let path = format!("/v1/subscriptions/{id}");
    let changed: Value =
        scene.post(&path, "cancel_at_period_end=true&metadata[plan]=pro").await.json().await.unwrap();
    assert_eq!(changed["cancel_at_period_end"], true);
    assert_eq!(changed["metadata"]["plan"], "pro");

    let delete = || scene.client.delete(scene.at(&path)).bearer_auth(crate::support::SECRET_KEY).send();
    let ended: Value = delete().await.unwrap().json().await.unwrap();
    assert_eq!(ended["status"], "canceled");
    assert_eq!(error_of(delete().await.unwrap()).await.0, 400);
}

#[tokio::test]
async fn a_connection_that_is_cut_gives_not_a_byte_and_the_effect_as_programmed() {
    let scene = Scene::start().await;
    for (action, customers) in [(RequestAction::CutBefore, 0), (RequestAction::CutAfter, 1)] {
        scene.fake.fail_requests(RequestFault::new(action)).unwrap();
        let request = scene.client.post(scene.at("/v1/customers")).bearer_auth(crate::support::SECRET_KEY);
        let lost = request.body("name=Martin").send().await;
        assert!(lost.is_err(), "{lost:?}");
        assert_eq!(scene.fake.customers().len(), customers);
    }
}

#[tokio::test]
async fn a_failure_is_what_its_key_is_answered_for_a_day_and_overload_is_not() {
    let scene = Scene::start().await;
    for (status, again) in [(500, 500), (503, 200), (429, 200)] {
        scene.fake.fail_requests(RequestFault::status(status)).unwrap();
        let key = format!("key-{status}");
        let ask = || scene.post_under(Some(&key), "/v1/customers", "name=Martin");
        assert_eq!(ask().await.status(), status);
        assert_eq!(ask().await.status(), again);
    }
    let replayed = scene.post_under(Some("key-500"), "/v1/customers", "name=Martin").await;
    assert_eq!(replayed.headers()["Idempotent-Replayed"], "true");
    scene.clock.advance(Duration::days(1));
    assert_eq!(scene.post_under(Some("key-500"), "/v1/customers", "name=Martin").await.status(), 200);
}

#[tokio::test]
async fn a_customer_who_was_deleted_has_no_subscription_and_gets_none() {
    let scene = Scene::start().await;
    let subscription = scene.subscribed(true).await;
    let customer = scene.fake.subscription(&subscription).unwrap().customer;
    let path = format!("/v1/customers/{customer}");
    let delete = || scene.client.delete(scene.at(&path)).bearer_auth(crate::support::SECRET_KEY).send();
    let deleted: Value = delete().await.unwrap().json().await.unwrap();
    assert_eq!(deleted["deleted"], true);
    assert!(scene.fake.subscription(&subscription).unwrap().is_over());
    assert!(scene.kinds().ends_with(&["customer.subscription.deleted".into(), "customer.deleted".into()]));

    assert_eq!(error_of(delete().await.unwrap()).await.0, 404);
    assert_eq!(error_of(scene.post(&path, "name=Martin").await).await.0, 404);
    let fields = scene.checkout_fields(&customer, "");
    let (status, error) = error_of(scene.post("/v1/checkout/sessions", &fields).await).await;
    assert_eq!(
        (status, error["code"].as_str(), error["param"].as_str()),
        (400, Some("resource_missing"), Some("customer"))
    );
    let listed: Value =
        scene.get(&format!("/v1/subscriptions?customer={customer}&status=all")).await.json().await.unwrap();
    assert_eq!(listed["data"][0]["status"], "canceled");
}

#[tokio::test]
async fn subscriptions_are_listed_page_by_page_newest_first() {
    let scene = Scene::start().await;
    let customer = scene.customer().await;
    let mut made = Vec::new();
    for _ in 0..3 {
        let fields = scene.checkout_fields(&customer, "");
        let session: Value = scene.post("/v1/checkout/sessions", &fields).await.json().await.unwrap();
        made.insert(0, scene.fake.complete_checkout(session["id"].as_str().unwrap()).unwrap());
        scene.clock.advance(Duration::seconds(1));
    }
    scene.fake.cancel(&made[2]).unwrap();
    let list = async |more: &str| {
        let page: Value =
            scene.get(&format!("/v1/subscriptions?customer={customer}{more}")).await.json().await.unwrap();
        let ids = page["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned());
        (ids.collect::<Vec<_>>(), page["has_more"].as_bool().unwrap())
    };
    assert_eq!(list("").await, (made[..2].to_vec(), false), "those that ended are asked for");
    assert_eq!(list("&status=all&limit=2").await, (made[..2].to_vec(), true));
    let rest = format!("&status=all&limit=2&starting_after={}", made[1]);
    assert_eq!(list(&rest).await, (made[2..].to_vec(), false));
    assert_eq!(list("&status=canceled").await, (made[2..].to_vec(), false));
    let (status, error) = error_of(scene.get("/v1/subscriptions?customer=cus_nobody").await).await;
    assert_eq!((status, error["param"].as_str()), (400, Some("customer")));
}
