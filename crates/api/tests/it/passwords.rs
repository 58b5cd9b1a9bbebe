//! Passwords that are forgotten, changed and guessed at, and the mails about them.

use std::time::Instant;

use reqwest::{Method, header};
use rubis_kernel::Email;
use rubis_testkit::{Answer, Owner, TestApp};
use serde_json::json;
use time::Duration;

const NEW: &str = "le rabot chante sous la pluie";
const RESET: &str = "Choisissez un nouveau mot de passe";
const CHANGED: &str = "Votre mot de passe a été modifié";
const FAILED: &str = "Tentatives de connexion à votre compte";
const REUSED: &str = "Une session a été fermée par sécurité";

async fn forgot(app: &TestApp, email: &str) -> Answer {
    app.post("/api/v1/auth/password/forgot", json!({ "email": email })).await
}

async fn reset(app: &TestApp, token: &str, password: &str) -> Answer {
    app.post("/api/v1/auth/password/reset", json!({ "token": token, "newPassword": password })).await
}

async fn change(owner: &Owner<'_>, current: &str, new: &str) -> Answer {
    owner.post("/auth/password/change", json!({ "currentPassword": current, "newPassword": new })).await
}

async fn sign_in(app: &TestApp, device: &str, email: &str, password: &str) -> Answer {
    let request = app.request(Method::POST, "/api/v1/auth/login").header(header::COOKIE, device);
    app.send(request.json(&json!({ "email": email, "password": password }))).await
}

/// The mails with this subject to an owner so far.
async fn mails(app: &TestApp, owner: &Owner<'_>, subject: &str) -> Vec<Email> {
    app.run_due_jobs().await;
    let to_owner = |mail: &Email| mail.subject == subject && mail.to.address.as_str() == owner.email;
    app.mails().into_iter().filter(to_owner).collect()
}

/// The token of the last mail with a link to reset a password.
async fn token(app: &TestApp, owner: &Owner<'_>) -> String {
    forgot(app, &owner.email).await.expect(202);
    let mail = mails(app, owner, RESET).await.pop().unwrap();
    let (_, token) = mail.text.split_once("http://localhost:5173/nouveau-mot-de-passe#token=").unwrap();
    token.split_whitespace().next().unwrap().to_owned()
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_through_a_link_that_ends_every_session() {
    let app = TestApp::start().await;
    let (owner, other) = (app.signed_up_owner().await, app.signed_up_owner().await);
    let elsewhere = owner.signed_in_again().await;
    let link = token(&app, &owner).await;

    let refused = reset(&app, &link, "azertyuiop").await.expect(422);
    assert_eq!(refused.field_errors(), [("newPassword", "common_password")]);
    let named = reset(&app, &link, "claire martin").await.expect(422);
    assert_eq!(named.field_errors(), [("newPassword", "contains_name")]);
    let device = reset(&app, &link, NEW).await.expect(204).cookie("rubis_device");

    for ended in [&owner, &elsewhere] {
        assert_eq!(ended.get("/me").await.expect(401).code(), "session_ended");
    }
    other.get("/me").await.expect(200);
    sign_in(&app, "", &owner.email, &owner.password).await.expect(401);
    sign_in(&app, &device, &owner.email, NEW).await.expect(200);
    assert_eq!(reset(&app, &link, NEW).await.expect(410).code(), "token_used");
    assert_eq!(mails(&app, &owner, CHANGED).await.len(), 1);
    assert_eq!(mails(&app, &other, CHANGED).await.len(), 0);
    app.finish().await;
}

#[tokio::test]
async fn a_link_is_good_for_thirty_minutes_and_ends_with_the_next_one_that_is_used() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let first = token(&app, &owner).await;
    app.clock.advance(Duration::minutes(20));
    let second = token(&app, &owner).await;
    app.clock.advance(Duration::minutes(10));
    assert_eq!(reset(&app, &first, NEW).await.expect(410).code(), "token_expired");
    app.clock.advance(Duration::minutes(10));
    let third = token(&app, &owner).await;
    reset(&app, &second, NEW).await.expect(204);
    assert_eq!(reset(&app, &third, NEW).await.expect(410).code(), "token_used");
    assert_eq!(reset(&app, "made-up", NEW).await.expect(400).code(), "invalid_token");
    app.finish().await;
}

#[tokio::test]
async fn nobody_learns_which_addresses_have_an_account() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let mut answers = Vec::new();
    for email in [owner.email.as_str(), "personne@exemple.fr", "no address", "nul\0byte"] {
        let begun = Instant::now();
        let answer = forgot(&app, email).await;
        if email.contains('\0') {
            answer.expect(400);
            continue;
        }
        assert!(begun.elapsed() >= std::time::Duration::from_millis(200), "{email}");
        answers.push(answer.expect(202).text);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(mails(&app, &owner, RESET).await.len(), 1, "the control: one of them has an account");
    app.finish().await;
}

#[tokio::test]
async fn three_mails_an_hour_are_enough_and_more_requests_take_nothing_away() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let link = token(&app, &owner).await;
    for _ in 0..6 {
        forgot(&app, &owner.email.to_uppercase()).await.expect(202);
    }
    assert_eq!(mails(&app, &owner, RESET).await.len(), 3);
    reset(&app, &link, NEW).await.expect(204);
    app.clock.advance(Duration::minutes(20));
    forgot(&app, &owner.email).await.expect(202);
    assert_eq!(mails(&app, &owner, RESET).await.len(), 4);
    app.finish().await;
}

#[tokio::test]
async fn a_link_that_was_sent_to_an_address_verifies_it() {
    let app = TestApp::start().await;
    let owner = app.unverified_owner().await;
    let link = token(&app, &owner).await;
    reset(&app, &link, NEW).await.expect(204);
    let session = sign_in(&app, "", &owner.email, NEW).await.expect(200);
    assert_eq!(session.json["user"]["emailVerified"], true);
    assert_eq!(session.json["organization"]["senderVerified"], true);
    app.finish().await;
}

#[tokio::test]
async fn changing_a_password_takes_the_old_one_and_ends_all_other_sessions() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let elsewhere = owner.signed_in_again().await;
    let link = token(&app, &owner).await;
    let refused = change(&owner, "not the password", NEW).await.expect(422);
    assert_eq!(refused.field_errors(), [("currentPassword", "wrong_password")]);
    let unchanged = change(&owner, &owner.password, &owner.password).await.expect(422);
    assert_eq!(unchanged.field_errors(), [("newPassword", "unchanged")]);
    elsewhere.get("/me").await.expect(200);

    let device = change(&owner, &owner.password, NEW).await.expect(204).cookie("rubis_device");
    owner.get("/me").await.expect(200);
    assert_eq!(elsewhere.get("/me").await.expect(401).code(), "session_ended");
    assert_eq!(reset(&app, &link, NEW).await.expect(410).code(), "token_used");
    let notice = mails(&app, &owner, CHANGED).await.pop().unwrap();
    assert!(notice.text.contains("le 24 novembre 2026 à 10\u{a0}h\u{a0}00"), "{}", notice.text);

    for _ in 0..10 {
        sign_in(&app, "", &owner.email, "a guess that is wrong").await.expect(401);
    }
    sign_in(&app, &owner.device, &owner.email, NEW).await.expect(429);
    sign_in(&app, &device, &owner.email, NEW).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn an_open_session_does_not_help_to_guess_the_password() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    for _ in 0..10 {
        change(&owner, "a guess that is wrong", NEW).await.expect(422);
    }
    change(&owner, &owner.password, NEW).await.expect(429);
    sign_in(&app, &owner.device, &owner.email, &owner.password).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn the_holder_of_an_account_that_is_guessed_at_is_warned_once_a_day() {
    let app = TestApp::start().await;
    let (owner, other) = (app.signed_up_owner().await, app.signed_up_owner().await);
    for _ in 0..9 {
        sign_in(&app, "", &owner.email, "a guess that is wrong").await.expect(401);
    }
    assert_eq!(mails(&app, &owner, FAILED).await.len(), 0, "a few mistakes are ordinary");
    for _ in 0..20 {
        sign_in(&app, "", &owner.email, "a guess that is wrong").await;
        app.clock.advance(Duration::minutes(5));
    }
    assert_eq!(mails(&app, &owner, FAILED).await.len(), 1);
    app.clock.advance(Duration::hours(24));
    for _ in 0..10 {
        sign_in(&app, "", &owner.email, "a guess that is wrong").await;
    }
    assert_eq!(mails(&app, &owner, FAILED).await.len(), 2);
    assert_eq!(mails(&app, &other, FAILED).await.len(), 0);
    app.finish().await;
}

#[tokio::test]
async fn the_holder_of_a_copied_session_learns_that_it_was_ended() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let refresh = || app.request(Method::POST, "/api/v1/auth/refresh").header(header::COOKIE, &owner.cookie);
    app.send(refresh()).await.expect(200);
    assert_eq!(mails(&app, &owner, REUSED).await.len(), 0);
    for _ in 0..3 {
        app.send(refresh()).await.expect(401);
    }
    assert_eq!(mails(&app, &owner, REUSED).await.len(), 1);
    app.finish().await;
}
