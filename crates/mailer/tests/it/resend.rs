//! Tests of mails sent to a fake of Resend's API.

use std::time::Duration;

use crate::support::{mailbox, relance};
use rubis_kernel::Email;
use rubis_mailer::{Mailer, ResendMailer, ResendSettings, SendError};
use serde_json::json;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const KEY: &str = "re_test_0123456789";

fn mailer(base: &str) -> ResendMailer {
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let settings = ResendSettings::new(KEY.into(), base.parse().unwrap());
    ResendMailer::new(ResendSettings { timeout: Duration::from_millis(500), ..settings }).unwrap()
}

/// Returns the error of a mail if Resend responds with this.
async fn outcome(answer: ResponseTemplate) -> SendError {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(answer).mount(&server).await;
    let error = mailer(&server.uri()).send(&relance()).await.unwrap_err();
    assert!(!error.to_string().contains(KEY));
    error
}

fn problem(status: u16, name: &str) -> ResponseTemplate {
    let body = json!({ "statusCode": status, "name": name, "message": "As the test wishes." });
    ResponseTemplate::new(status).set_body_json(body)
}

#[tokio::test]
async fn a_relance_is_posted_whole_under_its_idempotency_key() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1/emails"))
        .and(header("authorization", format!("Bearer {KEY}")))
        .and(header("idempotency-key", relance().idempotency_key))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "id": "49a3999c" })))
        .expect(2)
        .mount(&server)
        .await;

    let receipt = mailer(&format!("{}/v1", server.uri())).send(&relance()).await.unwrap();
    assert_eq!(receipt.reference.as_deref(), Some("49a3999c"));
    mailer(&format!("{}/v1/", server.uri())).send(&relance()).await.unwrap();

    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].body, requests[1].body, "the same mail is the same request");
    let body: serde_json::Value = requests[0].body_json().unwrap();
    insta::assert_json_snapshot!(body);
}

#[tokio::test]
async fn a_mail_with_little_in_it_leaves_the_rest_out() {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let plain = Email { html: None, reply_to: None, cc: Vec::new(), ..relance() };
    let receipt = mailer(&server.uri()).send(&plain).await.unwrap();
    assert_eq!(receipt.reference, None, "taken, although the answer says nothing");
    let body: serde_json::Value = server.received_requests().await.unwrap()[0].body_json().unwrap();
    let keys: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["from", "headers", "subject", "text", "to"]);
}

#[tokio::test]
async fn an_address_beyond_ascii_among_the_copies_is_left_out_and_reported() {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let email = Email {
        to: mailbox(None, "compta@société.example"),
        cc: vec![mailbox(None, "hélène@meuble.example")],
        bcc: vec![mailbox(None, "archives@cafe-martin.example")],
        ..relance()
    };
    let receipt = mailer(&server.uri()).send(&email).await.unwrap();
    assert_eq!(receipt.refused_copies, ["hélène@meuble.example".parse().unwrap()]);
    let body: serde_json::Value = server.received_requests().await.unwrap()[0].body_json().unwrap();
    assert_eq!(body["to"], json!(["compta@xn--socit-esab.example"]));
    assert_eq!(body["bcc"], json!(["archives@cafe-martin.example"]));
    assert_eq!(body.get("cc"), None);
}

#[tokio::test]
async fn a_name_cannot_pose_as_an_address() {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let posing =
        Email { to: mailbox(Some("Banque <a@banque.fr>, \"x\""), "compta@meuble.example"), ..relance() };
    mailer(&server.uri()).send(&posing).await.unwrap();
    let body: serde_json::Value = server.received_requests().await.unwrap()[0].body_json().unwrap();
    assert_eq!(body["to"], json!([r#""Banque <a@banque.fr>, \"x\"" <compta@meuble.example>"#]));
}

#[tokio::test]
async fn what_may_pass_later_is_tried_again_when_resend_says() {
    let limited = problem(429, "rate_limit_exceeded").insert_header("Retry-After", "7");
    assert!(matches!(
        outcome(limited).await,
        SendError::Unavailable { retry_after: Some(after), .. } if after == Duration::from_secs(7)
    ));
    let concurrent = outcome(problem(409, "concurrent_idempotent_requests")).await;
    assert!(matches!(concurrent, SendError::Transient { .. }), "about this mail alone: {concurrent}");
    for answer in [
        problem(429, "daily_quota_exceeded"),
        problem(429, "monthly_quota_exceeded"),
        problem(500, "application_error"),
        ResponseTemplate::new(503).set_body_string("<html>not JSON</html>"),
        problem(200, "late").set_delay(Duration::from_secs(5)),
    ] {
        let error = outcome(answer).await;
        assert!(matches!(error, SendError::Unavailable { retry_after: None, .. }), "{error}");
    }
}

#[tokio::test]
async fn a_mail_whose_answer_never_came_may_have_left_and_an_answered_one_has_not() {
    assert!(outcome(problem(200, "late").set_delay(Duration::from_secs(5))).await.may_have_left());
    for status in [429, 500, 503] {
        assert!(!outcome(problem(status, "application_error")).await.may_have_left(), "{status}");
    }
}

#[tokio::test]
async fn a_refused_mail_fails_for_good() {
    for (status, name) in
        [(400, "validation_error"), (422, "invalid_to"), (409, "invalid_idempotent_request")]
    {
        let error = outcome(problem(status, name)).await;
        assert!(matches!(error, SendError::Rejected { code, .. } if code == status), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[tokio::test]
async fn a_refused_key_fails_no_mail_for_good() {
    for (status, name) in [(401, "missing_api_key"), (403, "invalid_api_key"), (404, "not_found")] {
        let error = outcome(problem(status, name)).await;
        assert!(matches!(error, SendError::Configuration { .. }) && !error.is_final(), "{error}");
    }
}

#[tokio::test]
async fn the_key_is_carried_to_no_other_place() {
    let elsewhere = MockServer::start().await;
    let answer = ResponseTemplate::new(307).insert_header("Location", elsewhere.uri());
    assert!(matches!(outcome(answer).await, SendError::Configuration { .. }));
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_mail_that_could_inject_a_header_is_not_posted() {
    let server = MockServer::start().await;
    let attack = Email { idempotency_key: "x\r\nAuthorization: other".into(), ..relance() };
    let error = mailer(&server.uri()).send(&attack).await.unwrap_err();
    assert!(matches!(error, SendError::Invalid(_)), "{error}");
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_api_that_is_not_there_is_tried_again() {
    let server = MockServer::start().await;
    let base = server.uri();
    drop(server);
    let error = mailer(&base.replace("127.0.0.1", "127.0.0.2")).send(&relance()).await.unwrap_err();
    assert!(matches!(error, SendError::Unavailable { .. }), "{error}");
}

#[test]
fn the_key_never_prints() {
    let settings = ResendSettings::new(KEY.into(), "https://api.resend.com".parse().unwrap());
    assert!(!format!("{settings:?}").contains(KEY));
}
