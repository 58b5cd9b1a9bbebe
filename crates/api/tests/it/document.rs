//! The OpenAPI document itself.

use std::collections::BTreeSet;

use rubis_testkit::TestApp;
use serde_json::Value;

use crate::contract::{document, operations};

#[test]
fn the_committed_document_is_the_one_that_the_handlers_give() {
    let committed = include_str!("../../../../docs/openapi.json");
    let given = rubis_api::openapi::document_json().unwrap();
    assert!(committed == given, "docs/openapi.json is out of date: `rubis-api openapi > docs/openapi.json`");
}

#[tokio::test]
async fn every_operation_is_reported_whole() {
    let app = TestApp::start().await;
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&app).await {
        let id = operation.id().to_owned();
        assert!(ids.insert(id.clone()), "{id} is there twice");
        assert!(operation.json["summary"].is_string(), "{id} says what it does");
        assert_eq!(operation.json["tags"].as_array().map(Vec::len), Some(1), "{id} has one tag");
        assert!(operation.json["security"].is_array(), "{id} says who may call it");
        let responses = operation.json["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with(['2', '3'])), "{id} says what it answers");
        for (status, response) in responses {
            assert!(!response["description"].as_str().unwrap().is_empty(), "{id} explains {status}");
            let has_body = response["content"].is_object();
            let is_bare = status == "204" || status.starts_with('3');
            assert_eq!(has_body, !is_bare, "{id} shows what {status} looks like");
        }
        for name in operation.path_names() {
            let parameters = operation.json["parameters"].as_array().unwrap();
            assert!(
                parameters.iter().any(|known| known["in"] == "path" && known["name"] == *name),
                "{id}: {name}"
            );
        }
        if path.starts_with("/api/") {
            for status in ["429", "500", "503"] {
                assert!(responses.contains_key(status), "{method} {path} can answer {status}");
            }
        }
        if let Some(example) = operation.example() {
            assert!(example.is_object(), "{id} has an example of its body");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn every_reference_of_the_document_leads_somewhere() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    assert!(references.len() > 40);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    app.finish().await;
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                references.insert(reference.clone());
            }
            fields.values().for_each(|field| collect(field, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}
