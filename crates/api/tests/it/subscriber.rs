//! Organizations that subscribe, and Stripe's events about them.

use diesel::{QueryableByName, sql_types::BigInt};
use diesel_async::RunQueryDsl;
use reqwest::Method;
use rubis_stripe_fake::{Event, SignedDelivery};
use rubis_testkit::{Answer, Owner, TestApp, WEBHOOK_SECRET};
use serde_json::{Value, json};

/// The path to which Stripe delivers events.
pub const WEBHOOK: &str = "/api/v1/webhooks/stripe";

/// An application beside a fake of Stripe.
pub async fn app_with_stripe() -> TestApp {
    TestApp::builder().with_stripe().start().await
}

/// Pro, each month.
pub fn pro() -> Value {
    json!({ "plan": "pro", "cycle": "monthly" })
}

/// Begins the organization's trial, whose events are delivered. Gives the id of the subscription.
pub async fn begin_trial(owner: &Owner<'_>) -> String {
    subscribe(owner, "/billing/start-trial").await
}

/// Buys Pro, and gives the id of the subscription.
pub async fn buy(owner: &Owner<'_>) -> String {
    subscribe(owner, "/billing/checkout").await
}

async fn subscribe(owner: &Owner<'_>, path: &str) -> String {
    let session = owner.post(path, pro()).await.expect(200).text_at("/sessionId");
    let stripe = owner.app.stripe();
    let subscription = stripe.complete_checkout(&session).unwrap();
    stripe.settled().await;
    subscription
}

/// Returns the organization's subscription as the API reports it.
pub async fn subscription(owner: &Owner<'_>) -> Value {
    owner.get("/billing/subscription").await.expect(200).json
}

/// Returns the tier and the status.
pub async fn standing(owner: &Owner<'_>) -> (String, Option<String>) {
    let told = subscription(owner).await;
    (told["plan"].as_str().unwrap().to_owned(), told["status"].as_str().map(str::to_owned))
}

/// A plan and a status, to compare with.
pub fn stands(plan: &str, status: &str) -> (String, Option<String>) {
    (plan.to_owned(), Some(status.to_owned()))
}

/// The last event of a kind that happened.
pub fn last_event(app: &TestApp, kind: &str) -> Event {
    app.stripe().events().into_iter().rfind(|event| event.kind == kind).unwrap_or_else(|| panic!("no {kind}"))
}

/// Posts an event once more, signed now, and gives the answer.
pub async fn deliver(app: &TestApp, event: &Event) -> Answer {
    post(app, &app.stripe().sign(event).unwrap()).await
}

/// Posts a body of our own, signed as Stripe signs.
pub async fn deliver_body(app: &TestApp, body: &Value) -> Answer {
    post(app, &SignedDelivery::new(body.to_string(), WEBHOOK_SECRET, app.now())).await
}

/// Posts a delivery as it is.
pub async fn post(app: &TestApp, delivery: &SignedDelivery) -> Answer {
    let request = app
        .request(Method::POST, WEBHOOK)
        .header("content-type", "application/json; charset=utf-8")
        .header("stripe-signature", &delivery.signature)
        .body(delivery.body.clone());
    app.send(request).await
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Returns the count of a query.
pub async fn count(app: &TestApp, from: &str) -> i64 {
    let mut conn = app.database.pool.get().await.unwrap();
    let counted: Count = diesel::sql_query(format!("SELECT count(*) AS count FROM {from}"))
        .get_result(&mut conn)
        .await
        .unwrap();
    counted.count
}

/// Changes the database without the application.
pub async fn execute(app: &TestApp, sql: &str) {
    let mut conn = app.database.pool.get().await.unwrap();
    diesel::sql_query(sql).execute(&mut conn).await.unwrap();
}
