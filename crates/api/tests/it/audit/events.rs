//! Each kind of event, with what identifies it.

use reqwest::{Method, RequestBuilder, header};
use rubis_testkit::{Answer, Owner, TestApp};
use serde_json::{Value, json};

use super::trail::Trail;

/// An application behind a proxy, and a client of it whose events differ from those of other tests.
struct Client {
    app: TestApp,
    trail: Trail,
    address: &'static str,
}

impl Client {
    async fn at(address: &'static str) -> Self {
        let app = TestApp::builder().set("TRUSTED_PROXIES", "127.0.0.0/8").with_stripe().start().await;
        Self { app, trail: Trail::of_client(address), address }
    }

    async fn send(&self, request: RequestBuilder) -> Answer {
        self.app.send(request.header("X-Forwarded-For", self.address)).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.app.request(Method::POST, path).json(&body)).await
    }

    async fn sign_in(&self, owner: &Owner<'_>, password: &str) -> Answer {
        self.post("/api/v1/auth/login", json!({ "email": owner.email, "password": password })).await
    }

    async fn with_cookie(&self, path: &str, cookie: &str) -> Answer {
        self.send(self.app.request(Method::POST, path).header(header::COOKIE, cookie)).await
    }
}

#[tokio::test]
async fn signing_in_and_out_is_written_down_with_account_session_and_request() {
    let client = Client::at("203.0.113.11").await;
    let owner = client.app.signed_up_owner().await;
    let answer = client.sign_in(&owner, &owner.password).await.expect(200);
    let event = client.trail.last("sign_in_succeeded");
    assert_eq!(event["target"], "rubis_audit");
    assert_eq!(event["detail"], "new_device");
    assert_eq!(event["user"], answer.json["user"]["id"]);
    assert_eq!(event["organization"], answer.json["organization"]["id"]);
    assert_eq!(event["request_id"], answer.header("x-request-id"));
    let session = event["session"].as_str().unwrap().to_owned();

    let owner = Owner::new(&client.app, owner.email.clone(), &answer);
    client.send(owner.request(Method::POST, "/auth/logout")).await.expect(204);
    assert_eq!(client.trail.last("signed_out")["session"], session.as_str());

    let other = client.sign_in(&owner, &owner.password).await.expect(200).cookie("rubis_refresh");
    let begun = client.trail.last("sign_in_succeeded")["session"].clone();
    client.with_cookie("/api/v1/auth/logout", &other).await.expect(204);
    let event = client.trail.last("signed_out");
    assert_eq!((&event["session"], &event["user"]), (&begun, &answer.json["user"]["id"]));

    let body = json!({
        "email": "paul@exemple.fr", "password": "correct horse battery", "fullName": "Paul", "organizationName": "Petit",
    });
    let answer = client.post("/api/v1/auth/signup", body).await.expect(201);
    assert_eq!(client.trail.last("signed_up")["user"], answer.json["user"]["id"]);
    client.app.finish().await;
}

#[tokio::test]
async fn a_failed_sign_in_is_recognised_without_the_address_in_clear() {
    let client = Client::at("203.0.113.12").await;
    let (owner, other) = (client.app.signed_up_owner().await, client.app.signed_up_owner().await);
    let mut accounts = Vec::new();
    for owner in [&owner, &owner, &other] {
        client.sign_in(owner, "not the password").await.expect(401);
        let event = client.trail.last("sign_in_failed");
        assert!(!event.to_string().contains(&owner.email), "{event}");
        accounts.push(event["account"].as_str().unwrap().to_owned());
    }
    assert_eq!(accounts[0], accounts[1]);
    assert_ne!(accounts[0], accounts[2]);
    for _ in 0..9 {
        client.sign_in(&owner, "not the password").await;
    }
    client.sign_in(&owner, "not the password").await.expect(429);
    assert_eq!(client.trail.last("rate_limited")["detail"], "rate_limited");
    client.app.finish().await;
}

#[tokio::test]
async fn a_refresh_token_that_is_used_twice_is_written_down() {
    let client = Client::at("203.0.113.13").await;
    let owner = client.app.signed_up_owner().await;
    client.with_cookie("/api/v1/auth/refresh", &owner.cookie).await.expect(200);
    assert!(client.trail.events().is_empty(), "the control: a refresh is nothing remarkable");
    client.with_cookie("/api/v1/auth/refresh", &owner.cookie).await.expect(401);
    let event = client.trail.last("refresh_token_reused");
    assert_eq!(event["organization"], owner.organization_id);
    assert!(event["session"].is_string() && event["user"].is_string());
    client.app.finish().await;
}

#[tokio::test]
async fn ended_sessions_refusals_and_settings_are_written_down_with_the_signed_in_user() {
    let client = Client::at("203.0.113.14").await;
    let owner = client.app.signed_up_owner().await;
    let elsewhere = owner.signed_in_again().await;
    let sessions = elsewhere.get("/auth/sessions").await.expect(200);
    let older = sessions.text_at("/items/1/id");
    client.send(elsewhere.request(Method::DELETE, &format!("/auth/sessions/{older}"))).await.expect(204);
    let event = client.trail.last("session_ended");
    assert_eq!(event["detail"], older.as_str());
    let user = event["user"].clone();
    assert!(user.is_string());

    let settings = [
        (Method::PATCH, "/organization", json!({ "signature": "Claire" }), "organization"),
        (Method::POST, "/organization/pause", json!({}), "pause"),
        (Method::PATCH, "/me", json!({ "fullName": "Claire Dubois" }), "profile"),
        (
            Method::POST,
            "/plans",
            json!({ "name": "P", "steps": [{ "offsetDays": 1, "tone": "amical", "subject": "S", "body": "B" }] }),
            "plan",
        ),
    ];
    for (method, path, body, setting) in settings {
        let answer = client.send(elsewhere.request(method, path).json(&body)).await;
        assert!(answer.status.is_success(), "{}", answer.text);
        let event = client.trail.last("settings_changed");
        assert_eq!((&event["detail"], &event["user"]), (&json!(setting), &user));
        assert!(event["session"].is_string());
    }
    let count = client.trail.events().len();
    client.send(elsewhere.request(Method::PATCH, "/me").json(&json!({ "fullName": "" }))).await.expect(422);
    client.send(elsewhere.request(Method::GET, "/me")).await.expect(200);
    assert_eq!(client.trail.events().len(), count, "what changes nothing is not written down");

    let request =
        client.app.request(Method::POST, "/api/v1/auth/refresh").header("Origin", "https://evil.example");
    client.send(request).await.expect(403);
    assert_eq!(client.trail.last("access_denied")["detail"], "foreign_origin");
    client.app.finish().await;
}

#[tokio::test]
async fn passwords_and_verified_addresses_are_written_down() {
    let client = Client::at("203.0.113.16").await;
    let app = &client.app;
    let owner = app.unverified_owner().await;
    let token = async |link: &str| {
        app.run_due_jobs().await;
        let mail = app.mails().pop().unwrap();
        let (_, token) = mail.text.split_once(&format!("/{link}#token=")).unwrap();
        token.split_whitespace().next().unwrap().to_owned()
    };
    client
        .post("/api/v1/auth/email/verify", json!({ "token": token("verification").await }))
        .await
        .expect(204);
    assert_eq!(client.trail.last("address_verified")["user"], owner.user_id);

    let change = async |current: &str, new: &str| {
        let body = json!({ "currentPassword": current, "newPassword": new });
        client.send(owner.request(Method::POST, "/auth/password/change").json(&body)).await
    };
    let elsewhere = owner.signed_in_again().await;
    change("not the password", "le rabot chante sous la pluie").await.expect(422);
    assert_eq!(client.trail.last("password_refused")["user"], owner.user_id);
    change(&owner.password, "le rabot chante sous la pluie").await.expect(204);
    let event = client.trail.last("password_changed");
    assert_eq!((&event["user"], &event["detail"]), (&json!(owner.user_id), &json!("1")));
    elsewhere.get("/me").await.expect(401);

    client.sign_in(&owner, "not the password").await.expect(401);
    let account = client.trail.last("sign_in_failed")["account"].clone();
    app.run_due_jobs().await;
    client.post("/api/v1/auth/password/forgot", json!({ "email": owner.email })).await.expect(202);
    assert_eq!(client.trail.last("password_reset_requested")["account"], account);
    let body =
        json!({ "token": token("nouveau-mot-de-passe").await, "newPassword": "la scie danse au soleil" });
    client.post("/api/v1/auth/password/reset", body).await.expect(204);
    let event = client.trail.last("password_reset");
    assert_eq!((&event["user"], &event["detail"]), (&json!(owner.user_id), &json!("1")));
    client.app.finish().await;
}

#[tokio::test]
async fn a_webhook_that_is_not_believed_is_written_down() {
    let client = Client::at("203.0.113.15").await;
    let request = client.app.request(Method::POST, "/api/v1/webhooks/stripe");
    let signed = request.header("stripe-signature", "t=1,v1=00").json(&json!({ "id": "evt_1" }));
    client.send(signed).await.expect(400);
    let event = client.trail.last("webhook_rejected");
    assert!(event["detail"].as_str().unwrap().starts_with("signature_"), "{event}");
    client.app.finish().await;
}
