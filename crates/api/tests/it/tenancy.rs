//! An organization sees nothing of another: every operation that takes an id, as the document lists them.

use rubis_testkit::{Answer, Owner, TestApp};
use serde_json::json;

use crate::contract::{Operation, objects, operations};

async fn call(owner: &Owner<'_>, method: &reqwest::Method, path: &str, operation: &Operation) -> Answer {
    let mut request = owner.app.request(method.clone(), path).bearer_auth(&owner.access_token);
    if let Some(example) = operation.example() {
        request = request.json(&example);
    }
    owner.app.send(request).await
}

#[tokio::test]
async fn every_operation_that_takes_an_id_answers_another_organization_that_there_is_nothing() {
    let app = TestApp::start().await;
    let (owner, stranger) = (app.signed_up_owner().await, app.signed_up_owner().await);
    let mut called = 0;
    for (method, path, operation) in operations(&app).await {
        let names = operation.path_names();
        if names.is_empty() || operation.is_public() {
            continue;
        }
        // Each operation gets objects of its own, since the control call may use them up.
        let objects = objects(&owner).await;
        let filled = operation.path_with(|name| {
            let known = objects.get(name);
            known.unwrap_or_else(|| panic!("{path}: say in `objects` how to make a {name}")).clone()
        });
        let refused = call(&stranger, &method, &filled, &operation).await;
        assert_eq!(refused.status.as_u16(), 404, "{method} {path}: {}", refused.text);
        assert_eq!(refused.code(), "not_found", "{method} {path}");
        // The control: the owner of the objects gets them with the same request.
        let found = call(&owner, &method, &filled, &operation).await;
        assert_ne!(found.status.as_u16(), 404, "{method} {path}: {}", found.text);
        assert_ne!(found.status.as_u16(), 422, "{method} {path}: the example is not right: {}", found.text);
        operation.assert_documents(&found);
        called += 1;
    }
    assert!(called >= 30, "{called} operations take an id");
    app.finish().await;
}

#[tokio::test]
async fn every_operation_but_the_public_ones_asks_who_is_there_first() {
    let app = TestApp::start().await;
    for (method, path, operation) in operations(&app).await {
        if operation.is_public() {
            continue;
        }
        let filled = operation.path_with(|_| "01934f6e-7d8c-7b1a-9c55-0d6c1b6f2a11".to_owned());
        // An unauthenticated caller does not learn what is wrong with the request.
        let request =
            app.request(method.clone(), &filled).header("content-type", "application/json").body("{");
        let answer = app.send(request).await;
        assert_eq!(answer.status.as_u16(), 401, "{method} {path}: {}", answer.text);
        assert_eq!(answer.code(), "unauthenticated");
    }
    app.finish().await;
}

#[tokio::test]
async fn lists_hold_nothing_of_another_organization() {
    let app = TestApp::start().await;
    let (owner, stranger) = (app.signed_up_owner().await, app.signed_up_owner().await);
    objects(&owner).await;
    for path in ["/invoices", "/clients", "/relances", "/activity"] {
        assert_ne!(owner.get(path).await.expect(200).json["items"], json!([]), "{path}");
        assert_eq!(stranger.get(path).await.expect(200).json["items"], json!([]), "{path}");
    }
    for path in ["/plans", "/members"] {
        assert_eq!(stranger.get(path).await.expect(200).json["items"].as_array().unwrap().len(), 1, "{path}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_body_cannot_name_an_object_of_another_organization() {
    let app = TestApp::start().await;
    let (owner, stranger) = (app.signed_up_owner().await, app.signed_up_owner().await);
    let theirs = objects(&owner).await;
    let client = stranger.invoice().of_client(&theirs["clientId"]).body();
    let refused = stranger.post("/invoices", client).await.expect(422);
    assert_eq!(refused.field_errors(), [("clientId", "unknown_client")]);
    let plan = stranger.invoice().on_plan(theirs["planId"].as_str()).body();
    assert_eq!(
        stranger.post("/invoices", plan).await.expect(422).field_errors(),
        [("planId", "unknown_plan")]
    );
    let own = stranger.client().create().await;
    let mut place = stranger.invoice().of_client(&own.id).body();
    place["items"] = json!([{ "description": "Pose", "unitPriceCents": 1, "serviceLocationId": theirs["serviceLocationId"] }]);
    let refused = stranger.post("/invoices", place).await.expect(422);
    assert_eq!(refused.field_errors(), [("items", "unknown_service_location")]);
    let default = stranger.default_plan().await["id"].as_str().unwrap().to_owned();
    let preview = json!({ "invoiceId": theirs["invoiceId"] });
    let refused = stranger.post(&format!("/plans/{default}/preview"), preview).await.expect(422);
    assert_eq!(refused.field_errors(), [("invoiceId", "unknown_invoice")]);
    app.finish().await;
}
