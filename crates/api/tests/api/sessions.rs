//! Signing up, in and out.

use reqwest::{Method, header};
use rubis_testkit::{Answer, Owner, TestApp};
use serde_json::json;
use time::Duration;

async fn refresh(app: &TestApp, cookie: &str) -> Answer {
    let request = app.request(Method::POST, "/api/v1/auth/refresh").header(header::COOKIE, cookie);
    app.send(request).await
}

async fn log_in(app: &TestApp, email: &str, password: &str) -> Answer {
    app.post("/api/v1/auth/login", json!({ "email": email, "password": password })).await
}

#[tokio::test]
async fn who_signs_up_owns_an_organization_with_a_plan_of_four_reminders() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let me = owner.get("/me").await.expect(200);
    assert_eq!(me.json["role"], "owner");
    assert_eq!(me.json["user"]["fullName"], "Claire Martin");
    assert_eq!(me.json["organization"]["timeZone"], "Europe/Paris");
    assert_eq!(me.json["organization"]["sendingTime"], "09:00");

    let steps = owner.default_plan().await["steps"].as_array().unwrap().clone();
    let told: Vec<_> = steps
        .iter()
        .map(|step| (step["offsetDays"].as_i64().unwrap(), step["tone"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [(3, "amical"), (10, "courtois"), (20, "ferme"), (30, "mise_en_demeure")]);
    app.finish().await;
}

#[tokio::test]
async fn the_refresh_token_is_in_a_cookie_that_scripts_and_other_paths_never_see() {
    let app = TestApp::start().await;
    let body = json!({
        "email": "claire@exemple.fr", "password": "correct horse battery", "fullName": "Claire", "organizationName": "Martin",
    });
    let answer = app.post("/api/v1/auth/signup", body).await.expect(201);
    let cookie = answer.header("set-cookie");
    for attribute in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/api/v1/auth", "Max-Age=2592000"] {
        assert!(cookie.contains(attribute), "{attribute} in {cookie}");
    }
    assert_eq!(answer.json["expiresIn"], 1800);
    assert!(
        !answer.text.contains(cookie.split(['=', ';']).nth(1).unwrap()),
        "the token is in the cookie alone"
    );
    app.finish().await;
}

#[tokio::test]
async fn an_address_signs_up_once_however_it_is_capitalised() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let body = json!({
        "email": owner.email.to_uppercase(), "password": "another long password", "fullName": "X", "organizationName": "Y",
    });
    let refused = app.post("/api/v1/auth/signup", body).await.expect(409);
    assert_eq!(refused.code(), "email_taken");
    assert_eq!(refused.field_errors(), [("email", "email_taken")]);
    app.finish().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_answered_alike() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let wrong = log_in(&app, &owner.email, "not the password").await.expect(401);
    let unknown = log_in(&app, "personne@exemple.fr", "not the password").await.expect(401);
    assert_eq!(wrong.code(), "invalid_credentials");
    assert_eq!(
        (wrong.json["code"].clone(), wrong.json["detail"].clone()),
        (unknown.json["code"].clone(), unknown.json["detail"].clone())
    );
    log_in(&app, &owner.email.to_uppercase(), &owner.password).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn a_refresh_token_is_spent_once_and_gives_the_next() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let refreshed = refresh(&app, &owner.cookie).await.expect(200);
    let renewed = Owner::new(&app, owner.email.clone(), &refreshed);
    assert_ne!(renewed.cookie, owner.cookie);
    renewed.get("/me").await.expect(200);
    refresh(&app, &renewed.cookie).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn a_refresh_token_that_is_spent_twice_ends_the_whole_session() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let renewed = Owner::new(&app, owner.email.clone(), &refresh(&app, &owner.cookie).await.expect(200));
    let other_session =
        Owner::new(&app, owner.email.clone(), &log_in(&app, &owner.email, &owner.password).await);

    let reused = refresh(&app, &owner.cookie).await.expect(401);
    assert_eq!(reused.code(), "invalid_refresh_token");
    assert!(reused.header("set-cookie").contains("Max-Age=0"), "the browser forgets it");
    refresh(&app, &renewed.cookie).await.expect(401);
    assert_eq!(renewed.get("/me").await.expect(401).code(), "session_ended");
    other_session.get("/me").await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn signing_out_ends_the_session_at_once() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let answer = owner.act("/auth/logout").await.expect(204);
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    let refused = owner.get("/me").await.expect(401);
    assert!(refused.header("www-authenticate").starts_with("Bearer"));
    refresh(&app, &owner.cookie).await.expect(401);
    app.finish().await;
}

#[tokio::test]
async fn an_access_token_lives_for_thirty_minutes_and_a_refresh_token_for_thirty_days() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    app.clock.advance(Duration::minutes(30) - Duration::SECOND);
    owner.get("/me").await.expect(200);
    app.clock.advance(Duration::SECOND);
    assert_eq!(owner.get("/me").await.expect(401).code(), "invalid_access_token");
    let renewed = Owner::new(&app, owner.email.clone(), &refresh(&app, &owner.cookie).await.expect(200));
    app.clock.advance(Duration::days(30));
    refresh(&app, &renewed.cookie).await.expect(401);
    app.finish().await;
}

#[tokio::test]
async fn a_token_that_was_not_given_out_opens_nothing() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let (payload, signature) = owner.access_token.split_once('.').unwrap();
    let forged =
        [format!("{payload}."), format!("{}.{signature}", &payload[1..]), "x.y".to_owned(), String::new()];
    for token in forged {
        let request = app.request(Method::GET, "/api/v1/me").bearer_auth(&token);
        app.send(request).await.expect(401);
    }
    let basic = app.request(Method::GET, "/api/v1/me").basic_auth("claire", Some("secret"));
    assert_eq!(app.send(basic).await.expect(401).code(), "unauthenticated");
    assert_eq!(app.get("/api/v1/me").await.expect(401).code(), "unauthenticated");
    assert_eq!(app.post("/api/v1/auth/refresh", json!({})).await.expect(401).code(), "missing_refresh_token");
    app.finish().await;
}

#[tokio::test]
async fn guessing_a_password_is_slowed_down_for_the_account_and_for_nobody_else() {
    let app = TestApp::start().await;
    let (victim, other) = (app.signed_up_owner().await, app.signed_up_owner().await);
    for _ in 0..10 {
        log_in(&app, &victim.email, "a guess that is wrong").await.expect(401);
    }
    let refused = log_in(&app, &victim.email, &victim.password).await.expect(429);
    assert_eq!(refused.code(), "rate_limited");
    let seconds: i64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=90).contains(&seconds), "{seconds}");
    log_in(&app, &other.email, &other.password).await.expect(200);
    app.clock.advance(Duration::seconds(seconds));
    log_in(&app, &victim.email, &victim.password).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn accounts_are_not_made_by_machine() {
    let app = TestApp::start().await;
    for number in 0..20 {
        let body = json!({ "email": format!("a{number}@exemple.fr"), "password": "short", "fullName": "A", "organizationName": "B" });
        app.post("/api/v1/auth/signup", body).await.expect(422);
    }
    let body = json!({ "email": "a@exemple.fr", "password": "long enough", "fullName": "A", "organizationName": "B" });
    app.post("/api/v1/auth/signup", body).await.expect(429);
    app.finish().await;
}

#[tokio::test]
async fn a_user_changes_their_name() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let changed = owner.patch("/me", json!({ "fullName": " Claire Dubois " })).await.expect(200);
    assert_eq!(changed.json["user"]["fullName"], "Claire Dubois");
    let refused = owner.patch("/me", json!({ "fullName": "" })).await.expect(422);
    assert_eq!(refused.field_errors(), [("fullName", "required")]);
    app.finish().await;
}
