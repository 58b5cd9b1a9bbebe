//! Requests that Stripe accepts: each is tried on Stripe's own fake, which checks requests against the
//! published description of the API, if `TEST_STRIPE_API_BASE` names it, and otherwise on ours.
//!
//! Stripe's fake keeps no state and responds with samples, so only the absence of refusals is checked.
//! Ours has to respond in full.

use std::{collections::BTreeMap, env, fmt::Debug};

use crate::support::Scene;
use rubis_stripe::{CustomerId, NewCheckout, NewCustomer, PriceId, StripeError, SubscriptionId, TrialTerms};

/// The variable with the address of Stripe's own fake, such as `http://127.0.0.1:12111`.
const ELSEWHERE: &str = "TEST_STRIPE_API_BASE";

/// Returns the response unless the request was refused; `None` if the response is a sample of another
/// shape.
fn accepted<T: Debug>(call: &str, answer: Result<T, StripeError>, is_official: bool) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer),
        Err(StripeError::NotFound { .. } | StripeError::Unexpected { .. }) if is_official => None,
        Err(error) => panic!("{call}: {error}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the product")]
fn elsewhere() -> Option<String> {
    env::var(ELSEWHERE).ok()
}

#[tokio::test]
async fn stripe_accepts_every_request() {
    let elsewhere = elsewhere();
    let is_official = elsewhere.is_some();
    let scene = Scene::with(|settings| {
        if let Some(address) = &elsewhere {
            settings.api_base = Some(address.parse().unwrap());
            settings.secret_key = "sk_test_123".into();
        }
    })
    .await;
    let stripe = &scene.gateway;

    let new = NewCustomer {
        organization_id: scene.organization,
        name: "Café Martin & Fils",
        email: "compta@martin.example",
    };
    let customer = accepted("create a customer", stripe.create_customer(&new).await, is_official)
        .unwrap_or_else(|| CustomerId::from("cus_sample"));
    let price = accepted("find a price", stripe.price("rubis_pro_monthly").await, is_official)
        .map_or_else(|| PriceId::from("price_sample"), |price| price.id);
    for trial in [None, Some(TrialTerms { days: 14 })] {
        let checkout = NewCheckout {
            organization_id: scene.organization,
            request_id: format!("checkout-{}", trial.is_some()),
            customer: customer.clone(),
            price: price.clone(),
            success_url: "https://app.example/parametres/abonnement?session_id={CHECKOUT_SESSION_ID}"
                .to_owned(),
            cancel_url: "https://app.example/parametres/abonnement?checkout=cancel".to_owned(),
            trial,
            metadata: BTreeMap::from([("plan".to_owned(), "pro".to_owned())]),
        };
        accepted("start a Checkout", stripe.create_checkout_session(&checkout).await, is_official);
    }
    let portal = stripe.create_portal_session(&customer, "https://app.example/parametres/abonnement").await;
    accepted("open the portal", portal, is_official);
    accepted("list subscriptions", stripe.subscriptions_of(&customer).await, is_official);
    let unknown = stripe.subscription(&SubscriptionId::from("sub_sample")).await;
    assert!(
        !matches!(unknown, Err(StripeError::Refused { .. } | StripeError::Unavailable { .. })),
        "{unknown:?}"
    );
}
