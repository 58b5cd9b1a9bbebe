//! Check-ins, answered over HTTP by the holder of the token.

use reqwest::{Method, header};
use rubis_testkit::{Answer, Owner, TestApp};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::asked::{Asked, form, open, open_page, tokens, visit};

const UNKNOWN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The kinds of an invoice's events, in the order of time.
async fn events(owner: &Owner<'_>, invoice: &str) -> Vec<String> {
    let timeline = owner.get(&format!("/invoices/{invoice}/timeline")).await.expect(200);
    let events = timeline.json["events"].as_array().unwrap();
    events.iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
}

fn count(events: &[String], kind: &str) -> usize {
    events.iter().filter(|known| *known == kind).count()
}

async fn payments(owner: &Owner<'_>, invoice: &str) -> Vec<Value> {
    let payments = owner.get(&format!("/invoices/{invoice}/payments")).await.expect(200);
    payments.json["items"].as_array().unwrap().clone()
}

async fn rubis(owner: &Owner<'_>) -> i64 {
    owner.get("/organization").await.expect(200).json["rubisCount"].as_i64().unwrap()
}

#[tokio::test]
async fn a_click_on_paid_settles_the_invoice_and_nothing_more_leaves_for_it() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let (paid, unanswered) = (Asked::about_one(&owner).await, Asked::about_one(&owner).await);

    let clicked = paid.open("paid").await.expect(302);
    assert_eq!(clicked.header("location"), paid.landing("paid"));
    assert_eq!(paid.invoice_status(&owner).await, "paid");
    let payments = payments(&owner, &paid.invoice.id).await;
    assert_eq!(payments.len(), 1);
    assert_eq!(
        (&payments[0]["label"], &payments[0]["amountCents"]),
        (&json!("via check-in"), &json!(120_000))
    );
    let state = paid.state().await;
    assert_eq!(
        (&state["status"], &state["answer"], &state["canUndo"]),
        (&json!("paid"), &json!("paid"), &json!(true))
    );

    assert_eq!(unanswered.invoice_status(&owner).await, "awaiting_user_confirmation");
    let owner = owner.signed_in_again().await;
    app.advance(Duration::days(40)).await;
    let received = app.relances_received();
    assert!(!received.contains(&paid.invoice.client_email));
    assert!(received.contains(&unanswered.invoice.client_email), "the control is reminded");
    drop(owner);
    app.finish().await;
}

#[tokio::test]
async fn a_click_on_pending_sends_the_reminder_that_waited_a_minute_later() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let late = owner.invoice().due_in(-10).create().await;
    app.advance(Duration::minutes(5)).await;
    let [token] = <[String; 1]>::try_from(tokens(&app.mails()[0])).unwrap();
    assert_eq!(app.mails().len(), 1, "the reminder waits for the answer");
    let relances = owner.relances(&late.id).await;
    assert_eq!(relances[0]["whyNot"]["code"], "awaits_answer");
    let until = relances[0]["whyNot"]["awaitsAnswerUntil"].as_str().unwrap();
    let until = OffsetDateTime::parse(until, &Rfc3339).unwrap();
    assert!(until > app.now() + Duration::hours(23) && until <= app.now() + Duration::hours(24));

    let clicked = open(&app, &format!("/api/v1/checkin/{token}/pending")).await.expect(302);
    let page = format!("http://localhost:5173/checkin?status=pending#token={token}");
    assert_eq!(clicked.header("location"), page);
    app.advance(Duration::seconds(50)).await;
    assert!(app.relances_received().is_empty(), "*paid* can revoke it");
    app.advance(Duration::minutes(1)).await;
    assert_eq!(app.relances_received().last(), Some(&late.client_email));
    let timeline = owner.get(&format!("/invoices/{}/timeline", late.id)).await.expect(200);
    let checkin = &timeline.json["checkins"][0];
    assert_eq!(
        (&checkin["status"], &checkin["answer"], &checkin["answeredBy"]),
        (&json!("answered"), &json!("still_pending"), &json!("link"))
    );
    app.finish().await;
}

#[tokio::test]
async fn an_answer_in_the_application_sends_the_reminder_at_night_and_one_by_link_does_not() {
    let app = TestApp::start().await;
    let (owner, stranger) =
        (app.signed_up_owner_with_checkins().await, app.signed_up_owner_with_checkins().await);
    let in_app = owner.invoice().due_in(-10).create().await;
    let by_link = owner.invoice().due_in(-10).create().await;
    let not_due = owner.invoice().due_in(20).create().await;
    app.advance(Duration::hours(14)).await;
    let tokens: Vec<String> = app.mails().iter().flat_map(tokens).collect();
    assert!(app.relances_received().is_empty(), "reminders wait for the answers");

    let (owner, stranger) = (owner.signed_in_again().await, stranger.signed_in_again().await);
    let path = format!("/invoices/{}/still-pending", in_app.id);
    stranger.act(&path).await.expect(404);
    let refused = owner.act(&format!("/invoices/{}/still-pending", not_due.id)).await.expect(409);
    assert_eq!(refused.code(), "no_open_checkin");
    assert_eq!(owner.act(&path).await.expect(200).json["status"], "pending");
    assert_eq!(owner.act(&path).await.expect(409).code(), "no_open_checkin");
    for token in &tokens {
        open(&app, &format!("/api/v1/checkin/{token}/pending")).await.expect(302);
    }
    app.advance(Duration::minutes(5)).await;
    assert_eq!(app.relances_received(), std::slice::from_ref(&in_app.client_email));
    let answered = owner.get(&format!("/invoices/{}/timeline", in_app.id)).await.expect(200);
    assert_eq!(answered.json["checkins"][0]["answer"], "still_pending");
    let answered = owner.get(&format!("/invoices/{}/timeline", by_link.id)).await.expect(200);
    assert_eq!(answered.json["checkins"][0]["answeredBy"], "link");
    app.finish().await;
}

#[tokio::test]
async fn a_link_is_answered_once_and_says_so_afterwards() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    for (first, status) in [("paid", "paid"), ("pending", "still_pending")] {
        let asked = Asked::about_one(&owner).await;
        asked.open(first).await.expect(302);
        app.advance(Duration::minutes(5)).await;
        for link in ["paid", "pending"] {
            let again = asked.open(link).await.expect(302);
            assert_eq!(again.header("location"), asked.landing("already_answered"), "{first}, {link}");
            let refused = asked.press(link).await.expect(409);
            assert_eq!(refused.code(), "already_answered", "{first}, {link}");
        }
        assert_eq!(asked.state().await["answer"], status);
    }
    app.finish().await;
}

#[tokio::test]
async fn an_invoice_that_was_settled_otherwise_is_not_asked_about_any_more() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let (settled, cancelled) = (Asked::about_one(&owner).await, Asked::about_one(&owner).await);
    owner.mark_paid(&settled.invoice.id).await;
    owner.act(&format!("/invoices/{}/cancel", cancelled.invoice.id)).await.expect(200);
    assert_eq!(settled.open("pending").await.header("location"), settled.landing("already_answered"));
    assert_eq!(settled.state().await["status"], "already_answered");
    assert_eq!(settled.press("paid").await.expect(409).code(), "already_answered");
    assert_eq!(cancelled.open("paid").await.header("location"), cancelled.landing("expired"));
    assert_eq!(cancelled.press("paid").await.expect(410).code(), "checkin_expired");
    assert_eq!(cancelled.press("renew").await.expect(409).code(), "not_renewable");
    assert_eq!(payments(&owner, &settled.invoice.id).await.len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_click_counts_until_the_second_before_the_end_of_life() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let (in_time, too_late) = (Asked::just_now(&owner).await, Asked::just_now(&owner).await);
    let end = |state: &Value| OffsetDateTime::parse(state["expiresAt"].as_str().unwrap(), &Rfc3339).unwrap();
    app.advance_to(end(&in_time.state().await) - Duration::SECOND).await;
    assert_eq!(in_time.open("paid").await.header("location"), in_time.landing("paid"));
    let end = end(&too_late.state().await);
    // The job that ends it has not run yet: the clock alone decides.
    app.clock.set(end);
    assert_eq!(too_late.open("paid").await.header("location"), too_late.landing("expired"));
    assert_eq!(too_late.press("paid").await.expect(410).code(), "checkin_expired");
    let state = too_late.state().await;
    assert_eq!((&state["status"], &state["canRenew"]), (&json!("expired"), &json!(true)));
    app.finish().await;
}

#[tokio::test]
async fn a_malformed_token_is_answered_as_an_unknown_one_is() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let asked = Asked::about_one(&owner).await;
    let other_letter = if asked.token.starts_with('A') { 'B' } else { 'A' };
    let altered = format!("{other_letter}{}", &asked.token[1..]);
    let malformed = [
        "x",
        "%00",
        "%ff%fe",
        "%F0%9F%98%80",
        "'%20OR%201=1--",
        "a.b",
        &format!("{}=", asked.token),
        &altered,
    ];
    let long = "A".repeat(4000);
    for token in [UNKNOWN, &long].into_iter().chain(malformed) {
        for link in ["paid", "pending"] {
            let opened = open(&app, &format!("/api/v1/checkin/{token}/{link}")).await.expect(302);
            assert_eq!(opened.header("location"), "http://localhost:5173/checkin?status=invalid", "{token}");
        }
        for (method, path) in [
            (Method::GET, ""),
            (Method::POST, "/paid"),
            (Method::POST, "/pending"),
            (Method::POST, "/undo"),
            (Method::POST, "/renew"),
        ] {
            // Asking for fresh links is limited more strictly than the rest.
            app.clock.advance(Duration::minutes(10));
            let path = format!("/api/v1/checkin/{token}{path}");
            let mut refused = app.send(app.request(method, &path)).await.expect(404);
            assert_eq!(refused.code(), "checkin_not_found", "{path}");
            let problem = refused.json.as_object_mut().unwrap();
            problem.remove("requestId");
            assert_eq!(problem.len(), 5, "nothing tells them apart: {problem:?}");
        }
    }
    assert_eq!(asked.invoice_status(&owner.signed_in_again().await).await, "awaiting_user_confirmation");
    app.finish().await;
}

#[tokio::test]
async fn a_click_in_the_first_seconds_has_to_be_confirmed_by_a_button() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let asked = Asked::just_now(&owner).await;
    app.advance(Duration::seconds(29)).await;
    let early = asked.open("paid").await.expect(302);
    let page = format!("http://localhost:5173/checkin?status=confirm&answer=paid#token={}", asked.token);
    assert_eq!(early.header("location"), page);
    assert_eq!(asked.invoice_status(&owner).await, "awaiting_user_confirmation");
    let answered = asked.press("paid").await.expect(200);
    assert_eq!((answered.text_at("/status"), answered.text_at("/answer")), ("paid".into(), "paid".into()));
    assert_eq!(asked.invoice_status(&owner).await, "paid");
    app.finish().await;
}

/// Returns requests that machines send to inspect a link.
fn harmless() -> Vec<(Method, &'static str, &'static str)> {
    vec![
        (Method::HEAD, "accept", "*/*"),
        (Method::HEAD, "range", "bytes=0-0"),
        (Method::GET, "purpose", "prefetch"),
        (Method::GET, "Sec-Purpose", "prefetch;prerender"),
        (Method::GET, "X-Purpose", "preview"),
        (Method::GET, "X-Moz", "prefetch"),
        (Method::GET, "Range", "bytes=0-1023"),
    ]
}

#[tokio::test]
async fn machines_that_look_at_a_link_change_nothing() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let asked = Asked::about_one(&owner).await;
    for (method, name, value) in harmless() {
        for (link, answer) in [("paid", "paid"), ("pending", "pending")] {
            let request = visit(&app, method.clone(), &asked.path(link)).header(name, value);
            let looked = app.send(request).await.expect(302);
            let page =
                format!("http://localhost:5173/checkin?status=confirm&answer={answer}#token={}", asked.token);
            assert_eq!(looked.header("location"), page, "{method} {name}");
            assert_eq!(looked.text, "", "{method} {name}");
        }
    }
    let preflight = app
        .request(Method::OPTIONS, &asked.path("paid"))
        .header(header::ORIGIN, "https://app.rubis.example")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST");
    app.send(preflight).await.expect(200);
    let options = app.send(app.request(Method::OPTIONS, &asked.path("paid"))).await.expect(405);
    assert_eq!(options.header("allow"), "GET, HEAD, POST");
    let head = app.send(app.request(Method::HEAD, &format!("/api/v1/checkin/{}", asked.token))).await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
    for what in ["paid", "pending", "undo", "renew", "answers"] {
        let path = asked.path(what);
        for method in [Method::PUT, Method::DELETE, Method::PATCH] {
            app.send(app.request(method, &path)).await.expect(405);
        }
    }

    assert_eq!(asked.state().await["status"], "open");
    assert_eq!(asked.invoice_status(&owner).await, "awaiting_user_confirmation");
    assert_eq!(payments(&owner, &asked.invoice.id).await, Vec::<Value>::new());
    assert_eq!(asked.open("paid").await.header("location"), asked.landing("paid"), "a person still answers");
    app.finish().await;
}

#[tokio::test]
async fn a_scanner_that_opens_both_links_leaves_the_chain_alive() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    for (first, second) in [("paid", "pending"), ("pending", "paid")] {
        let asked = Asked::about_one(&owner).await;
        let before = rubis(&owner).await;
        assert_eq!(asked.open(first).await.header("location"), asked.landing(first));
        app.clock.advance(Duration::seconds(30));
        let opened = asked.open(second).await.expect(302);
        let page =
            format!("http://localhost:5173/checkin?status=confirm&answer={second}#token={}", asked.token);
        assert_eq!(opened.header("location"), page);
        assert_eq!(asked.invoice_status(&owner).await, "awaiting_user_confirmation");
        assert_eq!(rubis(&owner).await, before);
        let state = asked.state().await;
        assert_eq!((&state["status"], &state["answer"]), (&json!("open"), &json!(null)));
        // From now on a link is not trusted, and a button is.
        app.clock.advance(Duration::minutes(10));
        assert!(asked.open(first).await.header("location").contains("status=confirm"));
        asked.press("pending").await.expect(200);
        assert_eq!(asked.state().await["status"], "pending");
    }
    app.finish().await;
}

#[tokio::test]
async fn fifty_clicks_at_once_give_one_payment_one_event_and_one_rubis() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let asked = Asked::about_one(&owner).await;
    let before = rubis(&owner).await;
    let value = asked.button_value().await;
    let clicks = (0..50).map(|number| {
        // By link and by button at the same moment.
        let method = if number % 5 == 0 { Method::POST } else { Method::GET };
        app.send(visit(&app, method, &asked.path("paid")).header("X-Checkin-Button", &value))
    });
    let answers = futures_util::future::join_all(clicks).await;
    let effects = answers.iter().filter(|answer| is_effect(answer)).count();
    assert_eq!(effects, 1, "one of them settled it");
    for answer in &answers {
        assert!(matches!(answer.status.as_u16(), 200 | 302 | 409), "{}: {}", answer.status, answer.text);
    }
    assert_eq!(payments(&owner, &asked.invoice.id).await.len(), 1);
    assert_eq!(count(&events(&owner, &asked.invoice.id).await, "invoice_paid"), 1);
    assert_eq!(rubis(&owner).await, before + 1);
    app.advance(Duration::minutes(1)).await;
    let confirmations =
        app.mails().iter().filter(|mail| mail.message_id.starts_with("checkin-confirmation")).count();
    assert_eq!(confirmations, 1);
    app.finish().await;
}

fn is_effect(answer: &Answer) -> bool {
    answer.status == 200 || answer.header("location").contains("status=paid&")
}

#[tokio::test]
async fn whoever_holds_the_token_sees_the_invoice_and_what_can_be_done() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let asked = Asked::just_now(&owner).await;
    let sent_at = app.now();
    let part = json!({ "amountCents": 20_000 });
    owner.post(&format!("/invoices/{}/payments", asked.invoice.id), part).await.expect(201);
    let state = asked.state().await;
    let expires_at = (sent_at + Duration::hours(24)).format(&Rfc3339).unwrap();
    assert_eq!(
        state,
        json!({
            "checkinId": state["checkinId"],
            "status": "open",
            "invoice": {
                "numero": asked.invoice.numero,
                "clientName": asked.invoice.json["client"]["name"],
                "amountTtcCents": 120_000,
                "balanceCents": 100_000,
                "currency": "EUR",
                "dueDate": asked.invoice.json["dueDate"],
            },
            "answer": null,
            "answeredAt": null,
            "expiresAt": expires_at,
            "canUndo": false,
            "undoUntil": null,
            "canRenew": false,
            "mates": [],
            "undoTogether": 0,
        })
    );
    app.finish().await;
}

#[tokio::test]
async fn invoices_of_one_mail_are_answered_together_each_for_itself() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let asked = Asked::about_several(&owner, 4).await;
    let owner = owner.signed_in_again().await;
    let mut ids = Vec::new();
    for one in &asked {
        let state = one.state().await;
        assert_eq!(state["mates"].as_array().unwrap().len(), 3);
        ids.push(state["checkinId"].clone());
    }
    asked[3].press("pending").await.expect(200);
    let stranger = Asked::about_one(&app.signed_up_owner_with_checkins().await).await;
    let foreign = stranger.state().await["checkinId"].clone();

    let answers = json!({ "answers": [
        { "checkinId": ids[0], "answer": "paid" },
        { "checkinId": ids[1], "answer": "still_pending" },
        { "checkinId": ids[3], "answer": "paid" },
        { "checkinId": foreign, "answer": "paid" },
    ]});
    let answered = asked[0].answer(answers).await.expect(200);
    let outcomes: Vec<_> =
        answered.json["outcomes"].as_array().unwrap().iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["paid", "pending", "already_answered", "not_found"]);
    assert_eq!(answered.text_at("/checkin/status"), "paid");
    for (one, status) in asked.iter().zip(["paid", "pending", "open", "pending"]) {
        assert_eq!(one.state().await["status"], status, "{}", one.invoice.numero);
    }
    assert_eq!(asked[0].invoice_status(&owner).await, "paid");
    assert_eq!(stranger.state().await["status"], "open", "another organization's is not answered");

    for (body, field, code) in [
        (json!({ "answers": [] }), "answers", "out_of_range"),
        (
            json!({ "answers": vec![json!({ "checkinId": ids[2], "answer": "paid" }); 51] }),
            "answers",
            "out_of_range",
        ),
        (
            json!({ "answers": [{ "checkinId": ids[2], "answer": "pending" }] }),
            "answers[0].answer",
            "unknown_value",
        ),
        (
            json!({ "answers": [{ "checkinId": "x", "answer": "paid" }] }),
            "answers[0].checkinId",
            "invalid_value",
        ),
        (
            json!({ "answers": vec![json!({ "checkinId": ids[2], "answer": "paid" }); 2] }),
            "answers[1].checkinId",
            "duplicate",
        ),
    ] {
        let refused = asked[0].answer(body).await.expect(422);
        assert_eq!(refused.field_errors(), [(field, code)]);
    }
    let body = json!({ "answers": [{ "checkinId": ids[2], "answer": "paid" }] });
    let unknown = app.post(&format!("/api/v1/checkin/{UNKNOWN}/answers"), body).await.expect(404);
    assert_eq!(unknown.code(), "checkin_not_found");
    assert_eq!(asked[2].state().await["status"], "open", "what was refused answers nothing");
    app.finish().await;
}

#[tokio::test]
async fn the_answer_paid_can_be_undone_for_a_week() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let (undone, kept) = (Asked::about_one(&owner).await, Asked::about_one(&owner).await);
    undone.open("paid").await.expect(302);
    kept.open("paid").await.expect(302);
    let before = rubis(&owner).await;
    let answered_at = app.now();
    app.advance_to(answered_at + Duration::days(7) - Duration::SECOND).await;

    let owner = owner.signed_in_again().await;
    let state = undone.press("undo").await.expect(200);
    assert_eq!(
        (state.text_at("/status"), state.text_at("/answer")),
        ("pending".into(), "still_pending".into())
    );
    assert_eq!(rubis(&owner).await, before - 1);
    assert_ne!(undone.invoice_status(&owner).await, "paid");
    assert_eq!(undone.press("undo").await.expect(409).code(), "not_undoable");
    app.clock.set(answered_at + Duration::days(7));
    assert_eq!(kept.press("undo").await.expect(409).code(), "not_undoable");
    assert_eq!(kept.state().await["canUndo"], false);
    assert_eq!(kept.invoice_status(&owner).await, "paid");
    app.finish().await;
}

#[tokio::test]
async fn an_expired_link_has_a_fresh_one_mailed_to_the_same_user_and_never_shown() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let asked = Asked::about_one(&owner).await;
    app.advance(Duration::hours(25)).await;
    let before = app.mails().len();
    let renewed = asked.press("renew").await.expect(202);
    app.advance(Duration::minutes(1)).await;
    let mails = app.mails();
    let mail = mails.iter().skip(before).find(|mail| !tokens(mail).is_empty()).unwrap();
    assert_eq!(mail.to.address.as_str(), owner.email);
    let [fresh] = <[String; 1]>::try_from(tokens(mail)).unwrap();
    assert_ne!(fresh, asked.token);
    assert!(!renewed.text.contains(&fresh));

    let again = asked.press("renew").await;
    assert!(again.status == 429 || again.status == 409, "{}", again.text);
    assert_eq!(
        asked.open("paid").await.header("location"),
        asked.landing("expired"),
        "the old one stays dead"
    );
    let opened = open(&app, &format!("/api/v1/checkin/{fresh}/paid")).await.expect(302);
    let page = format!("http://localhost:5173/checkin?status=paid#token={fresh}");
    assert_eq!(opened.header("location"), page);
    assert_eq!(asked.press("renew").await.expect(409).code(), "already_answered");
    app.finish().await;
}

#[tokio::test]
async fn a_fresh_link_is_asked_for_once_an_hour() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let asked = Asked::about_one(&owner).await;
    app.advance(Duration::hours(25)).await;
    asked.press("renew").await.expect(202);
    app.advance(Duration::minutes(20)).await;
    let refused = asked.press("renew").await.expect(429);
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    assert!((2395..=2400).contains(&seconds), "{seconds}");
    app.finish().await;
}

#[tokio::test]
async fn every_answer_holds_back_caches_searches_and_referrers_and_names_no_token_in_an_address() {
    let app = TestApp::builder().set("WEB_URL", "http://localhost:3333").start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let asked = Asked::about_one(&owner).await;
    let token = asked.token.as_str();
    let mut answers = vec![
        ("the state", open(&app, &format!("/api/v1/checkin/{token}")).await.expect(200)),
        ("the page", open_page(&app, token, "").await.expect(200)),
        ("no page", open_page(&app, "x", "").await.expect(404)),
        ("a head", app.send(visit(&app, Method::HEAD, &asked.path("paid"))).await.expect(302)),
        ("options", app.send(visit(&app, Method::OPTIONS, &asked.path("paid"))).await.expect(405)),
        ("a click", asked.open("paid").await.expect(302)),
        ("a refusal", asked.press("paid").await.expect(409)),
        ("an unknown token", open(&app, &format!("/api/v1/checkin/{UNKNOWN}")).await.expect(404)),
        ("an unknown path", open(&app, &asked.path("nothing")).await.expect(404)),
        ("a wrong body", app.post(&asked.path("answers"), json!({})).await.expect(422)),
        ("a form", app.send(form(&app, &[("token", token)])).await.expect(303)),
        ("no form", app.send(visit(&app, Method::POST, "/checkin").body("{}")).await.expect(415)),
    ];
    for _ in 0..120 {
        open(&app, "/api/v1/checkin/x").await;
    }
    answers.push(("too many", open(&app, &format!("/api/v1/checkin/{token}")).await.expect(429)));
    answers.push(("too many pages", open_page(&app, token, "").await.expect(429)));
    for (what, answer) in answers {
        assert_eq!(answer.header("cache-control"), "no-store", "{what}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{what}");
        assert_eq!(answer.header("x-robots-tag"), "noindex", "{what}");
        let cookie = answer.header("set-cookie");
        let leads_to_the_page = answer.status.is_redirection();
        assert_eq!(!cookie.is_empty(), leads_to_the_page, "{what}: {cookie}");
        assert!(!answer.header("location").contains(token), "{what}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
        assert!(
            !answer.text.contains(token) || answer.header("content-type").starts_with("text/html"),
            "{what}"
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn an_address_that_opens_too_many_links_learns_when_to_come_back() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let asked = Asked::about_one(&owner).await;
    app.clock.advance(Duration::minutes(1));
    for _ in 0..120 {
        open(&app, &format!("/api/v1/checkin/{UNKNOWN}/paid")).await.expect(302);
    }
    for refused in [asked.open("paid").await, asked.press("paid").await] {
        assert_eq!((refused.status.as_u16(), refused.code()), (429, "rate_limited"));
        assert_eq!(refused.header("retry-after"), "1");
    }
    assert_eq!(asked.invoice_status(&owner).await, "awaiting_user_confirmation");
    app.clock.advance(Duration::SECOND);
    assert_eq!(asked.open("paid").await.header("location"), asked.landing("paid"));
    for _ in 0..10 {
        app.send(app.request(Method::POST, &format!("/api/v1/checkin/{UNKNOWN}/renew"))).await.expect(404);
    }
    let refused = app.send(app.request(Method::POST, &format!("/api/v1/checkin/{UNKNOWN}/renew"))).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "360"));
    app.finish().await;
}

#[tokio::test]
async fn an_organization_turns_check_ins_off_and_on_again() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let defaults = owner.get("/organization").await.expect(200);
    assert_eq!(
        defaults.json["checkins"],
        json!({ "enabled": true, "graceHours": 24, "waitForAnswerDays": null })
    );
    let asked = Asked::about_one(&owner).await;
    let off = json!({ "checkins": { "enabled": false, "waitForAnswerDays": 5 } });
    let changed = owner.patch("/organization", off).await.expect(200);
    assert_eq!(
        changed.json["checkins"],
        json!({ "enabled": false, "graceHours": 24, "waitForAnswerDays": 5 })
    );
    app.advance(Duration::minutes(1)).await;
    assert_eq!(asked.open("paid").await.header("location"), asked.landing("expired"));
    let before = app.mails().len();
    owner.invoice().due_today().create().await;
    app.advance(Duration::minutes(5)).await;
    assert_eq!(app.mails().iter().skip(before).filter(|mail| !tokens(mail).is_empty()).count(), 0);

    for (body, field) in [
        (json!({ "checkins": { "graceHours": 721 } }), "checkins.graceHours"),
        (json!({ "checkins": { "waitForAnswerDays": 0 } }), "checkins.waitForAnswerDays"),
        (json!({ "checkins": { "waitForAnswerDays": 61 } }), "checkins.waitForAnswerDays"),
        (json!({ "checkins": { "grace": 1 } }), "checkins.grace"),
    ] {
        let refused = owner.patch("/organization", body).await.expect(422);
        assert_eq!(refused.field_errors()[0].0, field);
    }
    let on = json!({ "checkins": { "enabled": true, "graceHours": 0, "waitForAnswerDays": null } });
    owner.patch("/organization", on).await.expect(200);
    app.advance(Duration::minutes(2)).await;
    assert_eq!(app.mails().iter().skip(before).filter(|mail| !tokens(mail).is_empty()).count(), 1);
    app.finish().await;
}
