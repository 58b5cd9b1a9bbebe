//! Deliveries, and their programmed failures.

use crate::support::{Listener, NOW, Scene};
use rubis_stripe_fake::{DeliveryFault, DeliveryOutcome, ReleaseOrder, SignedDelivery};
use time::Duration;

const OF_A_TRIAL: [&str; 3] = ["checkout.session.completed", "customer.subscription.created", "invoice.paid"];

#[tokio::test]
async fn events_are_delivered_in_order_and_signed() {
    let scene = Scene::start().await;
    let listener = Listener::start(&[]);
    scene.fake.set_webhook(listener.target());
    scene.subscribed(true).await;
    scene.fake.settled().await;
    assert_eq!(listener.kinds(), OF_A_TRIAL);
    for (event, signature) in listener.deliveries() {
        let expected = SignedDelivery::new(event.to_string(), "whsec_test", NOW).signature;
        assert_eq!(signature, expected);
    }
}

#[tokio::test]
async fn a_signature_bears_the_time_of_those_who_verify_it_even_when_the_fake_is_ahead() {
    let scene = Scene::start().await;
    let listener = Listener::start(&[]);
    let id = scene.subscribed(true).await;
    scene.fake.set_webhook(listener.target());
    scene.fake.advance(Duration::days(11));
    scene.fake.settled().await;
    let (event, signature) = listener.deliveries().pop().unwrap();
    assert_eq!(event["type"], "customer.subscription.trial_will_end");
    assert_eq!(event["data"]["object"]["id"], id.as_str());
    assert_eq!(event["created"], (NOW + Duration::days(11)).unix_timestamp());
    assert!(signature.starts_with(&format!("t={},", NOW.unix_timestamp())), "{signature}");
}

#[tokio::test]
async fn what_is_not_taken_is_delivered_again_until_it_is() {
    let scene = Scene::start().await;
    let listener = Listener::start(&[500, 200, 200, 302, 500]);
    scene.fake.set_webhook(listener.target());
    scene.subscribed(true).await;
    scene.fake.settled().await;
    let count = |kind: &str| listener.kinds().iter().filter(|heard| *heard == kind).count();
    assert_eq!(count("checkout.session.completed"), 4);
    assert_eq!(count("customer.subscription.created"), 1);
    assert_eq!(count("invoice.paid"), 1);
    let statuses: Vec<_> = scene
        .fake
        .deliveries()
        .into_iter()
        .filter(|record| record.kind == "checkout.session.completed")
        .map(|record| (record.attempt, record.outcome))
        .collect();
    let answered = |status| DeliveryOutcome::Answered { status };
    assert_eq!(statuses, [(1, answered(500)), (2, answered(302)), (3, answered(500)), (4, answered(200))]);
}

#[tokio::test]
async fn it_gives_up_in_the_end() {
    let scene = Scene::start().await;
    let listener = Listener::start(&[503; 20]);
    scene.fake.set_webhook(listener.target());
    scene.subscribed(true).await;
    scene.fake.settled().await;
    // One attempt and three more, of each of three events.
    assert_eq!(listener.kinds().len(), 12);
}

#[tokio::test]
async fn events_are_lost_doubled_and_turned_round_as_programmed() {
    let scene = Scene::start().await;
    let listener = Listener::start(&[]);
    scene.fake.set_webhook(listener.target());
    scene.fake.disturb_deliveries(DeliveryFault::Lose { times: 1, of: None });
    let of = Some("invoice.paid".to_owned());
    scene.fake.disturb_deliveries(DeliveryFault::Double { times: 1, of });
    let id = scene.subscribed(true).await;
    scene.fake.settled().await;
    assert_eq!(listener.kinds(), ["customer.subscription.created", "invoice.paid", "invoice.paid"]);
    assert_eq!(scene.fake.deliveries()[0].outcome, DeliveryOutcome::Lost);

    scene.fake.disturb_deliveries(DeliveryFault::Reverse { times: 2 });
    scene.fake.set_cancel_at_period_end(&id, true).unwrap();
    scene.fake.cancel(&id).unwrap();
    scene.fake.settled().await;
    assert_eq!(listener.kinds()[3..], ["customer.subscription.deleted", "customer.subscription.updated"]);
}

#[tokio::test]
async fn an_event_that_is_late_is_overtaken() {
    let scene = Scene::start().await;
    let listener = Listener::start(&[]);
    scene.fake.set_webhook(listener.target());
    scene.fake.disturb_deliveries(DeliveryFault::Delay { times: 1, of: None, milliseconds: 1_500 });
    scene.subscribed(true).await;
    scene.fake.settled().await;
    assert_eq!(
        listener.kinds(),
        ["customer.subscription.created", "invoice.paid", "checkout.session.completed"]
    );
}

#[tokio::test]
async fn what_is_held_back_leaves_when_and_as_it_is_set_to() {
    let scene = Scene::start().await;
    let listener = Listener::start(&[]);
    scene.fake.set_webhook(listener.target());
    scene.fake.hold_deliveries();
    let id = scene.subscribed(true).await;
    scene.fake.settled().await;
    assert_eq!(listener.kinds(), [""; 0]);
    assert_eq!(scene.fake.held_events().len(), 3);

    scene.fake.release_deliveries(ReleaseOrder::Reversed);
    scene.fake.cancel(&id).unwrap();
    scene.fake.settled().await;
    let mut expected: Vec<&str> = OF_A_TRIAL.into_iter().rev().collect();
    expected.push("customer.subscription.deleted");
    assert_eq!(listener.kinds(), expected);

    let again = scene.fake.events().remove(1);
    scene.fake.deliver_again(&again);
    scene.fake.settled().await;
    assert_eq!(listener.deliveries()[4].0, listener.deliveries()[1].0);
}

#[tokio::test]
async fn without_a_recipient_nothing_waits() {
    let scene = Scene::start().await;
    scene.subscribed(true).await;
    scene.fake.settled().await;
    let outcomes: Vec<_> = scene.fake.deliveries().into_iter().map(|record| record.outcome).collect();
    assert_eq!(outcomes, [DeliveryOutcome::NoTarget, DeliveryOutcome::NoTarget, DeliveryOutcome::NoTarget]);
}
