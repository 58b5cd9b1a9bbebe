//! Links that machines open minutes after the mail, and buttons that no page set.

use reqwest::Method;
use rubis_testkit::{BROWSER_HEADERS, TestApp};
use time::Duration;

use crate::asked::{Asked, program};

/// Mail gateways, previewers and libraries.
const AGENTS: [&str; 14] = [
    "Barracuda Sentinel (EE)",
    "Mozilla/5.0 (compatible; Mimecast-URL-Scanner)",
    "Mozilla/5.0 (compatible; Proofpoint URL Defense)",
    "Mozilla/5.0 (X11; Linux x86_64) SafeLinks",
    "Mozilla/5.0 (compatible; TrendMicro-URL-Check/1.0)",
    "Mozilla/5.0 zscaler",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "WhatsApp/2.23.20.0",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "python-requests/2.32.3",
    "curl/8.5.0",
    "Go-http-client/1.1",
];

/// Headers that such a program sends besides: none, those of a picture or a script, and those of a browser.
const DISGUISES: [&[(&str, &str)]; 4] = [
    &[],
    &[("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
    &[("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
    &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")],
];

/// The user agents of browsers, which send the same two headers.
const BROWSERS: [&str; 5] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
];

#[tokio::test]
async fn machines_that_open_links_minutes_after_the_mail_settle_nothing_and_browsers_do() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let scanned = Asked::about_one(&owner).await;
    for agent in AGENTS {
        for disguise in DISGUISES {
            for link in ["paid", "pending"] {
                let headers: Vec<_> = disguise.iter().copied().chain([("user-agent", agent)]).collect();
                let opened = app.send(program(&app, &scanned.path(link), &headers)).await.expect(302);
                assert!(opened.header("location").contains("status=confirm"), "{agent} {disguise:?}");
            }
        }
        app.clock.advance(Duration::minutes(2));
    }
    // A browser's user agent alone, as some gateways send it.
    let opened = app.send(program(&app, &scanned.path("paid"), &[("user-agent", BROWSERS[0])])).await;
    assert!(opened.header("location").contains("status=confirm"));
    let owner = owner.signed_in_again().await;
    assert_eq!(scanned.invoice_status(&owner).await, "awaiting_user_confirmation");
    assert_eq!(scanned.state().await["status"], "open");

    for agent in BROWSERS {
        let owner = owner.signed_in_again().await;
        let asked = Asked::about_one(&owner).await;
        let headers = [("user-agent", agent), BROWSER_HEADERS[1], BROWSER_HEADERS[2]];
        let opened = app.send(program(&app, &asked.path("paid"), &headers)).await.expect(302);
        assert_eq!(opened.header("location"), asked.landing("paid"), "{agent}");
        assert_eq!(asked.invoice_status(&owner).await, "paid", "{agent}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_button_answers_only_with_the_value_of_its_own_page_within_an_hour() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let (asked, other) = (Asked::about_one(&owner).await, Asked::about_one(&owner).await);
    let (old, foreign) = (asked.button_value().await, other.button_value().await);
    app.clock.advance(Duration::HOUR);
    for button in ["paid", "pending", "undo", "renew"] {
        for value in ["", "x", old.as_str(), foreign.as_str()] {
            let request = app.request(Method::POST, &asked.path(button)).header("X-Checkin-Button", value);
            let refused = app.send(request).await.expect(403);
            assert_eq!(refused.code(), "button_refused", "{button} {value}");
        }
        let without = app.send(app.request(Method::POST, &asked.path(button))).await.expect(403);
        assert_eq!(without.code(), "button_refused");
    }
    assert_eq!(asked.state().await["status"], "open");
    asked.press("paid").await.expect(200);
    assert_eq!(asked.state().await["status"], "paid");
    app.finish().await;
}
