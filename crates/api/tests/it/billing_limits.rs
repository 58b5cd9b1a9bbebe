//! The limit of a subscription on chased invoices.

use futures_util::future::join_all;
use reqwest::Method;
use rubis_testkit::{Answer, Owner, TestApp};
use serde_json::{Value, json};

use crate::subscriber::{begin_trial, subscription};

async fn app() -> TestApp {
    TestApp::builder().with_stripe().set("BILLING_FREE_INVOICES", "2").start().await
}

async fn create(owner: &Owner<'_>) -> Answer {
    owner.post("/invoices", owner.invoice().due_in(30).body()).await
}

#[track_caller]
fn assert_limited(answer: &Answer, limit: u32, usage: u32) {
    assert_eq!((answer.status.as_u16(), answer.code()), (402, "plan_limit_reached"), "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let told = [&answer.json["limit"], &answer.json["usage"], &answer.json["upgradeUrl"]];
    let page = "http://localhost:5173/parametres/abonnement";
    assert_eq!(told, [&json!(limit), &json!(usage), &json!(page)], "{}", answer.text);
}

#[tokio::test]
async fn wherever_an_invoice_begins_to_be_chased_the_limit_is_reported_with_where_to_raise_it() {
    let app = app().await;
    let owner = app.signed_up_owner().await;
    let first = create(&owner).await.expect(201).text_at("/id");
    create(&owner).await.expect(201);
    assert_limited(&create(&owner).await, 2, 2);
    assert_eq!(subscription(&owner).await["isAtLimit"], true);

    let put_aside = owner.invoice().due_in(30).on_plan(Value::Null).create().await;
    let plan = json!({ "planId": owner.default_plan().await["id"] });
    let path = format!("/invoices/{}", put_aside.id);
    assert_limited(&owner.patch(&path, plan.clone()).await, 2, 2);
    owner.patch(&path, json!({ "amountTtcCents": 99_000 })).await.expect(200);

    owner.mark_paid(&first).await;
    owner.patch(&path, plan).await.expect(200);
    assert_limited(&owner.act(&format!("/invoices/{first}/reopen")).await, 2, 2);
    owner.mark_paid(&put_aside.id).await;
    owner.act(&format!("/invoices/{first}/reopen")).await.expect(200);
    let refused = owner.get(&format!("/invoices/{}", first)).await.expect(200);
    assert!(refused.json.get("upgradeUrl").is_none());
    app.finish().await;
}

#[tokio::test]
async fn a_refusal_for_the_limit_does_not_use_up_an_idempotency_key() {
    let app = app().await;
    let owner = app.signed_up_owner().await;
    let first = create(&owner).await.expect(201).text_at("/id");
    create(&owner).await.expect(201);
    let body = owner.invoice().due_in(30).body();
    let send = async || {
        let request = owner.request(Method::POST, "/invoices").header("Idempotency-Key", "clef").json(&body);
        app.send(request).await
    };
    assert_limited(&send().await, 2, 2);
    owner.mark_paid(&first).await;
    send().await.expect(201);
    app.finish().await;
}

#[tokio::test]
async fn of_many_invoices_at_once_as_many_are_taken_as_the_plan_allows() {
    let app = app().await;
    let (owner, other) = (app.signed_up_owner().await, app.signed_up_owner().await);
    let bodies: Vec<Value> = (0..10).map(|_| owner.invoice().due_in(30).body()).collect();
    let mine = bodies.iter().map(|body| owner.post("/invoices", body.clone()));
    let theirs = (0..2).map(|_| create(&other));
    let (mine, theirs) = tokio::join!(join_all(mine), join_all(theirs));
    let (taken, refused): (Vec<_>, Vec<_>) = mine.iter().partition(|answer| answer.status == 201);
    assert_eq!(taken.len(), 2);
    refused.into_iter().for_each(|answer| assert_limited(answer, 2, 2));
    assert!(theirs.iter().all(|answer| answer.status == 201), "another's limit is another's");
    assert_eq!(subscription(&owner).await["usage"]["chasedInvoices"], 2);
    app.finish().await;
}

#[tokio::test]
async fn settled_invoices_that_are_reopened_at_once_are_held_to_the_limit_too() {
    let app = app().await;
    let owner = app.signed_up_owner().await;
    let mut settled = Vec::new();
    for _ in 0..5 {
        let id = create(&owner).await.expect(201).text_at("/id");
        owner.mark_paid(&id).await;
        settled.push(format!("/invoices/{id}/reopen"));
    }
    let answers = join_all(settled.iter().map(|path| owner.act(path))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 2);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_limited(answer, 2, 2);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_trial_has_no_limit_and_its_end_stops_nothing_that_is_chased() {
    let app = app().await;
    let owner = app.signed_up_owner().await;
    let trial = begin_trial(&owner).await;
    assert_eq!(subscription(&owner).await["limits"]["chasedInvoices"], json!(null));
    let mut invoices = Vec::new();
    for _ in 0..5 {
        invoices.push(create(&owner).await.expect(201).text_at("/id"));
    }
    app.stripe().cancel(&trial).unwrap();
    app.stripe().settled().await;
    assert_limited(&create(&owner).await, 2, 5);
    for invoice in &invoices {
        assert!(!owner.relances(invoice).await.is_empty());
        let timeline = owner.relances(invoice).await;
        assert!(timeline.iter().all(|relance| relance["status"] == "scheduled"), "{timeline:?}");
    }
    app.finish().await;
}
