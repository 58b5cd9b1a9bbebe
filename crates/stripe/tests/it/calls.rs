//! The request and the response of each call.

use crate::support::{NOW, Scene};
use rstest::rstest;
use rubis_kernel::Currency;
use rubis_stripe::{
    Charge, CheckoutStatus, NewCheckout, NewCustomer, PriceInterval, StripeError, SubscriptionStatus,
};
use rubis_stripe_fake::{ApiShape, Shapes};
use time::Duration;

#[tokio::test]
async fn an_organization_becomes_one_customer_however_often_it_is_asked_for() {
    let scene = Scene::start().await;
    let first = scene.create_customer().await.unwrap();
    let (left, right) = tokio::join!(scene.create_customer(), scene.create_customer());
    assert_eq!([left.unwrap(), right.unwrap()], [first.clone(), first.clone()]);

    let customers = scene.fake.customers();
    assert_eq!(customers.len(), 1);
    assert_eq!(customers[0].id, first.as_str());
    assert_eq!(customers[0].name.as_deref(), Some("Café Martin & Fils"));
    assert_eq!(customers[0].email.as_deref(), Some("compta@martin.example"));
    assert_eq!(customers[0].metadata["organization_id"], scene.organization.to_string());
    let key = Some(format!("customer-{}", scene.organization));
    assert_eq!(scene.keys_at("/v1/customers"), [key.clone(), key.clone(), key]);
}

#[tokio::test]
async fn two_people_who_see_another_name_still_make_one_customer() {
    let scene = Scene::start().await;
    let first = scene.create_customer().await.unwrap();
    let renamed = rubis_stripe::NewCustomer {
        organization_id: scene.organization,
        name: "Martin SAS",
        email: "marc@martin.example",
    };
    assert_eq!(scene.gateway.create_customer(&renamed).await.unwrap(), first);
    assert_eq!(scene.fake.customers()[0].name.as_deref(), Some("Martin SAS"));
}

#[tokio::test]
async fn a_price_is_found_by_its_lookup_key_and_kept_for_some_minutes() {
    let scene = Scene::start().await;
    let price = scene.gateway.price("rubis_pro_yearly").await.unwrap();
    assert_eq!(price.lookup_key, "rubis_pro_yearly");
    assert_eq!((price.amount_cents, price.currency.as_str()), (29_000, "EUR"));
    assert_eq!(price.interval, PriceInterval::Year);

    scene.clock.advance(Duration::seconds(299));
    assert_eq!(scene.gateway.price("rubis_pro_yearly").await.unwrap(), price);
    assert_eq!(scene.fake.requests().len(), 1);
    scene.clock.advance(Duration::seconds(1));
    scene.gateway.price("rubis_pro_yearly").await.unwrap();
    assert_eq!(scene.fake.requests().len(), 2);
}

#[tokio::test]
async fn a_lookup_key_without_a_price_is_not_found_and_asked_for_anew() {
    let scene = Scene::start().await;
    for _ in 0..2 {
        let missing = scene.gateway.price("rubis_gold_monthly").await;
        assert!(matches!(missing, Err(StripeError::NotFound { .. })), "{missing:?}");
    }
    assert_eq!(scene.fake.requests().len(), 2);
}

#[tokio::test]
async fn a_checkout_carries_its_metadata_to_the_subscription() {
    let scene = Scene::start().await;
    let opened = scene.open_checkout(None).await;
    assert!(opened.url.starts_with(scene.fake.api_base().as_str()), "{}", opened.url);

    let session = scene.fake.checkout_session(opened.id.as_str()).unwrap();
    assert_eq!(session.client_reference_id, Some(scene.organization.to_string()));
    assert_eq!(session.metadata["plan"], "pro");
    assert_eq!(session.trial_days, None);
    let request = scene.fake.requests().pop().unwrap();
    for (name, value) in [
        ("allow_promotion_codes", "true"),
        ("locale", "fr"),
        ("mode", "subscription"),
        ("payment_method_collection", "always"),
    ] {
        assert!(request.fields.contains(&(name.to_owned(), value.to_owned())), "{name}");
    }

    let id = scene.fake.complete_checkout(opened.id.as_str()).unwrap();
    let subscription = scene.gateway.subscription(&id.as_str().into()).await.unwrap();
    assert_eq!(subscription.status, SubscriptionStatus::Active);
    assert_eq!(subscription.lookup_key.as_deref(), Some("rubis_pro_monthly"));
    assert_eq!(subscription.metadata["plan"], "pro");
    assert_eq!(subscription.trial_end, None);
    let charge = Charge { amount_cents: 2_900, currency: Currency::EUR, interval: PriceInterval::Month };
    assert_eq!(subscription.charge, Some(charge));
    scene.fake.change_price(&id, "rubis_business_yearly").unwrap();
    let charge = scene.gateway.subscription(&subscription.id).await.unwrap().charge.unwrap();
    let price = scene.gateway.price("rubis_business_yearly").await.unwrap();
    assert_eq!((charge.amount_cents, charge.interval), (price.amount_cents, PriceInterval::Year));
}

#[rstest]
#[case::before_2025(ApiShape::Classic)]
#[case::since_2025(ApiShape::Items)]
#[tokio::test]
async fn a_trial_is_read_alike_in_both_versions_of_the_api(#[case] shape: ApiShape) {
    let scene = Scene::start().await;
    scene.fake.set_shapes(Shapes::both(shape));
    let session = scene.open_checkout(Some(14)).await;
    let id = scene.fake.complete_checkout(session.id.as_str()).unwrap().as_str().into();

    let subscription = scene.gateway.subscription(&id).await.unwrap();
    assert_eq!(subscription.status, SubscriptionStatus::Trialing);
    assert_eq!(subscription.created, NOW);
    assert_eq!(subscription.trial_end, Some(NOW + Duration::days(14)));
    assert_eq!(subscription.current_period_end, Some(NOW + Duration::days(14)));
    assert!(!subscription.cancel_at_period_end);

    scene.fake.set_cancel_at_period_end(id.as_str(), true).unwrap();
    assert!(scene.gateway.subscription(&id).await.unwrap().cancel_at_period_end);
    scene.fake.cancel(id.as_str()).unwrap();
    assert_eq!(scene.gateway.subscription(&id).await.unwrap().status, SubscriptionStatus::Canceled);
}

#[tokio::test]
async fn the_same_request_gives_the_same_checkout_and_another_one_another() {
    let scene = Scene::start().await;
    let checkout = scene.checkout("request-1", None).await;
    let first = scene.gateway.create_checkout_session(&checkout).await.unwrap();
    let again = scene.gateway.create_checkout_session(&checkout).await.unwrap();
    assert_eq!(first, again);

    let mut other = checkout.clone();
    other.request_id = "request-2".to_owned();
    assert_ne!(scene.gateway.create_checkout_session(&other).await.unwrap().id, first.id);

    let mut changed = checkout;
    changed.trial = Some(rubis_stripe::TrialTerms { days: 14 });
    let refused = scene.gateway.create_checkout_session(&changed).await.unwrap_err();
    let StripeError::Refused { code, status, .. } = refused else { panic!("{refused:?}") };
    assert_eq!((code.as_str(), status), ("idempotency_error", 400));
    assert_eq!(scene.fake.checkout_sessions().len(), 2);
}

#[tokio::test]
async fn the_portal_opens_for_a_customer_who_exists() {
    let scene = Scene::start().await;
    let customer = scene.create_customer().await.unwrap();
    let back = "http://localhost:5173/parametres/abonnement";
    let url = scene.gateway.create_portal_session(&customer, back).await.unwrap();
    assert!(url.contains("/portal/"), "{url}");

    let nobody = scene.gateway.create_portal_session(&"cus_nobody".into(), back).await.unwrap_err();
    let StripeError::Refused { code, status, .. } = nobody else { panic!("{nobody:?}") };
    assert_eq!((code.as_str(), status), ("resource_missing", 400));
}

#[tokio::test]
async fn an_address_that_stripe_does_not_take_keeps_nobody_from_becoming_a_customer() {
    let scene = Scene::start().await;
    let name = "Café Martin & Fils";
    let customer = NewCustomer { organization_id: scene.organization, name, email: "martin" };
    let made = scene.gateway.create_customer(&customer).await.unwrap();
    let customers = scene.fake.customers();
    assert_eq!(customers[0].id, made.as_str());
    assert_eq!((customers[0].name.as_deref(), customers[0].email.as_deref()), (Some(name), None));
}

#[tokio::test]
async fn a_customer_who_was_deleted_is_recognised_and_has_one_successor() {
    let scene = Scene::start().await;
    let checkout = scene.checkout("request-1", None).await;
    let gone = checkout.customer.clone();
    scene.fake.delete_customer(gone.as_str()).unwrap();
    let refused = scene.gateway.create_checkout_session(&checkout).await.unwrap_err();
    assert!(refused.is_missing_customer(), "{refused:?}");
    let refused = scene.gateway.create_portal_session(&gone, "http://localhost:5173/").await.unwrap_err();
    assert!(refused.is_missing_customer(), "{refused:?}");
    let no_price = NewCheckout { price: "price_nothing".into(), customer: "cus_nobody".into(), ..checkout };
    let nobody = scene.gateway.subscriptions_of(&no_price.customer).await.unwrap_err();
    assert!(nobody.is_missing_customer(), "{nobody:?}");

    let customer =
        NewCustomer { organization_id: scene.organization, name: "Martin", email: "marc@martin.example" };
    let instead = || scene.gateway.create_customer_instead_of(&gone, &customer);
    let (left, right) = tokio::join!(instead(), instead());
    let successor = left.unwrap();
    assert_eq!(right.unwrap(), successor);
    assert_ne!(successor, gone);

    // A caller that knows neither customer is led to the successor too, by the customer that the first
    // key still returns.
    assert_eq!(scene.gateway.create_customer(&customer).await.unwrap(), successor);
    let checkout = NewCheckout { customer: successor, price: scene.price().await, ..no_price };
    let checkout = NewCheckout { request_id: "request-2".to_owned(), ..checkout };
    scene.gateway.create_checkout_session(&checkout).await.unwrap();
    assert_eq!(scene.fake.customers().len(), 2);
}

#[tokio::test]
async fn a_missing_price_is_no_missing_customer() {
    let scene = Scene::start().await;
    let mut checkout = scene.checkout("request-1", None).await;
    checkout.price = "price_nothing".into();
    let refused = scene.gateway.create_checkout_session(&checkout).await.unwrap_err();
    assert!(matches!(refused, StripeError::Refused { .. }) && !refused.is_missing_customer(), "{refused:?}");
}

#[tokio::test]
async fn all_subscriptions_of_a_customer_are_listed_however_many() {
    let scene = Scene::start().await;
    let mut checkout = scene.checkout("request-1", None).await;
    assert_eq!(scene.gateway.subscriptions_of(&checkout.customer).await, Ok(Vec::new()));
    let mut made = Vec::new();
    for number in 0..101 {
        checkout.request_id = format!("request-{number}");
        let session = scene.gateway.create_checkout_session(&checkout).await.unwrap();
        made.insert(0, scene.fake.complete_checkout(session.id.as_str()).unwrap());
        scene.clock.advance(Duration::seconds(1));
    }
    scene.fake.cancel(&made[100]).unwrap();

    let before = scene.fake.requests().len();
    let listed = scene.gateway.subscriptions_of(&checkout.customer).await.unwrap();
    assert_eq!(scene.fake.requests().len(), before + 2, "two pages");
    assert_eq!(listed.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), made);
    assert_eq!(listed[0], scene.gateway.subscription(&listed[0].id).await.unwrap());
    assert_eq!(listed[100].status, SubscriptionStatus::Canceled);
    assert_eq!(scene.gateway.subscriptions_of_in_a_hurry(&checkout.customer).await.unwrap(), listed);
}

#[tokio::test]
async fn a_subscription_that_does_not_exist_is_not_found() {
    let scene = Scene::start().await;
    for id in ["sub_nobody", "../customers", "sub?x=1"] {
        let missing = scene.gateway.subscription(&id.into()).await;
        assert!(matches!(missing, Err(StripeError::NotFound { .. })), "{missing:?}");
    }
    assert_eq!(scene.fake.requests().len(), 3);
}

#[tokio::test]
async fn a_call_may_be_made_from_a_task_of_its_own() {
    let scene = Scene::start().await;
    let gateway = std::sync::Arc::new(scene.gateway);
    let price = tokio::spawn(async move { gateway.price("rubis_pro_monthly").await });
    assert_eq!(price.await.unwrap().unwrap().amount_cents, 2_900);
}

#[tokio::test]
async fn an_open_checkout_is_ended_once_and_a_complete_one_is_not() {
    let scene = Scene::start().await;
    let checkout = scene.checkout("request-1", None).await;
    let session = scene.gateway.create_checkout_session(&checkout).await.unwrap();
    assert_eq!(scene.gateway.checkout_session(&session.id).await.unwrap().status, CheckoutStatus::Open);
    let ended = scene.gateway.expire_checkout_session(&session.id).await.unwrap();
    assert_eq!((ended.status, ended.subscription), (CheckoutStatus::Expired, None));
    assert!(scene.fake.complete_checkout(session.id.as_str()).is_err());
    let again = scene.gateway.expire_checkout_session(&session.id).await;
    assert!(matches!(again, Err(StripeError::Refused { status: 400, .. })), "{again:?}");

    let checkout = NewCheckout { request_id: "request-2".to_owned(), ..checkout };
    let complete = scene.gateway.create_checkout_session(&checkout).await.unwrap();
    let subscription = scene.fake.complete_checkout(complete.id.as_str()).unwrap();
    let refused = scene.gateway.expire_checkout_session(&complete.id).await;
    assert!(matches!(refused, Err(StripeError::Refused { status: 400, .. })), "{refused:?}");
    let state = scene.gateway.checkout_session(&complete.id).await.unwrap();
    assert_eq!(
        (state.status, state.subscription),
        (CheckoutStatus::Complete, Some(subscription.as_str().into()))
    );
    let missing = scene.gateway.expire_checkout_session(&"cs_test_nothing".into()).await;
    assert!(matches!(missing, Err(StripeError::NotFound { .. })), "{missing:?}");
}
