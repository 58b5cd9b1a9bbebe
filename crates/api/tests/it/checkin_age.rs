//! Old tokens show less and less, and no address that a browser is sent to names one.

use reqwest::Method;
use rubis_testkit::{Answer, TestApp};
use serde_json::json;
use time::Duration;

use crate::asked::{Asked, open, open_page, token_for_page};

/// The links live for a day, and an answer can be taken back for a week.
const LIFE_AND_UNDO: Duration = Duration::days(8);

async fn state(app: &TestApp, asked: &Asked<'_>) -> Answer {
    app.get(&format!("/api/v1/checkin/{}", asked.token)).await
}

async fn clicks(app: &TestApp) -> i64 {
    crate::subscriber::count(app, "checkin_clicks").await
}

#[tokio::test]
async fn a_token_shows_the_state_alone_after_the_undo_period_and_nothing_after_thirty_days() {
    let app = TestApp::builder().set("WEB_URL", "http://localhost:3333").start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let asked = Asked::about_one(&owner).await;
    let client = asked.invoice.json["client"]["name"].as_str().unwrap().to_owned();
    let secrets = [asked.invoice.numero.as_str(), client.as_str(), "120000", "1 200", "1\u{202f}200"];

    // About two minutes have passed since the mail.
    app.advance(LIFE_AND_UNDO - Duration::minutes(5)).await;
    let shown = state(&app, &asked).await.expect(200);
    assert_eq!(
        (shown.text_at("/status"), shown.text_at("/invoice/numero")),
        ("expired".to_owned(), asked.invoice.numero.clone())
    );
    assert!(open_page(&app, &asked.token, "").await.expect(200).text.contains(&asked.invoice.numero));

    app.advance(Duration::minutes(6)).await;
    let shown = state(&app, &asked).await.expect(200);
    assert_eq!((shown.text_at("/status"), &shown.json["invoice"]), ("expired".to_owned(), &json!(null)));
    let page = open_page(&app, &asked.token, "").await.expect(200);
    for answer in [&shown, &page] {
        for secret in secrets {
            assert!(!answer.text.contains(secret), "{secret} in {}", answer.text);
        }
    }
    let fresh = Asked::about_one(&owner.signed_in_again().await).await;
    assert_eq!(state(&app, &fresh).await.expect(200).text_at("/invoice/numero"), fresh.invoice.numero);

    // The links ended a day after the mail.
    app.advance(Duration::days(31) - LIFE_AND_UNDO).await;
    let before = clicks(&app).await;
    assert_eq!(state(&app, &asked).await.expect(410).code(), "checkin_gone");
    for button in ["paid", "pending", "undo", "renew"] {
        assert_eq!(asked.press(button).await.expect(410).code(), "checkin_gone", "{button}");
    }
    let id = "01934f6e-7d8c-7b1a-9c55-0d6c1b6f2a11";
    let answers = json!({ "answers": [{ "checkinId": id, "answer": "paid" }] });
    let refused = app.post(&asked.path("answers"), answers).await.expect(410);
    assert_eq!(refused.code(), "checkin_gone");
    assert!(open_page(&app, &asked.token, "").await.expect(410).text.contains("plus disponible"));
    let clicked = asked.open("paid").await.expect(302);
    assert_eq!(clicked.header("location"), "http://localhost:3333/checkin?status=expired");
    assert!(clicked.header("set-cookie").starts_with("rubis_checkin=; "), "the token is not passed on");
    open_page(&app, "", "?status=expired").await.expect(410);
    assert_eq!(clicks(&app).await, before, "and nothing is kept of it");
    assert_eq!(
        state(&app, &fresh).await.expect(200).text_at("/status"),
        "expired",
        "the other one is younger"
    );
    app.finish().await;
}

#[tokio::test]
async fn every_link_of_a_mail_leads_to_a_page_whose_address_names_no_token() {
    let own = TestApp::builder().set("WEB_URL", "http://localhost:3333").start().await;
    let owner = own.signed_up_owner_with_checkins().await;
    let asked = Asked::about_one(&owner).await;
    for (link, query) in
        [("page", ""), ("answered", "?status=already_answered"), ("pending", "?status=pending")]
    {
        for method in [Method::HEAD, Method::GET] {
            let led =
                own.send(crate::asked::visit(&own, method.clone(), &asked.path(link))).await.expect(302);
            if method == Method::GET {
                assert_eq!(led.header("location"), format!("http://localhost:3333/checkin{query}"));
            }
            assert_eq!(token_for_page(&led), asked.token);
            assert_eq!(led.header("referrer-policy"), "no-referrer");
        }
        let shown = open_page(&own, &asked.token, query).await.expect(200);
        assert!(shown.text.contains(&asked.invoice.numero));
        assert!(!shown.text.contains("?token=") && !shown.text.contains("&amp;token="), "{}", shown.text);
    }
    // Mails of the release before have it in the address of the page, which passes it on.
    let old =
        open(&own, &format!("/checkin?status=already_answered&token={}", asked.token)).await.expect(303);
    assert_eq!(old.header("location"), "/checkin?status=already_answered");
    assert_eq!(token_for_page(&old), asked.token);
    let odd = open(&own, "/checkin?token=a%0d%0aSet-Cookie:%20b").await.expect(303);
    assert!(
        odd.header("set-cookie").starts_with("rubis_checkin=; "),
        "what cannot be a token is not repeated"
    );
    own.finish().await;

    let elsewhere = TestApp::start().await;
    let owner = elsewhere.signed_up_owner_with_checkins().await;
    let asked = Asked::about_one(&owner).await;
    let led = asked.open("page").await.expect(302);
    let page = format!("http://localhost:5173/checkin#token={}", asked.token);
    assert_eq!((led.header("location"), led.header("set-cookie")), (page.as_str(), ""));
    let led = asked.open("answered").await.expect(302);
    assert_eq!(led.header("location"), asked.landing("already_answered"));
    elsewhere.finish().await;
}
