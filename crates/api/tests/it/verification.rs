//! Verification of an owner's address over HTTP.

use rubis_testkit::TestApp;
use serde_json::json;
use time::Duration;

/// The token in the link of a mail's text.
fn token_in(text: &str) -> String {
    let (_, after) = text.split_once("/verification#token=").expect("the mail has a link");
    after.split_whitespace().next().expect("a token").to_owned()
}

#[tokio::test]
async fn an_owner_verifies_their_address_by_the_link_of_the_first_mail() {
    let app = TestApp::start().await;
    let owner = app.unverified_owner().await;
    let me = owner.get("/me").await.expect(200);
    assert_eq!(me.json["user"]["emailVerified"], false);
    assert_eq!(me.json["organization"]["senderVerified"], false);

    app.run_due_jobs().await;
    let mails = app.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to.address.as_str(), owner.email);
    let body = json!({ "token": token_in(&mails[0].text) });
    app.post("/api/v1/auth/email/verify", body.clone()).await.expect(204);

    let me = owner.get("/me").await.expect(200);
    assert_eq!(me.json["user"]["emailVerified"], true);
    assert_eq!(owner.get("/organization").await.expect(200).json["senderVerified"], true);
    assert_eq!(owner.signed_in_again().await.get("/me").await.json["user"]["emailVerified"], true);
    let again = app.post("/api/v1/auth/email/verify", body).await.expect(410);
    assert_eq!(again.json["code"], "token_used");
    let resent = owner.act("/auth/email/resend").await.expect(202);
    assert_eq!(resent.json["emailVerified"], true);
    app.run_due_jobs().await;
    assert_eq!(app.mails().len(), 1, "a verified address gets no other");
    app.finish().await;
}

#[tokio::test]
async fn a_link_that_expired_or_was_made_up_is_refused_and_another_is_sent_on_request() {
    let app = TestApp::start().await;
    let owner = app.unverified_owner().await;
    app.run_due_jobs().await;
    let old = token_in(&app.mails()[0].text);
    app.advance(Duration::hours(25)).await;
    let owner = owner.signed_in_again().await;

    let expired = app.post("/api/v1/auth/email/verify", json!({ "token": old })).await.expect(410);
    assert_eq!(expired.json["code"], "token_expired");
    for made_up in ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "", "é"] {
        let refused = app.post("/api/v1/auth/email/verify", json!({ "token": made_up })).await.expect(400);
        assert_eq!(refused.json["code"], "invalid_token", "{made_up}");
    }
    assert_eq!(app.post("/api/v1/auth/email/resend", json!({})).await.status, 401);

    let resent = owner.act("/auth/email/resend").await.expect(202);
    assert_eq!(resent.json["emailVerified"], false);
    app.run_due_jobs().await;
    let mails = app.mails();
    assert_eq!(mails.len(), 2);
    let token = token_in(&mails[1].text);
    app.post("/api/v1/auth/email/verify", json!({ "token": token })).await.expect(204);
    app.finish().await;
}

#[tokio::test]
async fn verification_mails_are_limited_by_user_and_end_a_month_after_the_sign_up() {
    let app = TestApp::start().await;
    let owner = app.unverified_owner().await;
    let other = app.unverified_owner().await;
    for _ in 0..5 {
        owner.act("/auth/email/resend").await.expect(202);
    }
    assert_eq!(owner.act("/auth/email/resend").await.status, 429);
    other.act("/auth/email/resend").await.expect(202);
    app.run_due_jobs().await;
    assert_eq!(app.mails().len(), 2, "a mail that waits is replaced by the next");

    app.advance(Duration::days(30)).await;
    let refused = owner.signed_in_again().await.act("/auth/email/resend").await.expect(409);
    assert_eq!(refused.json["code"], "verification_period_over");
    app.finish().await;
}

#[tokio::test]
async fn a_reminder_is_not_sent_by_hand_before_the_address_is_verified() {
    let app = TestApp::start().await;
    let owner = app.unverified_owner().await;
    let invoice = owner.invoice().due_today().create().await;
    let relance = owner.relances(&invoice.id).await[0].clone();
    assert_eq!(relance["whyNot"]["code"], "sender_not_verified");
    let path = format!("/relances/{}/send-now", relance["id"].as_str().unwrap());
    let refused = owner.act(&path).await.expect(409);
    assert_eq!(refused.json["code"], "sender_not_verified");
    app.advance(Duration::days(5)).await;
    assert!(app.relances_received().is_empty());

    let mut conn = app.database.pool.get().await.unwrap();
    let user = owner.user_id.parse().unwrap();
    rubis_lifecycle::mark_address_verified(&mut conn, user, app.now()).await.unwrap();
    drop(conn);
    owner.signed_in_again().await.act(&path).await.expect(200);
    app.advance(Duration::minutes(1)).await;
    assert_eq!(app.relances_received(), [invoice.client_email]);
    app.finish().await;
}
