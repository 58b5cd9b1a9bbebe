//! Rules of HTTP itself: headers, limits, methods, origins.

use reqwest::{Method, header};
use rubis_testkit::TestApp;
use serde_json::json;

#[tokio::test]
async fn every_answer_carries_the_headers_that_hold_browsers_back() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    for path in ["/api/v1/me", "/api/v1/openapi.json", "/healthz", "/nowhere"] {
        let answer = app.send(app.request(Method::GET, path).bearer_auth(&owner.access_token)).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("strict-transport-security"), "", "{path}: served over HTTP");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_service_behind_https_asks_browsers_to_stay_there() {
    let app = TestApp::builder().set("APP_URL", "https://api.rubis.example").start().await;
    let answer = app.get("/healthz").await;
    assert!(answer.header("strict-transport-security").starts_with("max-age="));
    app.finish().await;
}

#[tokio::test]
async fn a_request_gets_an_id_of_its_own_whatever_the_client_calls_it() {
    let app = TestApp::start().await;
    let mut ids = std::collections::BTreeSet::new();
    for named in [Some("edge-42"), Some("edge-42"), Some("a b\"c"), None] {
        let mut request = app.request(Method::GET, "/api/v1/me");
        if let Some(name) = named {
            request = request.header("X-Request-Id", name);
        }
        let answer = app.send(request).await;
        let id = answer.header("x-request-id").to_owned();
        assert_eq!(answer.json["requestId"], id.as_str());
        assert_eq!(id.len(), 36, "{id}");
        assert!(ids.insert(id), "no two requests share one");
    }
    app.finish().await;
}

#[tokio::test]
async fn pages_of_the_known_origins_may_call_with_their_cookies_and_no_others() {
    let app = TestApp::start().await;
    let preflight = |origin: &'static str| {
        app.request(Method::OPTIONS, "/api/v1/invoices")
            .header(header::ORIGIN, origin)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type,idempotency-key")
    };
    let known = app.send(preflight("https://app.rubis.example")).await.expect(200);
    assert_eq!(known.header("access-control-allow-origin"), "https://app.rubis.example");
    assert_eq!(known.header("access-control-allow-credentials"), "true");
    assert!(known.header("access-control-allow-headers").to_lowercase().contains("idempotency-key"));
    for stranger in
        ["https://evil.example", "http://app.rubis.example", "https://app.rubis.example.evil.example", "null"]
    {
        let refused = app.send(preflight(stranger)).await;
        assert_eq!(refused.header("access-control-allow-origin"), "", "{stranger}");
        let plain = app.send(app.request(Method::GET, "/healthz").header(header::ORIGIN, stranger)).await;
        assert_eq!(plain.header("access-control-allow-origin"), "", "{stranger}");
    }
    // A refusal can be read by the page too.
    let refused = app
        .send(app.request(Method::GET, "/api/v1/me").header(header::ORIGIN, "https://app.rubis.example"))
        .await
        .expect(401);
    assert_eq!(refused.header("access-control-allow-origin"), "https://app.rubis.example");
    app.finish().await;
}

#[tokio::test]
async fn a_body_above_a_mebibyte_is_refused_and_one_below_is_read() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let body = |length: usize| json!({ "name": "N", "email": "n@exemple.fr", "notes": "x".repeat(length) });
    for length in [1024 * 1024, 5 * 1024 * 1024] {
        let refused = owner.post("/clients", body(length)).await.expect(413);
        assert_eq!(refused.code(), "payload_too_large");
    }
    let long = owner.post("/clients", body(1024 * 1024 - 200)).await.expect(422);
    assert_eq!(long.field_errors(), [("notes", "too_long")]);
    app.finish().await;
}

#[tokio::test]
async fn a_body_that_is_not_said_to_be_plain_json_is_refused() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let body = r#"{"name":"N","email":"n@exemple.fr"}"#;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""] {
        let request =
            owner.request(Method::POST, "/clients").header(header::CONTENT_TYPE, content_type).body(body);
        assert_eq!(app.send(request).await.expect(415).code(), "unsupported_media_type", "{content_type}");
    }
    let compressed = owner
        .request(Method::POST, "/clients")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_ENCODING, "gzip")
        .body(body);
    app.send(compressed).await.expect(415);
    let charset = owner
        .request(Method::POST, "/clients")
        .header(header::CONTENT_TYPE, "Application/JSON; charset=utf-8")
        .body(body);
    app.send(charset).await.expect(201);
    app.finish().await;
}

#[tokio::test]
async fn a_method_that_an_address_does_not_take_lists_the_methods_it_takes() {
    let app = TestApp::start().await;
    for (method, path, allowed) in [
        (Method::PUT, "/api/v1/clients", "GET, POST"),
        (Method::POST, "/api/v1/clients/01934f6e-7d8c-7b1a-9c55-0d6c1b6f2a11", "DELETE, GET, PATCH"),
        (Method::GET, "/api/v1/auth/login", "POST"),
        (Method::POST, "/healthz", "GET"),
        (Method::DELETE, "/api/v1/openapi.json", "GET"),
        (Method::TRACE, "/api/v1/clients", "GET, POST"),
        (Method::from_bytes(b"QUERY").unwrap(), "/api/v1/clients", "GET, POST"),
    ] {
        let refused = app.send(app.request(method.clone(), path)).await.expect(405);
        assert_eq!(
            (refused.code(), refused.header("allow")),
            ("method_not_allowed", allowed),
            "{method} {path}"
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn an_invented_method_is_not_implemented() {
    let app = TestApp::start().await;
    for invented in ["BREW", "get", "PROPFIND", &"M".repeat(500)] {
        let method = Method::from_bytes(invented.as_bytes()).unwrap();
        for path in ["/api/v1/clients", "/nowhere"] {
            let refused = app.send(app.request(method.clone(), path)).await.expect(501);
            assert_eq!(refused.code(), "unknown_method", "{invented} {path}");
            assert!(!refused.text.contains(invented), "the name is not repeated");
            assert_eq!(refused.header("x-content-type-options"), "nosniff");
        }
    }
    app.send(app.request(Method::TRACE, "/nowhere")).await.expect(404);
    app.finish().await;
}

#[tokio::test]
async fn an_address_that_does_not_exist_is_a_problem_too() {
    let app = TestApp::start().await;
    for path in [
        "/",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nowhere",
        "/api/v1/invoices/",
        "/api/v2/invoices",
        "/metrics",
    ] {
        let answer = app.get(path).await.expect(404);
        assert_eq!(answer.code(), "unknown_route", "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
    }
    app.finish().await;
}

#[tokio::test]
async fn long_answers_are_compressed_for_who_can_read_them() {
    let app = TestApp::start().await;
    let request = app.request(Method::GET, "/api/v1/openapi.json").header(header::ACCEPT_ENCODING, "gzip");
    let answer = app.http.execute(request.build().unwrap()).await.unwrap();
    assert_eq!(answer.headers()[header::CONTENT_ENCODING], "gzip");
    let plain = app.get("/api/v1/openapi.json").await;
    assert_eq!(plain.header("content-encoding"), "");
    app.finish().await;
}

#[tokio::test]
async fn an_organization_above_its_rate_learns_when_to_come_back_and_others_are_not() {
    let app = TestApp::start().await;
    let (busy, other) = (app.signed_up_owner().await, app.signed_up_owner().await);
    for _ in 0..1200 {
        busy.get("/me").await.expect(200);
    }
    let refused = busy.get("/me").await.expect(429);
    assert_eq!((refused.code(), refused.header("retry-after")), ("rate_limited", "1"));
    other.get("/me").await.expect(200);
    app.clock.advance(time::Duration::SECOND);
    busy.get("/me").await.expect(200);
    app.finish().await;
}
