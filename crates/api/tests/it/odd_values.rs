//! No request makes a 500: odd values in every place of every operation of the document.

use reqwest::{Method, header};
use rubis_testkit::{Answer, TestApp};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    asked::visit,
    contract::{Operation, objects, operations},
};

fn odd_json() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e308),
        json!(0.1),
        json!(""),
        json!(" "),
        json!("\u{0}"),
        json!("\u{7f}\u{1b}"),
        json!("\u{feff}"),
        json!("é".repeat(20_000)),
        json!("😀"),
        json!("'; DROP TABLE users; --"),
        json!("%_\\"),
        json!("{{numero}}"),
        json!("{{"),
        json!("9999-12-31"),
        json!("0000-00-00"),
        json!("2100-01-01"),
        json!("2026-11-24T00:00:00Z"),
        json!("01934f6e-7d8c-7b1a-9c55-0d6c1b6f2a11"),
        json!("a@b.fr"),
        json!([]),
        json!([null]),
        json!({}),
        json!({ "a": { "b": [1] } }),
    ]
}

const ODD_TEXTS: [&str; 14] = [
    "",
    " ",
    "0",
    "-1",
    "99999999999999999999",
    "1e5",
    "%00",
    "%ff",
    "%F0%9F%98%80",
    "'%20OR%201=1--",
    "%25_%5C",
    "2026-02-30",
    "true",
    "a%0d%0aSet-Cookie:x=y",
];

/// The body with each of its places, at any depth, replaced once by each odd value.
fn variants(body: &Value) -> Vec<Value> {
    let mut all = odd_json();
    let mut pointers = Vec::new();
    places(body, "", &mut pointers);
    for pointer in pointers {
        for odd in odd_json() {
            let mut variant = body.clone();
            *variant.pointer_mut(&pointer).unwrap() = odd;
            all.push(variant);
        }
    }
    all
}

fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let below = format!("{at}/{name}");
                found.push(below.clone());
                places(field, &below, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let below = format!("{at}/{index}");
                found.push(below.clone());
                places(item, &below, found);
            }
        }
        _ => {}
    }
}

#[track_caller]
fn check(operation: &Operation, answer: &Answer, sent: &str) {
    assert!(!answer.status.is_server_error(), "{} with {sent}: {}", operation.id(), answer.text);
    assert_ne!(answer.status.as_u16(), 429, "{} was not even looked at", operation.id());
    operation.assert_documents(answer);
}

#[tokio::test]
async fn odd_bodies_are_refused_or_taken_and_never_break_anything() {
    let app = TestApp::start().await;
    for (method, _, operation) in operations(&app).await {
        let Some(example) = operation.example() else { continue };
        // Each operation gets an organization of its own, with a whole rate limit.
        app.clock.advance(Duration::hours(2));
        let owner = app.signed_up_owner().await;
        let objects = objects(&owner).await;
        let path = operation.path_with(|name| objects[name].clone());
        for body in variants(&example) {
            // A request without an organization is limited by client address; changes of rules have the
            // strictest limit of an organization, 30 a minute. Wrong passwords are limited by user.
            let refill = match operation.id() {
                _ if operation.is_public() => Duration::minutes(5),
                "change_password" => Duration::minutes(1),
                _ => Duration::seconds(2),
            };
            app.clock.advance(refill);
            let request = app.request(method.clone(), &path).bearer_auth(&owner.access_token).json(&body);
            let told = body.to_string();
            check(&operation, &app.send(request).await, &told.chars().take(300).collect::<String>());
        }
    }
}

#[tokio::test]
async fn odd_paths_and_queries_are_refused_or_taken_and_never_break_anything() {
    let app = TestApp::start().await;
    for (method, path, operation) in operations(&app).await {
        app.clock.advance(Duration::hours(2));
        let owner = app.signed_up_owner().await;
        let objects = objects(&owner).await;
        let send = async |path: &str| {
            if operation.is_public() {
                app.clock.advance(Duration::minutes(10));
            }
            // The target of a redirect is not under test.
            let request = visit(&app, method.clone(), path).bearer_auth(&owner.access_token);
            let request = match operation.example() {
                Some(body) => request.json(&body),
                None => request,
            };
            app.send(request).await
        };
        for odd in ODD_TEXTS.into_iter().filter(|odd| !odd.is_empty()) {
            for replaced in operation.path_names() {
                let odd_path = operation
                    .path_with(|name| if name == replaced { odd.to_owned() } else { objects[name].clone() });
                check(&operation, &send(&odd_path).await, &odd_path);
            }
        }
        if method == Method::GET {
            for name in operation.query_names() {
                for odd in ODD_TEXTS {
                    let odd_path = format!("{path}?{name}={odd}");
                    check(&operation, &send(&odd_path).await, &odd_path);
                }
            }
        }
    }
}

#[tokio::test]
async fn odd_headers_never_break_anything() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let body = json!({ "name": "Petit", "email": "petit@exemple.fr" });
    for (name, value) in [
        ("authorization", "Bearer"),
        ("authorization", "Bearer ."),
        ("authorization", "Bearer a.b.c"),
        ("authorization", "bearer \t"),
        ("cookie", "rubis_refresh=%00; =; ;;"),
        ("accept", "text/plain"),
        ("accept-encoding", "nonsense"),
        ("content-type", "application/json; charset=utf-16"),
        ("x-request-id", "a b"),
        ("origin", "null"),
        ("idempotency-key", "\t"),
        ("x-forwarded-for", "1.2.3.4"),
        ("content-encoding", "gzip"),
        ("range", "bytes=0-"),
        ("if-none-match", "*"),
        ("expect", "nonsense"),
    ] {
        let request = owner.request(Method::POST, "/clients").json(&body).header(name, value);
        let answer = app.send(request).await;
        assert!(!answer.status.is_server_error(), "{name}: {value}: {}", answer.text);
        let cookie = app
            .request(Method::POST, "/api/v1/auth/refresh")
            .header(header::COOKIE, "rubis_refresh=%00")
            .header(name, value);
        assert!(!app.send(cookie).await.status.is_server_error(), "{name}: {value}");
    }
    app.finish().await;
}
