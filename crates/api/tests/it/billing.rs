//! Rubis's own subscription: its state, and the ways to Stripe's pages.

use futures_util::future::join_all;
use reqwest::Method;
use rubis_stripe_fake::{RecordedRequest, RequestAction, RequestFault};
use rubis_testkit::{Answer, Owner, TestApp};
use serde_json::json;

use crate::subscriber::{
    WEBHOOK, app_with_stripe, begin_trial, buy, execute, pro, standing, stands, subscription,
};

/// The operations that lead to Stripe's pages.
const WAYS: [&str; 3] = ["/billing/checkout", "/billing/start-trial", "/billing/portal"];

/// The last request to a path of Stripe's.
fn asked(app: &TestApp, path: &str) -> RecordedRequest {
    app.stripe().requests().into_iter().rfind(|request| request.path == path).unwrap()
}

fn field<'a>(request: &'a RecordedRequest, name: &str) -> &'a str {
    request
        .fields
        .iter()
        .find(|(field, _)| field == name)
        .map(|(_, value)| value.as_str())
        .unwrap_or_default()
}

#[tokio::test]
async fn who_never_subscribed_has_the_free_plan() {
    let app = TestApp::builder().set("BILLING_FREE_INVOICES", "2").start().await;
    let owner = app.signed_up_owner().await;
    owner.invoice().due_in(30).create().await;
    let expected = json!({
        "plan": "free", "effectivePlan": "free", "status": null, "cycle": null,
        "inTrial": false, "trialEndsAt": null, "trialDaysRemaining": 0,
        "currentPeriodEnd": null, "cancelAtPeriodEnd": false,
        "pastDueSince": null, "graceEndsAt": null,
        "limits": { "chasedInvoices": 2 }, "usage": { "chasedInvoices": 1 }, "isAtLimit": false,
    });
    assert_eq!(subscription(&owner).await, expected);
    app.finish().await;
}

#[tokio::test]
async fn every_member_sees_the_subscription_and_only_owners_and_admins_change_it() {
    let app = app_with_stripe().await;
    let (owner, other) = (app.signed_up_owner().await, app.signed_up_owner().await);
    for (role, status) in [("member", 403), ("admin", 200)] {
        let colleague = join(&owner, &other, role).await;
        assert_eq!(subscription(&colleague).await, subscription(&owner).await);
        for way in WAYS {
            let answer = colleague.post(way, pro()).await.expect(status);
            assert_eq!(answer.code(), if status == 403 { "forbidden" } else { "" }, "{role} {way}");
        }
    }
    for way in WAYS {
        owner.post(way, pro()).await.expect(200);
        app.post(&format!("/api/v1{way}"), pro()).await.expect(401);
    }
    app.get("/api/v1/billing/subscription").await.expect(401);
    app.finish().await;
}

/// Makes an owner a member of another organization with this role, instead of their previous membership.
async fn join<'app>(owner: &Owner<'app>, other: &Owner<'app>, role: &str) -> Owner<'app> {
    let (organization, email) = (&owner.organization_id, &other.email);
    let user = format!("user_id = (SELECT id FROM users WHERE email = '{email}')");
    execute(owner.app, &format!("DELETE FROM sessions WHERE {user}")).await;
    let membership = format!("organization_id = '{organization}', role = '{role}'");
    execute(owner.app, &format!("UPDATE memberships SET {membership} WHERE {user}")).await;
    other.signed_in_again().await
}

#[tokio::test]
async fn a_checkout_leads_to_stripe_and_back_to_the_page_of_the_subscription() {
    let app = app_with_stripe().await;
    let owner = app.signed_up_owner().await;
    let body = json!({ "plan": "business", "cycle": "yearly" });
    let answer = owner.post("/billing/checkout", body).await.expect(200);
    let session = app.stripe().checkout_session(&answer.text_at("/sessionId")).unwrap();
    assert!(answer.text_at("/url").ends_with(&session.id), "{}", answer.text);
    let page = "http://localhost:5173/parametres/abonnement";
    assert_eq!(session.success_url, format!("{page}?checkout=success&session_id={{CHECKOUT_SESSION_ID}}"));
    assert_eq!(session.cancel_url, format!("{page}?checkout=cancel"));
    assert_eq!(session.trial_days, None);
    let metadata = [("organization_id", owner.organization_id.as_str()), ("plan", "business")];
    let metadata = metadata.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!((&session.metadata, &session.subscription_metadata), (&metadata, &metadata));
    let price = app.stripe().prices().into_iter().find(|price| price.id == session.price).unwrap();
    assert_eq!(price.lookup_key, "rubis_business_yearly");
    let request = asked(&app, "/v1/checkout/sessions");
    for (name, value) in [
        ("mode", "subscription"),
        ("allow_promotion_codes", "true"),
        ("payment_method_collection", "always"),
        ("locale", "fr"),
    ] {
        assert_eq!(field(&request, name), value, "{name}");
    }
    assert_eq!(standing(&owner).await, ("free".to_owned(), None), "nothing was bought yet");

    app.stripe().complete_checkout(&session.id).unwrap();
    app.stripe().settled().await;
    assert_eq!(standing(&owner).await, stands("business", "active"));
    assert_eq!(subscription(&owner).await["cycle"], "yearly");
    app.finish().await;
}

#[tokio::test]
async fn a_trial_takes_a_card_and_leads_back_to_the_onboarding() {
    let app = app_with_stripe().await;
    let owner = app.signed_up_owner().await;
    let answer = owner.post("/billing/start-trial", pro()).await.expect(200);
    let session = app.stripe().checkout_session(&answer.text_at("/sessionId")).unwrap();
    let web = "http://localhost:5173/onboarding";
    assert_eq!(session.success_url, format!("{web}/compte?trial=started&session_id={{CHECKOUT_SESSION_ID}}"));
    assert_eq!(session.cancel_url, format!("{web}/billing?trial=cancel"));
    assert_eq!(session.trial_days, Some(14));
    assert_eq!(session.metadata["is_trial"], "true");
    assert_eq!(session.subscription_metadata["is_trial"], "true");
    let again = owner.post("/billing/start-trial", pro()).await.expect(200);
    assert_eq!(again.json, answer.json, "it is the same checkout for the rest of the day");
    app.finish().await;
}

#[tokio::test]
async fn an_organization_has_one_trial_ever_and_one_subscription_at_a_time() {
    let app = app_with_stripe().await;
    let owner = app.signed_up_owner().await;
    let trial = begin_trial(&owner).await;
    let refused = owner.post("/billing/start-trial", pro()).await.expect(409);
    assert_eq!(refused.code(), "trial_already_consumed");
    assert_eq!(owner.post("/billing/checkout", pro()).await.expect(409).code(), "already_subscribed");

    app.stripe().cancel(&trial).unwrap();
    app.stripe().settled().await;
    assert_eq!(standing(&owner).await, stands("free", "canceled"));
    let refused = owner.post("/billing/start-trial", pro()).await.expect(409);
    assert_eq!(refused.code(), "trial_already_consumed", "it stays used");
    buy(&owner).await;
    assert_eq!(standing(&owner).await, stands("pro", "active"));
    assert_eq!(owner.post("/billing/start-trial", pro()).await.expect(409).code(), "trial_already_consumed");
    app.finish().await;
}

#[tokio::test]
async fn an_organization_that_subscribes_without_a_trial_has_no_trial_beside_it() {
    let app = app_with_stripe().await;
    let owner = app.signed_up_owner().await;
    buy(&owner).await;
    assert_eq!(owner.post("/billing/start-trial", pro()).await.expect(409).code(), "trial_already_consumed");
    app.finish().await;
}

#[tokio::test]
async fn those_who_go_to_checkout_at_once_are_one_customer() {
    let app = app_with_stripe().await;
    let (owner, other) = (app.signed_up_owner().await, app.signed_up_owner().await);
    let calls = (0..8).map(|number| owner.post(WAYS[number % 2], pro()));
    for answer in join_all(calls).await {
        answer.expect(200);
    }
    let [customer] = <[_; 1]>::try_from(app.stripe().customers()).unwrap();
    assert_eq!(owner.get("/organization").await.expect(200).text_at("/stripeCustomerId"), customer.id);
    other.post("/billing/checkout", pro()).await.expect(200);
    assert_eq!(app.stripe().customers().len(), 2, "another organization is another customer");
    app.finish().await;
}

#[tokio::test]
async fn the_portal_is_open_to_who_went_to_checkout_before() {
    let app = app_with_stripe().await;
    let (owner, other) = (app.signed_up_owner().await, app.signed_up_owner().await);
    assert_eq!(owner.act("/billing/portal").await.expect(409).code(), "no_stripe_customer");
    buy(&owner).await;
    let url = owner.act("/billing/portal").await.expect(200).text_at("/url");
    assert!(url.starts_with(app.stripe().api_base().as_str()), "{url}");
    let request = asked(&app, "/v1/billing_portal/sessions");
    assert_eq!(field(&request, "return_url"), "http://localhost:5173/parametres/abonnement");
    assert_eq!(field(&request, "customer"), app.stripe().customers()[0].id);
    assert_eq!(other.act("/billing/portal").await.expect(409).code(), "no_stripe_customer");
    app.finish().await;
}

#[tokio::test]
async fn what_one_organization_buys_is_nothing_to_another() {
    let app = app_with_stripe().await;
    let (owner, other) = (app.signed_up_owner().await, app.signed_up_owner().await);
    let id = begin_trial(&owner).await;
    assert_eq!(standing(&other).await, ("free".to_owned(), None));
    let told = owner.get("/organization").await.expect(200).json;
    assert_eq!(told["plan"], "pro");
    assert_eq!(told["subscriptionStatus"], "trialing");
    assert_eq!(told["billingCycle"], "monthly");
    assert_eq!(told["currentPeriodEnd"], "2026-12-08T09:00:00Z");
    assert_eq!(told["cancelAtPeriodEnd"], false);
    assert_eq!(told["trialEndsAt"], "2026-12-08T09:00:00Z");
    assert_eq!(told["stripeCustomerId"], app.stripe().customers()[0].id);
    assert_eq!(told["stripeSubscriptionId"], id);
    let me = owner.get("/me").await.expect(200).json;
    assert_eq!(me["organization"], told, "whoever is told of the organization is told the same");
    let session = owner.signed_in_again().await;
    assert_eq!(session.get("/organization").await.expect(200).json, told);
    let told = other.get("/organization").await.expect(200).json;
    assert_eq!((&told["plan"], &told["stripeCustomerId"]), (&json!("free"), &json!(null)));
    app.finish().await;
}

#[tokio::test]
async fn without_stripe_nobody_can_subscribe_and_all_else_goes_on() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    for way in WAYS {
        let answer = owner.post(way, pro()).await.expect(503);
        assert_eq!(answer.code(), "billing_unavailable", "{way}");
    }
    assert_eq!(app.post(WEBHOOK, json!({})).await.expect(503).code(), "billing_unavailable");
    assert_eq!(standing(&owner).await, ("free".to_owned(), None));
    owner.invoice().create().await;
    app.finish().await;
}

#[tokio::test]
async fn what_is_not_for_sale_is_refused_by_its_field() {
    let app = app_with_stripe().await;
    let owner = app.signed_up_owner().await;
    for way in ["/billing/checkout", "/billing/start-trial"] {
        for (body, errors) in [
            (json!({ "plan": "free", "cycle": "monthly" }), vec![("plan", "unknown_value")]),
            (json!({ "plan": "pro", "cycle": "weekly" }), vec![("cycle", "unknown_value")]),
            (json!({ "plan": "", "cycle": "" }), vec![("plan", "unknown_value"), ("cycle", "unknown_value")]),
            (json!({ "plan": "pro" }), vec![("cycle", "missing_field")]),
        ] {
            assert_eq!(owner.post(way, body).await.expect(422).field_errors(), errors);
        }
    }
    assert!(app.stripe().requests().is_empty());
    app.finish().await;
}

async fn checkout_with(fault: RequestFault) -> (Answer, Answer, usize) {
    let app = app_with_stripe().await;
    let owner = app.signed_up_owner().await;
    app.stripe().fail_requests(fault).unwrap();
    let refused = owner.post("/billing/checkout", pro()).await;
    app.stripe().clear_request_faults();
    let after = owner.post("/billing/checkout", pro()).await;
    let customers = app.stripe().customers().len();
    app.finish().await;
    (refused, after, customers)
}

#[tokio::test]
async fn a_stripe_that_fails_is_distinguished_from_one_that_refuses() {
    let every = |action, path| RequestFault::new(action).times(3).on(path);
    for (fault, status, code) in [
        (RequestFault::status(500).times(3), 503, "stripe_unavailable"),
        (RequestFault::status(429).times(3), 503, "stripe_unavailable"),
        (every(RequestAction::CutBefore, "/prices"), 503, "stripe_unavailable"),
        (every(RequestAction::CutAfter, "/customers"), 503, "stripe_unavailable"),
        (every(RequestAction::Garbage { status: 502 }, "/sessions"), 503, "stripe_unavailable"),
        (RequestFault::status(401), 502, "stripe_refused"),
        (RequestFault::status(400).on("/sessions"), 502, "stripe_refused"),
        (RequestFault::status(404).on("/customers"), 502, "stripe_object_missing"),
    ] {
        let (refused, after, customers) = checkout_with(fault.clone()).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (status, code), "{fault:?}");
        assert_eq!(!refused.header("retry-after").is_empty(), status == 503);
        assert_eq!(after.status.as_u16(), 200, "{fault:?}: {}", after.text);
        assert_eq!(customers, 1, "{fault:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_on_the_way_is_asked_for_again_unnoticed() {
    for path in ["/customers", "/sessions"] {
        let fault = RequestFault::new(RequestAction::CutAfter).on(path);
        let (first, _, customers) = checkout_with(fault).await;
        assert_eq!((first.status.as_u16(), customers), (200, 1), "{path}: {}", first.text);
    }
}

#[tokio::test]
async fn an_organization_in_a_loop_does_not_spend_what_stripe_allows_all_of_us() {
    let app = app_with_stripe().await;
    let (owner, other) = (app.signed_up_owner().await, app.signed_up_owner().await);
    for _ in 0..30 {
        owner.act("/billing/portal").await.expect(409);
    }
    let limited = owner.act("/billing/portal").await.expect(429);
    assert_eq!((limited.code(), limited.header("retry-after").is_empty()), ("rate_limited", false));
    owner.send(Method::GET, "/billing/subscription").await.expect(200);
    other.act("/billing/portal").await.expect(409);
    app.finish().await;
}
