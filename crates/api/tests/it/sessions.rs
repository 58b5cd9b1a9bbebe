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
async fn the_tokens_are_in_cookies_that_no_script_reads_and_no_other_host_plants() {
    let app = TestApp::start().await;
    let body = json!({
        "email": "claire@exemple.fr", "password": "correct horse battery", "fullName": "Claire", "organizationName": "Martin",
    });
    let answer = app.post("/api/v1/auth/signup", body).await.expect(201);
    let cookies: Vec<_> =
        answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    let [refresh, device] = cookies.as_slice() else { panic!("{cookies:?}") };
    assert!(refresh.starts_with("__Host-rubis_refresh=") && refresh.contains("Max-Age=2592000"), "{refresh}");
    assert!(device.starts_with("__Host-rubis_device=") && device.contains("Max-Age=31536000"), "{device}");
    for cookie in &cookies {
        // Browsers keep a cookie with this prefix only with this path, and without a domain.
        for attribute in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/;"] {
            assert!(format!("{cookie};").contains(attribute), "{attribute} in {cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
        let value = cookie.split(['=', ';']).nth(1).unwrap();
        assert!(!answer.text.contains(value), "the token is in the cookie alone");
    }
    assert_eq!(answer.json["expiresIn"], 1800);
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

#[tokio::test]
async fn a_server_without_https_or_with_a_domain_names_its_cookies_accordingly() {
    for (settings, name, path) in [
        (vec![("COOKIE_SECURE", "false")], "rubis_refresh=", "Path=/api/v1/auth"),
        (vec![("COOKIE_DOMAIN", "rubis.example")], "__Secure-rubis_refresh=", "Path=/api/v1/auth"),
    ] {
        let app =
            settings.iter().fold(TestApp::builder(), |app, (key, value)| app.set(key, *value)).start().await;
        let owner = app.signed_up_owner().await;
        assert!(owner.cookie.starts_with(name), "{}", owner.cookie);
        let refreshed = refresh(&app, &owner.cookie).await.expect(200);
        assert!(refreshed.header("set-cookie").contains(path));
        app.finish().await;
    }
}

#[tokio::test]
async fn a_cookie_of_the_release_before_is_taken_once_and_replaced() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let plain = owner.cookie.replace("__Host-", "");
    let refreshed = refresh(&app, &plain).await.expect(200);
    let cookies: Vec<_> =
        refreshed.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    let [renewed, removed] = cookies.as_slice() else { panic!("{cookies:?}") };
    assert!(renewed.starts_with("__Host-rubis_refresh="));
    assert!(removed.starts_with("rubis_refresh=;") && removed.contains("Max-Age=0"), "{removed}");
    assert!(removed.contains("Path=/api/v1/auth"), "{removed}");
    let both = format!("{plain}; {}", refreshed.cookie("__Host-rubis_refresh"));
    refresh(&app, &both).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn signing_out_needs_nothing_but_the_cookie() {
    let app = TestApp::start().await;
    let (owner, other) = (app.signed_up_owner().await, app.signed_up_owner().await);
    let log_out =
        |cookie: &str| app.request(Method::POST, "/api/v1/auth/logout").header(header::COOKIE, cookie);
    app.clock.advance(Duration::minutes(31));
    let answer = app.send(log_out(&owner.cookie)).await.expect(204);
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    refresh(&app, &owner.cookie).await.expect(401);
    refresh(&app, &other.cookie).await.expect(200);
    app.send(log_out(&owner.cookie)).await.expect(204);
    app.send(log_out("__Host-rubis_refresh=unknown")).await.expect(204);
    assert_eq!(app.post("/api/v1/auth/logout", json!({})).await.expect(401).code(), "unauthenticated");
    app.finish().await;
}

#[tokio::test]
async fn another_website_neither_refreshes_a_session_nor_ends_it() {
    let app = TestApp::builder().set("WEB_URL", "https://www.rubis.example/app").start().await;
    let owner = app.signed_up_owner().await;
    let act = |path: &str, headers: &[(&str, &str)]| {
        let request = app.request(Method::POST, path).header(header::COOKIE, &owner.cookie);
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
    };
    for path in ["/api/v1/auth/refresh", "/api/v1/auth/logout"] {
        for foreign in [
            &[("Origin", "https://evil.example")][..],
            &[("Origin", "null")],
            &[("Origin", "https://app.rubis.example.evil.example")],
            &[("Origin", "https://app.rubis.example"), ("Origin", "https://evil.example")],
            &[("Sec-Fetch-Site", "cross-site")],
            &[("Sec-Fetch-Site", "same-site")],
        ] {
            let refused = app.send(act(path, foreign)).await.expect(403);
            assert_eq!(refused.code(), "foreign_origin", "{path} {foreign:?}");
            assert_eq!(refused.header("set-cookie"), "", "the page that has the session keeps it");
        }
    }
    let mut owner = owner.clone();
    for ours in ["https://app.rubis.example", "http://localhost:3333", "https://www.rubis.example"] {
        let request = app.request(Method::POST, "/api/v1/auth/refresh").header(header::COOKIE, &owner.cookie);
        let request = request.header("Origin", ours).header("Sec-Fetch-Site", "same-site");
        owner = Owner::new(&app, owner.email.clone(), &app.send(request).await.expect(200));
    }
    app.finish().await;
}

#[tokio::test]
async fn a_user_sees_where_they_are_signed_in_and_signs_out_elsewhere() {
    let app = TestApp::start().await;
    let (here, stranger) = (app.signed_up_owner().await, app.signed_up_owner().await);
    let body = json!({ "email": here.email, "password": here.password });
    let elsewhere = app.request(Method::POST, "/api/v1/auth/login").header("User-Agent", "Firefox/140");
    let elsewhere = Owner::new(&app, here.email.clone(), &app.send(elsewhere.json(&body)).await.expect(200));

    let seen = here.get("/auth/sessions").await.expect(200);
    let items = seen.json["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!((&items[0]["current"], &items[0]["userAgent"]), (&json!(false), &json!("Firefox/140")));
    assert_eq!((&items[1]["current"], &items[1]["network"]), (&json!(true), &json!("127.0.0.0/24")));

    let path = format!("/auth/sessions/{}", items[0]["id"].as_str().unwrap());
    stranger.delete(&path).await.expect(404);
    elsewhere.get("/me").await.expect(200);
    here.delete(&path).await.expect(204);
    assert_eq!(
        elsewhere.get("/me").await.expect(401).code(),
        "session_ended",
        "its access token stops at once"
    );
    refresh(&app, &elsewhere.cookie).await.expect(401);
    assert_eq!(here.get("/auth/sessions").await.expect(200).json["items"].as_array().unwrap().len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_session_ends_after_ninety_days_however_often_it_is_used() {
    let app = TestApp::start().await;
    let mut owner = app.signed_up_owner().await;
    for _ in 0..3 {
        app.clock.advance(Duration::days(29));
        owner = Owner::new(&app, owner.email.clone(), &refresh(&app, &owner.cookie).await.expect(200));
    }
    app.clock.advance(Duration::days(3) - Duration::minutes(1));
    owner = Owner::new(&app, owner.email.clone(), &refresh(&app, &owner.cookie).await.expect(200));
    owner.get("/me").await.expect(200);
    app.clock.advance(Duration::minutes(1));
    owner.get("/me").await.expect(401);
    refresh(&app, &owner.cookie).await.expect(401);
    app.finish().await;
}

#[tokio::test]
async fn a_password_is_neither_common_nor_made_of_names() {
    let app = TestApp::start().await;
    for (password, rule) in [
        ("azertyuiop", "common_password"),
        ("Motdepasse2026", "common_password"),
        ("claire.martin", "contains_name"),
        ("jeanne@exemple.fr 1", "contains_email"),
    ] {
        let body = json!({
            "email": "jeanne@exemple.fr", "password": password, "fullName": "Claire Martin", "organizationName": "Bois",
        });
        let refused = app.post("/api/v1/auth/signup", body).await.expect(422);
        assert_eq!(refused.field_errors(), [("password", rule)], "{password}");
    }
    app.signed_up_owner().await;
    app.finish().await;
}
