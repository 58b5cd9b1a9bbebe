//! Password guessing, and users whom it must not delay.

use reqwest::{Method, header};
use rubis_testkit::{Answer, Owner, TestApp};
use serde_json::json;
use time::Duration;

const ATTACKER: &str = "198.51.100.1";
const HOME: &str = "203.0.113.5";
const HOTEL: &str = "192.0.2.9";

/// An application behind a proxy that names the client of each request.
async fn app() -> TestApp {
    TestApp::builder().set("TRUSTED_PROXIES", "127.0.0.0/8").start().await
}

/// A sign-in from an address, with the cookie of a device.
async fn sign_in(app: &TestApp, from: &str, device: &str, email: &str, password: &str) -> Answer {
    let request = app
        .request(Method::POST, "/api/v1/auth/login")
        .header("X-Forwarded-For", from)
        .header(header::COOKIE, device)
        .json(&json!({ "email": email, "password": password }));
    app.send(request).await
}

async fn guess(app: &TestApp, from: &str, owner: &Owner<'_>) -> u16 {
    sign_in(app, from, "", &owner.email, "a guess that is wrong").await.status.as_u16()
}

fn seconds_to_wait(refused: &Answer) -> i64 {
    refused.header("retry-after").parse().unwrap()
}

#[tokio::test]
async fn wrong_passwords_from_elsewhere_lock_nobody_out() {
    let app = app().await;
    let owner = app.signed_up_owner().await;
    for _ in 0..10 {
        assert_eq!(guess(&app, ATTACKER, &owner).await, 401);
    }
    assert_eq!(guess(&app, ATTACKER, &owner).await, 429);
    sign_in(&app, HOME, &owner.device, &owner.email, &owner.password).await.expect(200);
    sign_in(&app, HOTEL, "", &owner.email, &owner.password).await.expect(200);
    // The right password from the attacker's own network waits: it may have been the next guess.
    let refused = sign_in(&app, ATTACKER, "", &owner.email, &owner.password).await.expect(429);
    assert_eq!(refused.code(), "rate_limited");
    assert!((1..=90).contains(&seconds_to_wait(&refused)));
    sign_in(&app, ATTACKER, &owner.device, &owner.email, &owner.password).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn an_attacker_who_goes_on_for_ever_keeps_nobody_out() {
    let app = app().await;
    let owner = app.signed_up_owner().await;
    for number in 0..40 {
        guess(&app, ATTACKER, &owner).await;
        guess(&app, &format!("198.51.100.{}", 10 + number), &owner).await;
        app.clock.advance(Duration::seconds(90));
    }
    sign_in(&app, HOME, &owner.device, &owner.email, &owner.password).await.expect(200);
    // From a device that is not known, after a mistake: the wait follows from that mistake alone, and ends.
    assert_eq!(guess(&app, HOTEL, &owner).await, 401);
    let refused = sign_in(&app, HOTEL, "", &owner.email, &owner.password).await.expect(429);
    let wait = seconds_to_wait(&refused);
    assert!((31..=900).contains(&wait), "{wait}");
    for _ in 0..wait {
        app.clock.advance(Duration::SECOND);
        guess(&app, ATTACKER, &owner).await;
    }
    sign_in(&app, HOTEL, "", &owner.email, &owner.password).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn an_account_that_is_guessed_at_from_everywhere_slows_each_guesser_down() {
    let app = app().await;
    let owner = app.signed_up_owner().await;
    assert_eq!(
        [guess(&app, HOTEL, &owner).await, guess(&app, HOTEL, &owner).await],
        [401, 401],
        "no wait yet"
    );
    for number in 0..10 {
        assert_eq!(guess(&app, &format!("198.51.100.{number}"), &owner).await, 401);
    }
    assert_eq!([guess(&app, HOTEL, &owner).await, guess(&app, HOTEL, &owner).await], [401, 429]);
    app.clock.advance(Duration::seconds(30));
    assert_eq!(guess(&app, HOTEL, &owner).await, 401);
    app.finish().await;
}

#[tokio::test]
async fn an_unknown_address_is_limited_in_the_same_way() {
    let app = app().await;
    let owner = app.signed_up_owner().await;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for number in 0..24 {
        let from = format!("198.51.100.{}", number / 2);
        known.push(sign_in(&app, &from, "", &owner.email, "a guess that is wrong").await);
        unknown.push(sign_in(&app, &from, "", "personne@exemple.fr", "a guess that is wrong").await);
    }
    let seen = |answers: &[Answer]| -> Vec<_> {
        let seen = |answer: &Answer| {
            (answer.status, answer.code().to_owned(), answer.header("retry-after").to_owned())
        };
        answers.iter().map(seen).collect()
    };
    assert_eq!(seen(&known), seen(&unknown));
    assert!(known.iter().any(|answer| answer.status == 429), "the control: the limit was reached");
    app.finish().await;
}

#[tokio::test]
async fn signing_in_successfully_counts_for_nothing() {
    let app = app().await;
    let owner = app.signed_up_owner().await;
    for _ in 0..15 {
        sign_in(&app, HOME, "", &owner.email, &owner.password).await.expect(200);
    }
    for _ in 0..10 {
        assert_eq!(guess(&app, HOME, &owner).await, 401);
    }
    assert_eq!(guess(&app, HOME, &owner).await, 429);
    app.finish().await;
}

#[tokio::test]
async fn the_cookie_of_another_account_makes_no_device_known() {
    let app = app().await;
    let (owner, attacker) = (app.signed_up_owner().await, app.signed_up_owner().await);
    let forged = format!("{}x", owner.device);
    for device in [attacker.device.as_str(), forged.as_str()] {
        let statuses = {
            let mut statuses = Vec::new();
            for _ in 0..3 {
                statuses.push(sign_in(&app, ATTACKER, device, &owner.email, "wrong").await.status.as_u16());
            }
            statuses
        };
        assert_eq!(statuses, [401, 401, 401]);
    }
    for _ in 0..4 {
        guess(&app, ATTACKER, &owner).await;
    }
    for device in [attacker.device.as_str(), forged.as_str()] {
        sign_in(&app, ATTACKER, device, &owner.email, &owner.password).await.expect(429);
    }
    for _ in 0..10 {
        sign_in(&app, HOME, &owner.device, &owner.email, "wrong").await.expect(401);
    }
    sign_in(&app, HOME, &owner.device, &owner.email, &owner.password).await.expect(429);
    app.finish().await;
}
