//! Admission of requests: rates by client address before any body, sizes of bodies, shares of organizations.

use diesel::{dsl::sql, select, sql_types::BigInt};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use futures_util::{FutureExt, StreamExt, future::join_all, stream::FuturesUnordered};
use reqwest::{Method, header};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_testkit::{Answer, Owner, TestApp};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    asked::{browser, visit},
    contract::operations,
};

/// More requests than the widest rate allows at once.
const BEYOND_EVERY_RATE: usize = 3_200;

/// Returns the status of a request whose body is announced and never sent.
async fn status_before_body(app: &TestApp, method: &Method, path: &str, token: &str) -> String {
    let address = app.url.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    connection.read_exact(&mut status).await.unwrap();
    String::from_utf8_lossy(&status).rsplit(' ').next().unwrap().to_owned()
}

/// Sends requests until one is refused for its rate.
async fn exhaust(app: &TestApp, method: &Method, path: &str) {
    let (browser, url) = (browser(), format!("{}{path}", app.url));
    for _ in 0..BEYOND_EVERY_RATE / 16 {
        let statuses = join_all((0..16).map(|_| async {
            browser.request(method.clone(), &url).send().await.unwrap().status().as_u16()
        }));
        if statuses.await.contains(&429) {
            return;
        }
    }
    panic!("{method} {path} has no rate");
}

#[tokio::test]
async fn every_operation_without_an_access_token_is_limited_by_address_before_its_body_is_read() {
    let app = TestApp::builder().set("WEB_URL", "http://localhost:3333").start().await;
    let owner = app.signed_up_owner().await;
    let document = operations(&app).await;
    let open = document.iter().filter(|(_, _, operation)| operation.is_public());
    let open = open.map(|(method, _, operation)| (method.clone(), operation.path_with(|_| "A".repeat(43))));
    let pages = [(Method::GET, "/checkin".to_owned()), (Method::POST, "/checkin".to_owned())];
    let mut looked_at = 0;
    for (method, path) in open.chain(pages) {
        app.clock.advance(time::Duration::hours(3));
        let first = app.send(visit(&app, method.clone(), &path)).await;
        assert_ne!(first.status.as_u16(), 429, "{method} {path} is answered at first");
        exhaust(&app, &method, &path).await;
        // A token of one's own account does not avoid the limit.
        let status = status_before_body(&app, &method, &path, &owner.access_token).await;
        assert_eq!(status, "429", "{method} {path}");
        // Nor does another spelling of the path.
        let (start, last) = path.split_at(path.len() - 1);
        let encoded = format!("{start}%{:02X}", last.as_bytes()[0]);
        let status = status_before_body(&app, &method, &encoded, &owner.access_token).await;
        assert_eq!(status, "429", "{method} {encoded}");
        looked_at += 1;
    }
    assert!(looked_at >= 14, "{looked_at}");
}

#[tokio::test]
async fn requests_without_a_valid_token_have_a_rate_and_those_of_a_signed_in_user_another() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    exhaust(&app, &Method::GET, "/api/v1/me").await;
    for path in ["/api/v1/me", "/api/v1/nowhere", "/", "/api/v1/openapi.json"] {
        assert_eq!(app.get(path).await.expect(429).code(), "rate_limited", "{path}");
    }
    let forged = app.request(Method::GET, "/api/v1/me").bearer_auth("forged.token");
    app.send(forged).await.expect(429);
    owner.get("/me").await.expect(200);
    app.clock.advance(time::Duration::MINUTE);
    app.get("/api/v1/me").await.expect(401);
    app.finish().await;
}

#[tokio::test]
async fn a_rented_ipv6_prefix_is_no_way_round_a_rate() {
    let app = TestApp::builder().set("TRUSTED_PROXIES", "127.0.0.1").start().await;
    let sign_up = async |from: String| {
        let request = app.request(Method::POST, "/api/v1/auth/signup").header("X-Forwarded-For", from);
        app.send(request).await.status.as_u16()
    };
    // 20 an hour for each network of 64 bits, eight times as many for the 48 bits around it.
    for network in 0..8 {
        for address in 1..=20 {
            assert_eq!(sign_up(format!("2001:db8:1:{network}::{address}")).await, 415);
        }
        assert_eq!(sign_up(format!("2001:db8:1:{network}::ffff")).await, 429, "the subscriber's rate");
    }
    assert_eq!(sign_up("2001:db8:1:abcd::1".to_owned()).await, 429, "the site's rate");
    assert_eq!(sign_up("2001:db8:2:abcd::1".to_owned()).await, 415, "another site");
    app.finish().await;
}

#[tokio::test]
async fn a_body_that_anyone_can_send_is_small() {
    let app = TestApp::builder().set("WEB_URL", "http://localhost:3333").start().await;
    let token = "A".repeat(43);
    let form = "application/x-www-form-urlencoded";
    for (path, kind) in [
        ("/api/v1/auth/login".to_owned(), "application/json"),
        ("/api/v1/auth/signup".to_owned(), "application/json"),
        (format!("/api/v1/checkin/{token}/answers"), "application/json"),
        ("/checkin".to_owned(), form),
    ] {
        let send = async |length: usize| {
            let padding = "x".repeat(length);
            let body =
                if kind == form { format!("token={padding}") } else { format!("{{\"x\":\"{padding}\"}}") };
            app.send(visit(&app, Method::POST, &path).header(header::CONTENT_TYPE, kind).body(body)).await
        };
        assert_eq!(send(17 * 1024).await.status.as_u16(), 413, "{path}");
        assert_ne!(send(15 * 1024).await.status.as_u16(), 413, "{path}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_hostile_body_gets_a_short_refusal() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let refused = |answer: Answer, most: usize| {
        let answer = answer.expect(422);
        assert!(answer.text.len() < 20_000, "{} bytes", answer.text.len());
        let errors = answer.field_errors();
        assert!((1..=most).contains(&errors.len()), "{}", errors.len());
        assert!(errors.iter().all(|(field, _)| field.chars().count() <= 201));
    };
    let zeros = vec![0; 250_000];
    let long_name = "k".repeat(500_000);
    refused(owner.post("/clients", json!({ long_name.as_str(): zeros })).await, 1);
    let steps: Vec<Value> =
        (0..5_000).map(|_| json!({ "offsetDays": 1, "tone": "amical", "subject": "", "body": "" })).collect();
    refused(owner.post("/plans", json!({ "name": "P", "steps": steps })).await, 50);
    let template = format!("{{{{{}}}}}", "x".repeat(9_000));
    let step = json!({ "offsetDays": 1, "tone": "amical", "subject": "S", "body": template });
    refused(owner.post("/plans", json!({ "name": "P", "steps": [step] })).await, 1);
    refused(owner.get(&format!("/invoices?{}=1", "k".repeat(50_000))).await, 1);
    app.finish().await;
}

/// Returns a connection that locks all clients against changes.
async fn locked_clients(app: &TestApp) -> AsyncPgConnection {
    let mut holder = AsyncPgConnection::establish(&app.database.url).await.unwrap();
    holder.batch_execute("BEGIN; LOCK TABLE clients IN SHARE MODE").await.unwrap();
    holder
}

/// Returns as soon as so many connections of the database wait for a lock.
async fn until_locked_out(observer: &mut AsyncPgConnection, connections: i64) {
    // A wait for another transaction names no database, but its connection holds locks that do.
    let waiting = "(SELECT count(DISTINCT waiting.pid) FROM pg_locks AS waiting JOIN pg_locks AS held USING (pid) \
                   WHERE NOT waiting.granted AND held.database = \
                   (SELECT oid FROM pg_database WHERE datname = current_database()))";
    while select(sql::<BigInt>(waiting)).get_result::<i64>(observer).await.unwrap() < connections {}
}

async fn rename(owner: &Owner<'_>, client: &str) -> Answer {
    owner.patch(&format!("/clients/{client}"), json!({ "name": "Petit" })).await
}

#[tokio::test]
async fn an_organization_whose_requests_hang_does_not_hold_the_others_up() {
    let app = TestApp::builder().set("PG_POOL_SIZE", "4").start().await;
    let (busy, other) = (app.signed_up_owner().await, app.signed_up_owner().await);
    let client = busy.client().create().await;
    let mut holder = locked_clients(&app).await;

    let mut requests: FuturesUnordered<_> = (0..6).map(|_| rename(&busy, &client.id)).collect();
    // Two requests run and hang; the others give up waiting for them.
    for _ in 0..4 {
        let refused = requests.next().await.unwrap().expect(429);
        assert_eq!((refused.code(), refused.header("retry-after")), ("too_many_concurrent_requests", "1"));
    }
    other.get("/me").await.expect(200);
    other.get("/invoices").await.expect(200);
    assert!(requests.next().now_or_never().is_none(), "two requests still hang");

    holder.batch_execute("ROLLBACK").await.unwrap();
    while let Some(answer) = requests.next().await {
        answer.expect(200);
    }
    drop(requests);
    busy.get("/me").await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn a_service_whose_connections_are_all_busy_is_still_ready() {
    let app = TestApp::builder().set("PG_POOL_SIZE", "2").set("ORGANIZATION_CONCURRENCY", "2").start().await;
    let owner = app.signed_up_owner().await;
    let client = owner.client().create().await;
    let mut holder = locked_clients(&app).await;

    let mut requests: FuturesUnordered<_> = (0..2).map(|_| rename(&owner, &client.id)).collect();
    tokio::select! {
        () = until_locked_out(&mut holder, 2) => {}
        _ = requests.next() => panic!("the requests hang"),
    }
    let signed_in = async {
        let body = json!({ "email": owner.email, "password": owner.password });
        app.post("/api/v1/auth/login", body).await
    };
    let starved = tokio::select! {
        starved = signed_in => starved,
        _ = requests.next() => panic!("the requests hang"),
    };
    assert_eq!(starved.expect(503).code(), "unavailable", "every connection is busy");
    let ready = app.get("/readyz").await.expect(200);
    assert_eq!(ready.json["checks"], json!({ "postgres": "ok", "migrations": "ok", "redis": "ok" }));

    holder.batch_execute("ROLLBACK").await.unwrap();
    while let Some(answer) = requests.next().await {
        answer.expect(200);
    }
    drop(requests);
    app.finish().await;
}
