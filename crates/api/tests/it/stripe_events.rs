//! Stripe events, delivered over HTTP: once, twice, fifty times, late, in any order, in either shape.

use futures_util::future::join_all;
use rubis_stripe_fake::{ApiShape, DeliveryFault, DeliveryOutcome, ReleaseOrder, RequestFault, Shapes};
use rubis_testkit::TestApp;
use serde_json::json;
use time::Duration;

use crate::subscriber::{
    app_with_stripe, begin_trial, buy, count, deliver, deliver_body, last_event, pro, standing, stands,
    subscription,
};

const A_WHILE: Duration = Duration::minutes(5);

fn lose(kind: &str) -> DeliveryFault {
    DeliveryFault::Lose { times: 1, of: Some(kind.to_owned()) }
}

/// Every delivery that reached the application was answered with this status.
#[track_caller]
fn assert_all_answered(app: &TestApp, status: u16) {
    for delivery in app.stripe().deliveries() {
        if delivery.outcome != DeliveryOutcome::Lost {
            assert_eq!(delivery.outcome, DeliveryOutcome::Answered { status }, "{delivery:?}");
        }
    }
}

#[tokio::test]
async fn any_of_the_events_of_a_checkout_alone_begins_the_subscription() {
    let kinds = ["checkout.session.completed", "customer.subscription.created", "invoice.paid"];
    for only in &kinds[..2] {
        let app = app_with_stripe().await;
        let owner = app.signed_up_owner().await;
        for kind in kinds.iter().filter(|kind| *kind != only) {
            app.stripe().disturb_deliveries(lose(kind));
        }
        begin_trial(&owner).await;
        let told = subscription(&owner).await;
        assert_eq!(standing(&owner).await, stands("pro", "trialing"), "{only}");
        assert_eq!((&told["inTrial"], &told["trialDaysRemaining"]), (&json!(true), &json!(14)));
        assert_eq!(told["trialEndsAt"], "2026-12-08T09:00:00Z");
        app.clock.advance(Duration::days(13) + Duration::hours(23));
        let later = subscription(&owner.signed_in_again().await).await;
        assert_eq!(later["trialDaysRemaining"], 1, "rounded up");
        assert_all_answered(&app, 200);
        app.finish().await;
    }
}

#[tokio::test]
async fn what_is_changed_in_the_portal_is_reported() {
    let app = app_with_stripe().await;
    let owner = app.signed_up_owner().await;
    let id = buy(&owner).await;
    app.clock.advance(A_WHILE);
    app.stripe().change_price(&id, "rubis_business_yearly").unwrap();
    app.stripe().settled().await;
    let told = subscription(&owner).await;
    assert_eq!((&told["plan"], &told["cycle"]), (&json!("business"), &json!("yearly")));

    app.clock.advance(A_WHILE);
    app.stripe().set_cancel_at_period_end(&id, true).unwrap();
    app.stripe().settled().await;
    let told = subscription(&owner).await;
    assert_eq!((&told["cancelAtPeriodEnd"], &told["status"]), (&json!(true), &json!("active")));

    app.clock.advance(A_WHILE);
    app.stripe().set_cancel_at_period_end(&id, false).unwrap();
    app.stripe().settled().await;
    assert_eq!(subscription(&owner).await["cancelAtPeriodEnd"], false);
    assert_all_answered(&app, 200);
    app.finish().await;
}

#[tokio::test]
async fn a_subscription_that_is_deleted_leaves_the_free_plan_and_a_trial_that_was_used() {
    let app = app_with_stripe().await;
    let owner = app.signed_up_owner().await;
    let id = begin_trial(&owner).await;
    app.clock.advance(A_WHILE);
    app.stripe().cancel(&id).unwrap();
    app.stripe().settled().await;
    let told = subscription(&owner).await;
    assert_eq!(
        (&told["plan"], &told["status"], &told["cycle"]),
        (&json!("free"), &json!("canceled"), &json!(null))
    );
    assert_eq!(told["trialEndsAt"], "2026-12-08T09:00:00Z");
    assert_eq!(told["inTrial"], false);
    app.finish().await;
}

#[tokio::test]
async fn a_payment_that_fails_is_reported_with_the_grace_and_one_that_comes_in_ends_it() {
    let app = app_with_stripe().await;
    let owner = app.signed_up_owner().await;
    let id = buy(&owner).await;
    app.clock.advance(A_WHILE);
    app.stripe().fail_payment(&id).unwrap();
    app.stripe().settled().await;
    let told = subscription(&owner).await;
    assert_eq!((&told["status"], &told["effectivePlan"]), (&json!("past_due"), &json!("pro")));
    assert_eq!(told["pastDueSince"], "2026-11-24T09:05:00Z");
    assert_eq!(told["graceEndsAt"], "2026-12-01T09:05:00Z");

    app.clock.advance(A_WHILE);
    app.stripe().succeed_payment(&id).unwrap();
    app.stripe().settled().await;
    let told = subscription(&owner).await;
    assert_eq!(
        (&told["status"], &told["pastDueSince"], &told["graceEndsAt"]),
        (&json!("active"), &json!(null), &json!(null))
    );
    app.run_due_jobs().await;
    assert!(app.mails().is_empty(), "it came in before anybody was told");
    app.finish().await;
}

#[tokio::test]
async fn a_missing_payment_is_known_from_either_of_its_events() {
    for lost in ["invoice.payment_failed", "customer.subscription.updated"] {
        let app = app_with_stripe().await;
        let owner = app.signed_up_owner().await;
        let id = buy(&owner).await;
        app.clock.advance(A_WHILE);
        app.stripe().disturb_deliveries(lose(lost));
        app.stripe().fail_payment(&id).unwrap();
        app.stripe().settled().await;
        assert_eq!(standing(&owner).await, stands("pro", "past_due"), "{lost} was lost");
        app.finish().await;
    }
}

#[tokio::test]
async fn fifty_deliveries_of_one_event_in_parallel_have_one_effect() {
    let app = app_with_stripe().await;
    let owner = app.signed_up_owner().await;
    let id = begin_trial(&owner).await;
    app.clock.advance(A_WHILE);
    app.stripe().hold_deliveries();
    app.stripe().announce_trial_end(&id).unwrap();
    let [event] = <[_; 1]>::try_from(app.stripe().held_events()).unwrap();
    let answers = join_all((0..50).map(|_| deliver(&app, &event))).await;
    let mut outcomes: Vec<String> =
        answers.into_iter().map(|answer| answer.expect(200).text_at("/outcome")).collect();
    outcomes.sort();
    assert_eq!(outcomes[0], "applied");
    assert!(outcomes[1..].iter().all(|outcome| outcome == "duplicate"), "{outcomes:?}");
    assert_eq!(count(&app, "jobs WHERE id LIKE 'trial-recap:%'").await, 1);
    assert_eq!(count(&app, &format!("stripe_events WHERE id = '{}'", event.id)).await, 1);
    app.finish().await;
}

#[tokio::test]
async fn fifty_deliveries_of_the_event_that_begins_a_subscription_begin_it_once() {
    let app = app_with_stripe().await;
    let owner = app.signed_up_owner().await;
    app.stripe().hold_deliveries();
    begin_trial(&owner).await;
    let events = app.stripe().held_events();
    let answers = join_all((0..50).map(|number| deliver(&app, &events[number % events.len()]))).await;
    answers.into_iter().for_each(|answer| drop(answer.expect(200)));
    assert_eq!(standing(&owner).await, stands("pro", "trialing"));
    assert_eq!(count(&app, "stripe_events").await, i64::try_from(events.len()).unwrap());
    app.finish().await;
}

#[tokio::test]
async fn events_in_the_wrong_order_end_in_the_right_state() {
    for order in [ReleaseOrder::AsSent, ReleaseOrder::Reversed, ReleaseOrder::Shuffled] {
        // Changes at separate instants, and all within the same second.
        for apart in [A_WHILE, Duration::SECOND, Duration::ZERO] {
            let app = app_with_stripe().await;
            let owner = app.signed_up_owner().await;
            app.stripe().hold_deliveries();
            let id = begin_trial(&owner).await;
            app.clock.advance(apart);
            app.stripe().fail_payment(&id).unwrap();
            app.clock.advance(apart);
            app.stripe().succeed_payment(&id).unwrap();
            app.clock.advance(apart);
            app.stripe().set_cancel_at_period_end(&id, true).unwrap();
            app.stripe().release_deliveries(order);
            app.stripe().settled().await;
            let told = subscription(&owner).await;
            let state = (&told["status"], &told["plan"], &told["cancelAtPeriodEnd"], &told["pastDueSince"]);
            assert_eq!(
                state,
                (&json!("active"), &json!("pro"), &json!(true), &json!(null)),
                "{order:?} {apart}"
            );
            assert_all_answered(&app, 200);
            app.finish().await;
        }
    }
}

#[tokio::test]
async fn a_late_event_does_not_bring_back_what_has_ended() {
    let app = app_with_stripe().await;
    let owner = app.signed_up_owner().await;
    let id = buy(&owner).await;
    app.stripe().hold_deliveries();
    app.clock.advance(A_WHILE);
    app.stripe().change_price(&id, "rubis_business_monthly").unwrap();
    app.clock.advance(A_WHILE);
    app.stripe().cancel(&id).unwrap();
    app.stripe().release_deliveries(ReleaseOrder::Reversed);
    app.stripe().settled().await;
    assert_eq!(standing(&owner).await, stands("free", "canceled"));
    app.clock.advance(Duration::days(2));
    for event in app.stripe().events() {
        let outcome = deliver(&app, &event).await.expect(200).text_at("/outcome");
        assert_eq!(outcome, "duplicate", "{}", event.kind);
    }
    assert_eq!(standing(&owner.signed_in_again().await).await, stands("free", "canceled"));
    app.finish().await;
}

#[tokio::test]
async fn both_shapes_of_stripes_objects_are_understood() {
    for api in [ApiShape::Classic, ApiShape::Items] {
        for webhooks in [ApiShape::Classic, ApiShape::Items] {
            let app = app_with_stripe().await;
            app.stripe().set_shapes(Shapes { api, webhooks });
            let owner = app.signed_up_owner().await;
            let id = begin_trial(&owner).await;
            let told = subscription(&owner).await;
            assert_eq!(told["currentPeriodEnd"], "2026-12-08T09:00:00Z", "{api:?} {webhooks:?}");
            app.clock.advance(A_WHILE);
            app.stripe().fail_payment(&id).unwrap();
            app.stripe().settled().await;
            let told = subscription(&owner).await;
            assert_eq!(
                (&told["status"], &told["currentPeriodEnd"]),
                (&json!("past_due"), &json!("2026-12-24T09:05:00Z"))
            );
            assert_all_answered(&app, 200);
            app.finish().await;
        }
    }
}

#[tokio::test]
async fn a_type_that_means_nothing_here_is_taken_and_kept_apart() {
    let app = app_with_stripe().await;
    let event = json!({
        "id": "evt_of_another_kind", "object": "event", "type": "charge.dispute.created",
        "created": app.now().unix_timestamp(), "data": { "object": { "id": "dp_1", "object": "dispute" } },
    });
    for outcome in ["ignored", "duplicate"] {
        assert_eq!(deliver_body(&app, &event).await.expect(200).text_at("/outcome"), outcome);
    }
    app.finish().await;
}

#[tokio::test]
async fn an_event_about_nobody_here_is_taken_and_changes_nothing() {
    let app = app_with_stripe().await;
    let owner = app.signed_up_owner().await;
    let nobody = "01934f6e-7d8c-7b1a-9c55-0d6c1b6f2a11";
    begin_trial(&owner).await;
    let known = subscription(&owner).await;
    let mut event = last_event(&app, "customer.subscription.created").body;
    event["data"]["object"]["metadata"]["organization_id"] = json!(nobody);
    event["data"]["object"]["status"] = json!("canceled");
    for (id, customer, outcome) in [
        ("evt_nobody", "cus_of_nobody", "unknown_organization"),
        (
            "evt_another",
            event["data"]["object"]["customer"].clone().as_str().unwrap(),
            "conflicting_organization",
        ),
    ] {
        let mut forged = event.clone();
        forged["id"] = json!(id);
        forged["data"]["object"]["customer"] = json!(customer);
        assert_eq!(deliver_body(&app, &forged).await.expect(200).text_at("/outcome"), outcome);
    }
    assert_eq!(subscription(&owner).await, known);
    app.finish().await;
}

#[tokio::test]
async fn our_own_failure_is_500_and_the_next_delivery_has_the_effect() {
    let app = app_with_stripe().await;
    let owner = app.signed_up_owner().await;
    let id = buy(&owner).await;
    app.clock.advance(A_WHILE);
    app.database.execute_as_owner("ALTER TABLE stripe_events RENAME TO gone").await;
    app.stripe().cancel(&id).unwrap();
    app.stripe().settled().await;
    let last = app.stripe().deliveries().pop().unwrap();
    assert_eq!(last.outcome, DeliveryOutcome::Answered { status: 500 });
    let deleted = last_event(&app, "customer.subscription.deleted");
    let failed = deliver(&app, &deleted).await.expect(500);
    assert_eq!(failed.code(), "internal");
    assert!(!failed.text.contains("stripe_events"), "{}", failed.text);

    app.database.execute_as_owner("ALTER TABLE gone RENAME TO stripe_events").await;
    assert_eq!(standing(&owner).await, stands("pro", "active"), "nothing of it was kept");
    assert_eq!(deliver(&app, &deleted).await.expect(200).text_at("/outcome"), "applied");
    assert_eq!(standing(&owner).await, stands("free", "canceled"));
    app.finish().await;
}

#[tokio::test]
async fn an_event_for_which_stripe_can_not_be_asked_is_500_and_dealt_with_when_it_comes_again() {
    let app = app_with_stripe().await;
    let owner = app.signed_up_owner().await;
    app.stripe().hold_deliveries();
    begin_trial(&owner).await;
    let completed = last_event(&app, "checkout.session.completed");
    app.stripe().fail_requests(RequestFault::status(500).on("/v1/subscriptions")).unwrap();
    deliver(&app, &completed).await.expect(500);
    assert_eq!((standing(&owner).await.1, count(&app, "stripe_events").await), (None, 0));
    assert_eq!(deliver(&app, &completed).await.expect(200).text_at("/outcome"), "applied");
    assert_eq!(standing(&owner).await, stands("pro", "trialing"));
    app.finish().await;
}

#[tokio::test]
async fn an_object_that_can_not_be_read_is_500_and_keeps_nothing() {
    let app = app_with_stripe().await;
    let owner = app.signed_up_owner().await;
    buy(&owner).await;
    let before = count(&app, "stripe_events").await;
    let mut event = last_event(&app, "customer.subscription.updated").body;
    event["id"] = json!("evt_unreadable");
    event["data"]["object"]["status"] = json!("something new");
    deliver_body(&app, &event).await.expect(500);
    assert_eq!(count(&app, "stripe_events").await, before);
    assert_eq!(standing(&owner).await, stands("pro", "active"));
    app.finish().await;
}

#[tokio::test]
async fn two_tabs_that_both_buy_end_in_one_subscription() {
    let app = app_with_stripe().await;
    let owner = app.signed_up_owner().await;
    let first = owner.post("/billing/checkout", pro()).await.expect(200).text_at("/sessionId");
    let second = owner.post("/billing/checkout", pro()).await.expect(200).text_at("/sessionId");
    assert!(app.stripe().complete_checkout(&first).is_err(), "the page of the first tab has ended");
    app.stripe().complete_checkout(&second).unwrap();
    app.stripe().settled().await;
    assert_eq!(standing(&owner).await, stands("pro", "active"));
    assert_eq!(app.stripe().subscriptions().len(), 1);
    assert_eq!(count(&app, "stripe_events WHERE outcome = 'second_subscription'").await, 0);
    app.finish().await;
}
