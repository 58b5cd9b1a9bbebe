//! Events that are signed with the right secret by a forger: the secret has leaked.

use rubis_stripe_fake::RequestFault;
use rubis_testkit::{Owner, TestApp};
use serde_json::{Value, json};
use time::Duration;

use crate::subscriber::{
    app_with_stripe, begin_trial, buy, count, deliver, deliver_body, last_event, pro, standing, stands,
    subscription,
};

/// A subscription to the largest plan, as an event would state it.
fn forged(app: &TestApp, kind: &str, subscription: &str, customer: &str, organization: &Value) -> Value {
    let mut event = last_event(app, "customer.subscription.created").body;
    event["id"] = json!(format!("evt_forged_{kind}_{subscription}_{customer}"));
    event["type"] = json!(kind);
    event["created"] = json!(app.now().unix_timestamp() + 200);
    let object = &mut event["data"]["object"];
    object["id"] = json!(subscription);
    object["customer"] = json!(customer);
    object["status"] = json!("active");
    object["metadata"] = json!({ "organization_id": organization, "plan": "business" });
    object["items"]["data"][0]["price"]["lookup_key"] = json!("rubis_business_yearly");
    event
}

fn forged_checkout(app: &TestApp, subscription: &str, customer: &str, organization: &Value) -> Value {
    json!({
        "id": format!("evt_forged_checkout_{subscription}_{customer}"),
        "object": "event", "type": "checkout.session.completed", "livemode": false,
        "created": app.now().unix_timestamp() + 200,
        "data": { "object": {
            "id": "cs_forged", "object": "checkout.session", "mode": "subscription",
            "customer": customer, "subscription": subscription,
            "metadata": { "organization_id": organization },
        } },
    })
}

async fn organization_of(owner: &Owner<'_>) -> Value {
    owner.get("/organization").await.expect(200).json["id"].clone()
}

async fn outcomes(app: &TestApp, outcome: &str) -> i64 {
    count(app, &format!("stripe_events WHERE outcome = '{outcome}'")).await
}

#[tokio::test]
async fn a_forged_subscription_upgrades_nobody_and_a_real_one_does() {
    let app = app_with_stripe().await;
    let (paying, free) = (app.signed_up_owner().await, app.signed_up_owner().await);
    let theirs = buy(&paying).await;
    let their_customer = app.stripe().subscription(&theirs).unwrap().customer;
    let organization = organization_of(&free).await;

    // Before and after the organization is a customer of Stripe's.
    let mut customer = "cus_made_up".to_owned();
    for round in 1..=2 {
        let unknown = forged(&app, "customer.subscription.created", "sub_made_up", &customer, &organization);
        deliver_body(&app, &unknown).await.expect(200);
        let unknown = forged_checkout(&app, "sub_made_up", &customer, &organization);
        deliver_body(&app, &unknown).await.expect(200);
        assert_eq!(outcomes(&app, "unknown_subscription").await, 2 * round, "Stripe knows no such one");

        let of_another = forged(&app, "customer.subscription.created", &theirs, &customer, &organization);
        deliver_body(&app, &of_another).await.expect(200);
        let of_another = forged_checkout(&app, &theirs, &customer, &organization);
        deliver_body(&app, &of_another).await.expect(200);
        assert_eq!(
            outcomes(&app, "conflicting_organization").await,
            3 * round - 1,
            "it is another organization's"
        );
        let openly = forged(&app, "customer.subscription.created", &theirs, &their_customer, &organization);
        deliver_body(&app, &openly).await.expect(200);
        assert_eq!(outcomes(&app, "conflicting_organization").await, if round == 1 { 3 } else { 5 });

        assert_eq!(standing(&free).await, ("free".to_owned(), None));
        assert_eq!(standing(&paying).await, stands("pro", "active"));
        free.post("/billing/checkout", pro()).await.expect(200);
        let ours = app.stripe().customers().into_iter().find(|known| known.id != their_customer).unwrap();
        customer = ours.id;
    }

    // The control: one that was bought.
    buy(&free).await;
    assert_eq!(standing(&free).await, stands("pro", "active"));
    app.finish().await;
}

#[tokio::test]
async fn a_forged_change_of_ones_own_subscription_raises_nothing() {
    let app = app_with_stripe().await;
    let owner = app.signed_up_owner().await;
    let id = begin_trial(&owner).await;
    let organization = organization_of(&owner).await;
    let before = subscription(&owner).await;
    let customer = app.stripe().subscription(&id).unwrap().customer;
    app.clock.advance(Duration::minutes(5));
    let larger = forged(&app, "customer.subscription.updated", &id, &customer, &organization);
    deliver_body(&app, &larger).await.expect(200);
    assert_eq!(
        subscription(&owner.signed_in_again().await).await,
        before,
        "Stripe was asked, and says otherwise"
    );

    let mut longer = last_event(&app, "customer.subscription.created").body;
    longer["id"] = json!("evt_forged_trial");
    longer["type"] = json!("customer.subscription.updated");
    longer["created"] = json!(app.now().unix_timestamp() + 250);
    longer["data"]["object"]["trial_end"] = json!(4_102_444_800_i64);
    deliver_body(&app, &longer).await.expect(200);
    assert_eq!(subscription(&owner.signed_in_again().await).await, before, "nor does a trial last for ever");

    // The control: a change that was made at Stripe.
    app.clock.advance(Duration::minutes(10));
    app.stripe().change_price(&id, "rubis_business_yearly").unwrap();
    app.stripe().settled().await;
    assert_eq!(standing(&owner.signed_in_again().await).await, stands("business", "trialing"));
    app.finish().await;
}

#[tokio::test]
async fn while_stripe_does_not_answer_an_event_is_refused_and_applied_when_it_comes_again() {
    let app = app_with_stripe().await;
    let owner = app.signed_up_owner().await;
    app.stripe().hold_deliveries();
    let session = owner.post("/billing/checkout", pro()).await.expect(200).text_at("/sessionId");
    app.stripe().complete_checkout(&session).unwrap();
    let known = count(&app, "stripe_events").await;
    app.stripe().fail_requests(RequestFault::status(500).times(20)).unwrap();
    for kind in ["customer.subscription.created", "checkout.session.completed"] {
        let refused = deliver(&app, &last_event(&app, kind)).await;
        assert_eq!(refused.status.as_u16(), 500, "{kind}: {}", refused.text);
    }
    assert_eq!(
        count(&app, "stripe_events").await,
        known,
        "nothing is on record, so that it is delivered again"
    );
    assert_eq!(standing(&owner).await, ("free".to_owned(), None));

    app.stripe().clear_request_faults();
    deliver(&app, &last_event(&app, "customer.subscription.created")).await.expect(200);
    assert_eq!(standing(&owner).await, stands("pro", "active"));
    app.finish().await;
}
