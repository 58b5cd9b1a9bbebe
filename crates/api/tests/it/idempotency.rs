//! Creating something once, however often it is asked for.

use reqwest::Method;
use rubis_testkit::{Answer, Owner, TestApp};
use serde_json::{Value, json};
use time::Duration;

async fn create(owner: &Owner<'_>, path: &str, key: &str, body: &Value) -> Answer {
    let request = owner.request(Method::POST, path).header("Idempotency-Key", key).json(body);
    owner.app.send(request).await
}

async fn invoices(owner: &Owner<'_>) -> usize {
    owner.get("/invoices").await.expect(200).json["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn the_same_request_is_done_once_and_answered_alike() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let body = owner.invoice().body();
    let first = create(&owner, "/invoices", "clef-1", &body).await.expect(201);
    let again = create(&owner, "/invoices", "clef-1", &body).await.expect(201);
    assert_eq!(first.json, again.json);
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    assert_eq!(invoices(&owner).await, 1);
    app.finish().await;
}

#[tokio::test]
async fn a_key_belongs_to_one_body_one_path_and_one_organization() {
    let app = TestApp::start().await;
    let (owner, other) = (app.signed_up_owner().await, app.signed_up_owner().await);
    let body = json!({ "name": "Petit", "email": "petit@exemple.fr" });
    create(&owner, "/clients", "clef", &body).await.expect(201);
    let changed = json!({ "name": "Petit", "email": "grand@exemple.fr" });
    assert_eq!(create(&owner, "/clients", "clef", &changed).await.expect(409).code(), "idempotency_mismatch");
    let plan = owner.default_plan().await;
    let step = &plan["steps"][0];
    let plan = json!({ "name": "P", "steps": [{
        "offsetDays": 1, "tone": "amical", "subject": step["subject"], "body": step["body"] }] });
    assert_eq!(create(&owner, "/plans", "clef", &plan).await.expect(409).code(), "idempotency_mismatch");
    let elsewhere = create(&other, "/clients", "clef", &body).await.expect(201);
    assert_eq!(elsewhere.header("idempotency-replayed"), "");
    app.finish().await;
}

#[tokio::test]
async fn twins_that_arrive_together_create_one() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let body = owner.invoice().body();
    let (one, two, three) = tokio::join!(
        create(&owner, "/invoices", "jumeaux", &body),
        create(&owner, "/invoices", "jumeaux", &body),
        create(&owner, "/invoices", "jumeaux", &body),
    );
    let answers = [one.expect(201), two.expect(201), three.expect(201)];
    assert!(answers.iter().all(|answer| answer.json == answers[0].json));
    assert_eq!(answers.iter().filter(|answer| answer.header("idempotency-replayed") == "true").count(), 2);
    assert_eq!(invoices(&owner).await, 1);
    app.finish().await;
}

#[tokio::test]
async fn a_refused_request_leaves_its_key_free() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let taken = owner.invoice().create().await;
    let body = owner.invoice().of_client(&taken.client_id).numero(&taken.numero).body();
    assert_eq!(create(&owner, "/invoices", "clef", &body).await.expect(409).code(), "duplicate_numero");
    let corrected = owner.invoice().of_client(&taken.client_id).body();
    create(&owner, "/invoices", "clef", &corrected).await.expect(201);
    app.finish().await;
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let body = json!({ "name": "Petit", "email": "petit@exemple.fr" });
    let first = create(&owner, "/clients", "clef", &body).await.expect(201);
    app.clock.advance(Duration::hours(24) + Duration::SECOND);
    let owner = owner.signed_in_again().await;
    let second = create(&owner, "/clients", "clef", &body).await.expect(201);
    assert_ne!(first.json["id"], second.json["id"]);
    app.finish().await;
}

#[tokio::test]
async fn a_key_is_printable_and_short() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let body = json!({ "name": "Petit", "email": "petit@exemple.fr" });
    for key in ["", &"k".repeat(256), "clé"] {
        let refused = create(&owner, "/clients", key, &body).await.expect(422);
        assert_eq!(refused.field_errors(), [("Idempotency-Key", "invalid_idempotency_key")], "{key:?}");
    }
    create(&owner, "/clients", &"k".repeat(255), &body).await.expect(201);
    app.finish().await;
}
