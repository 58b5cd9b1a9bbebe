//! Simulated changes of a subscription, and Stripe's events about them.

use crate::support::{NOW, Scene};
use rubis_stripe_fake::{ApiShape, PlayError, Shapes, SubscriptionStatus};
use time::Duration;
use time::macros::datetime;

#[tokio::test]
async fn a_checkout_without_a_trial_is_paid_at_once() {
    let scene = Scene::start().await;
    let id = scene.subscribed(false).await;
    assert_eq!(
        scene.kinds(),
        [
            "checkout.session.completed",
            "customer.subscription.created",
            "customer.subscription.updated",
            "invoice.paid"
        ]
    );
    let events = scene.fake.events();
    assert_eq!(events[1].body["data"]["object"]["status"], "incomplete");
    assert_eq!(events[2].body["data"]["object"]["status"], "active");
    assert_eq!(events[2].body["data"]["previous_attributes"], serde_json::json!({ "status": "incomplete" }));
    assert_eq!(scene.fake.subscription(&id).unwrap().period_end, datetime!(2026-12-21 12:00 UTC));
}

#[tokio::test]
async fn a_checkout_is_completed_once_and_within_a_day() {
    let scene = Scene::start().await;
    let [first, second] = [scene.checkout(true).await, scene.checkout(true).await];
    scene.fake.complete_checkout(&first).unwrap();
    assert!(matches!(scene.fake.complete_checkout(&first), Err(PlayError::Impossible(_))));
    scene.clock.advance(Duration::days(1));
    assert!(matches!(scene.fake.complete_checkout(&second), Err(PlayError::Impossible(_))));
    assert!(matches!(scene.fake.complete_checkout("cs_test_none"), Err(PlayError::Unknown { .. })));
    assert_eq!(scene.fake.subscriptions().len(), 1);
}

#[tokio::test]
async fn a_trial_is_announced_three_days_before_its_end_once_and_then_charged() {
    let scene = Scene::start().await;
    let id = scene.subscribed(true).await;
    scene.clock.advance(Duration::days(11) - Duration::SECOND);
    assert_eq!(scene.kinds_of(|fake| fake.catch_up()), [""; 0]);
    scene.clock.advance(Duration::SECOND);
    assert_eq!(scene.kinds_of(|fake| fake.catch_up()), ["customer.subscription.trial_will_end"]);
    assert_eq!(scene.kinds_of(|fake| fake.catch_up()), [""; 0]);

    scene.clock.advance(Duration::days(3));
    assert_eq!(
        scene.kinds_of(|fake| fake.catch_up()),
        ["invoice.paid", "invoice.payment_succeeded", "customer.subscription.updated"]
    );
    let subscription = scene.fake.subscription(&id).unwrap();
    assert_eq!(subscription.status, SubscriptionStatus::Active);
    assert_eq!(subscription.trial_end, Some(NOW + Duration::days(14)));
    assert_eq!(subscription.period_end, datetime!(2027-01-05 12:00 UTC));
}

#[tokio::test]
async fn time_that_is_moved_on_by_months_charges_each_of_them() {
    let scene = Scene::start().await;
    let id = scene.subscribed(false).await;
    let kinds = scene.kinds_of(|fake| fake.advance(Duration::days(95)));
    assert_eq!(kinds.iter().filter(|kind| *kind == "invoice.paid").count(), 3);
    assert_eq!(scene.fake.subscription(&id).unwrap().period_end, datetime!(2027-03-21 12:00 UTC));
}

#[tokio::test]
async fn a_payment_that_fails_leaves_the_subscription_past_due_until_one_succeeds() {
    let scene = Scene::start().await;
    let id = scene.subscribed(false).await;
    scene.fake.set_next_payment_fails(&id, true).unwrap();
    scene.clock.advance(Duration::days(30));
    assert_eq!(
        scene.kinds_of(|fake| fake.catch_up()),
        ["invoice.payment_failed", "customer.subscription.updated"]
    );
    let failed = scene.fake.subscription(&id).unwrap();
    assert_eq!((failed.status, failed.failed_attempts), (SubscriptionStatus::PastDue, 1));
    assert_eq!(failed.period_end, datetime!(2027-01-21 12:00 UTC));

    scene.fake.succeed_payment(&id).unwrap();
    let paid = scene.fake.subscription(&id).unwrap();
    assert_eq!((paid.status, paid.failed_attempts), (SubscriptionStatus::Active, 0));
    assert_eq!(paid.period_end, failed.period_end);
    assert_eq!(paid.latest_invoice, failed.latest_invoice);
}

#[tokio::test]
async fn a_subscription_that_is_to_end_with_its_period_does() {
    let scene = Scene::start().await;
    let id = scene.subscribed(false).await;
    scene.fake.set_cancel_at_period_end(&id, true).unwrap();
    let event = scene.fake.events().pop().unwrap();
    assert_eq!(event.body["data"]["previous_attributes"]["cancel_at_period_end"], false);
    // Requested twice, reported once.
    assert_eq!(scene.kinds_of(|fake| fake.set_cancel_at_period_end(&id, true).unwrap()), [""; 0]);

    assert_eq!(scene.kinds_of(|fake| fake.advance(Duration::days(30))), ["customer.subscription.deleted"]);
    let ended = scene.fake.subscription(&id).unwrap();
    assert_eq!(
        (ended.status, ended.ended_at),
        (SubscriptionStatus::Canceled, Some(NOW + Duration::days(30)))
    );
    assert!(matches!(scene.fake.succeed_payment(&id), Err(PlayError::Impossible(_))));
}

#[tokio::test]
async fn the_end_of_the_period_is_where_the_version_has_it() {
    let scene = Scene::start().await;
    let id = scene.subscribed(true).await;
    let end = (NOW + Duration::days(14)).unix_timestamp();
    let read = || async {
        let read: serde_json::Value =
            scene.get(&format!("/v1/subscriptions/{id}")).await.json().await.unwrap();
        read
    };
    let later = read().await;
    assert_eq!(later.get("current_period_end"), None);
    assert_eq!(later["items"]["data"][0]["current_period_end"], end);
    scene.fake.set_shapes(Shapes { api: ApiShape::Classic, webhooks: ApiShape::Items });
    let classic = read().await;
    assert_eq!(classic["current_period_end"], end);
    assert_eq!(classic["items"]["data"][0].get("current_period_end"), None);

    scene.fake.announce_trial_end(&id).unwrap();
    let told = scene.fake.events().pop().unwrap();
    assert_eq!(told.body["data"]["object"]["items"]["data"][0]["current_period_end"], end);
}

#[tokio::test]
async fn what_it_knows_outlives_it_in_a_file() {
    let path = std::env::temp_dir().join(format!("rubis-stripe-fake-{}.json", std::process::id()));
    let first = Scene::with(|settings| settings.state_file = Some(path.clone())).await;
    let id = first.subscribed(true).await;
    let (prices, known) = (first.fake.prices(), first.fake.subscription(&id));
    drop(first);
    let second = Scene::with(|settings| settings.state_file = Some(path.clone())).await;
    assert_eq!(second.fake.subscription(&id), known);
    assert_eq!(second.fake.prices(), prices);
    assert_eq!(second.fake.events().len(), 3);
    std::fs::remove_file(&path).unwrap();
}
