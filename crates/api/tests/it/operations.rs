//! Health and readiness of the service, and its documentation page.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use reqwest::Method;
use rubis_testkit::TestApp;
use serde_json::json;

#[tokio::test]
async fn a_service_with_everything_it_needs_is_ready() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/healthz").await.expect(200).json, json!({ "status": "alive" }));
    let ready = app.get("/readyz").await.expect(200).json;
    assert_eq!(
        ready,
        json!({ "status": "ready", "checks": { "postgres": "ok", "migrations": "ok", "redis": "ok" } })
    );
    app.finish().await;
}

/// An address at which nothing listens: it was free a moment ago.
fn deserted() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[tokio::test]
async fn without_redis_the_service_says_so_and_goes_on() {
    let app = TestApp::builder()
        .set("REDIS_URL", format!("redis://{}/", deserted()))
        .set("LIMITER_STORE", "redis")
        .start()
        .await;
    let answer = app.get("/readyz").await.expect(503).json;
    assert_eq!((&answer["status"], &answer["checks"]["redis"]), (&json!("not_ready"), &json!("unavailable")));
    assert_eq!(answer["checks"]["postgres"], "ok");
    assert_eq!(app.get("/healthz").await.status, 200);
    let owner = app.signed_up_owner().await;
    owner.invoice().create().await;
    app.finish().await;
}

#[tokio::test]
async fn without_a_database_requests_are_asked_to_come_back() {
    let app = TestApp::builder()
        .set("DATABASE_URL", format!("postgres://rubis:rubis@{}/rubis", deserted()))
        .start()
        .await;
    let answer = app.get("/readyz").await.expect(503).json;
    assert_eq!(answer["checks"]["postgres"], "unavailable");
    let body = json!({ "email": "claire@exemple.fr", "password": "correct horse battery" });
    let refused = app.post("/api/v1/auth/login", body).await.expect(503);
    assert_eq!((refused.code(), refused.header("retry-after")), ("unavailable", "1"));
    assert!(!refused.text.contains("127.0.0.1"), "the cause is not told: {}", refused.text);
    app.finish().await;
}

#[tokio::test]
async fn servers_that_hang_do_not_make_the_question_hang() {
    // They accept connections and never respond.
    let (postgres, redis) =
        (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let app = TestApp::builder()
        .set("DATABASE_URL", format!("postgres://rubis:rubis@{}/rubis", postgres.local_addr().unwrap()))
        .set("REDIS_URL", format!("redis://{}/", redis.local_addr().unwrap()))
        .start()
        .await;
    let asked = Instant::now();
    let answer = app.get("/readyz").await.expect(503).json;
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    assert_eq!(
        answer["checks"],
        json!({ "postgres": "unavailable", "migrations": "unavailable", "redis": "unavailable" })
    );
    app.finish().await;
}

#[tokio::test]
async fn the_page_about_the_api_comes_whole_from_the_api_itself() {
    let app = TestApp::start().await;
    let entrance = app.send(app.request(Method::GET, "/api/docs")).await.expect(200);
    assert!(entrance.text.contains("swagger-ui"));
    let policy = entrance.header("content-security-policy");
    assert!(policy.contains("script-src 'self'") && !policy.contains("script-src 'self' 'unsafe-inline'"));
    for file in ["swagger-ui-bundle.js", "swagger-ui.css", "swagger-initializer.js", "index.css"] {
        assert!(entrance.text.contains(file), "{file}");
        app.get(&format!("/api/docs/{file}")).await.expect(200);
    }
    let initializer = app.get("/api/docs/swagger-initializer.js").await;
    assert!(initializer.text.contains("/api/v1/openapi.json"));
    assert!(!entrance.text.contains("<script>"), "the policy forbids scripts in the page");
    app.finish().await;
}
