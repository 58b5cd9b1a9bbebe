//! The page that a check-in's links lead to, as the API serves it itself.

use reqwest::Method;
use rubis_testkit::{Answer, Owner, TestApp};
use serde_json::json;
use time::Duration;

use crate::asked::{Asked, form, open, open_page, token_for_page, tokens, visit};

/// An application that is its own web site.
async fn site() -> TestApp {
    TestApp::builder().set("WEB_URL", "http://localhost:3333").start().await
}

/// Presses a button of the page, and follows where it leads.
async fn press(app: &TestApp, fields: &[(&str, &str)]) -> Answer {
    let token = fields.iter().find(|(name, _)| *name == "token").map_or("", |(_, token)| *token);
    let value = button_of(&open_page(app, token, "").await);
    press_with(app, fields, &value).await
}

/// Sends a form with this value, and follows where it leads.
async fn press_with(app: &TestApp, fields: &[(&str, &str)], value: &str) -> Answer {
    let fields: Vec<_> = fields.iter().copied().chain([("button", value)]).collect();
    let sent = app.send(form(app, &fields)).await.expect(303);
    follow(app, &sent).await
}

/// The value that the buttons of a page carry; empty if it has none.
fn button_of(page: &Answer) -> String {
    let value = page.text.split_once("name=\"button\" value=\"").map(|(_, rest)| rest.split('"').next());
    value.flatten().unwrap_or_default().to_owned()
}

/// Goes where an answer leads, which names no token, with the cookie that it sets.
async fn follow(app: &TestApp, answer: &Answer) -> Answer {
    let location = answer.header("location").trim_start_matches("http://localhost:3333");
    let query = location.strip_prefix("/checkin").unwrap_or_else(|| panic!("{location}"));
    assert!(!query.contains("token"), "{location}");
    let cookie = answer.header("set-cookie").split(';').next().unwrap_or_default();
    open_page(app, cookie.strip_prefix("rubis_checkin=").unwrap_or_default(), query).await
}

/// Returns the text of a page, without its markup, its style and its line-break characters.
fn words(page: &Answer) -> String {
    let body = page.text.split("</head>").nth(1).unwrap_or_default();
    let mut words = String::new();
    for piece in body.split('<') {
        words.push_str(piece.split_once('>').map_or(piece, |(_, text)| text));
        words.push(' ');
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ").replace(['\u{a0}', '\u{202f}'], " ")
}

#[track_caller]
fn says(page: &Answer, expected: &[&str]) {
    let words = words(page);
    for expected in expected {
        assert!(words.contains(expected), "no {expected:?} in {words}");
    }
}

/// The heading of a page, of which there is one.
#[track_caller]
fn heading(page: &Answer) -> String {
    let [_, rest] = page.text.split("<h1>").collect::<Vec<_>>()[..] else {
        panic!("one heading: {}", page.text)
    };
    rest.split("</h1>").next().unwrap().replace('\u{a0}', " ").replace("&#39;", "'")
}

/// The actions that a page offers.
fn actions(page: &Answer) -> Vec<&str> {
    let forms = page.text.split("name=\"action\" value=\"").skip(1);
    forms.map(|rest| rest.split('"').next().unwrap()).collect()
}

async fn status(owner: &Owner<'_>, asked: &Asked<'_>) -> String {
    asked.invoice_status(owner).await
}

#[tokio::test]
async fn a_click_leads_to_the_page_which_shows_the_invoice_and_takes_the_answer_back() {
    let app = site().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let asked = Asked::about_one(&owner).await;
    let clicked = asked.open("paid").await.expect(302);
    assert_eq!(clicked.header("location"), "http://localhost:3333/checkin?status=paid");
    assert_eq!(token_for_page(&clicked), asked.token);

    let shown = follow(&app, &clicked).await.expect(200);
    assert_eq!(heading(&shown), "C’est noté, merci.");
    let client = asked.invoice.json["client"]["name"].as_str().unwrap();
    says(
        &shown,
        &[client, &asked.invoice.numero, "1 200,00 €", "24 novembre 2026", "avant le 1er décembre 2026"],
    );
    assert_eq!(actions(&shown), ["undo"]);
    let again = open_page(&app, &asked.token, "?status=already_answered").await;
    assert_eq!(heading(&again), "Vous avez déjà répondu.");
    says(&again, &["Le 24 novembre 2026, cette facture a été déclarée payée"]);
    assert_eq!(actions(&again), ["undo"]);

    let undone = press(&app, &[("token", &asked.token), ("action", "undo")]).await.expect(200);
    assert_eq!(heading(&undone), "Votre réponse est annulée.");
    assert_eq!(actions(&undone), Vec::<&str>::new());
    assert_ne!(status(&owner, &asked).await, "paid");
    let twice = press(&app, &[("token", &asked.token), ("action", "undo")]).await.expect(200);
    assert_eq!(heading(&twice), "Vous avez déjà répondu.");
    app.finish().await;
}

#[tokio::test]
async fn a_click_that_may_be_a_machines_leads_to_both_buttons_the_one_that_was_meant_first() {
    let app = site().await;
    let owner = app.signed_up_owner_with_checkins().await;
    for (link, first, other, then) in [
        ("paid", "paid", "pending", "C’est noté, merci."),
        ("pending", "pending", "paid", "C’est noté : toujours en attente."),
    ] {
        let asked = Asked::just_now(&owner).await;
        let clicked = asked.open(link).await.expect(302);
        let shown = follow(&app, &clicked).await.expect(200);
        assert_eq!(heading(&shown), "Confirmez votre réponse.");
        assert_eq!(actions(&shown), [first, other]);
        assert_eq!(status(&owner, &asked).await, "awaiting_user_confirmation");
        let pressed = press(&app, &[("token", &asked.token), ("action", link)]).await.expect(200);
        assert_eq!(heading(&pressed), then);
        assert_eq!(asked.state().await["status"], link);
        app.advance(Duration::minutes(2)).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn the_page_reports_what_is_true_whatever_its_address_says() {
    let app = site().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let asked = Asked::about_one(&owner).await;
    for told in ["", "status=paid", "status=pending", "status=expired", "status=undone", "status=nonsense"] {
        let query = format!("?{told}&utm_source=mail");
        let shown = open_page(&app, &asked.token, &query).await.expect(200);
        assert_eq!(heading(&shown), "Avez-vous été payé ?", "{told}");
        assert_eq!(actions(&shown), ["paid", "pending"]);
    }
    assert_eq!(status(&owner, &asked).await, "awaiting_user_confirmation", "looking changes nothing");
    asked.press("pending").await.expect(200);
    let shown = open_page(&app, &asked.token, "?status=paid").await.expect(200);
    assert_eq!(heading(&shown), "Vous avez déjà répondu.");
    says(&shown, &["vous avez indiqué que le paiement était toujours en attente"]);

    let settled = Asked::about_one(&owner).await;
    owner.mark_paid(&settled.invoice.id).await;
    let shown = open_page(&app, &settled.token, "?status=expired").await.expect(200);
    assert_eq!(heading(&shown), "Cette facture est déjà réglée.");
    assert_eq!(actions(&shown), Vec::<&str>::new(), "what was not answered here is not undone here");
    app.finish().await;
}

#[tokio::test]
async fn a_token_that_nobody_has_is_reported_so() {
    let app = site().await;
    for (token, query) in [
        ("", ""),
        ("", "?status=invalid"),
        ("x", "?status=paid"),
        ("%ff%00", ""),
        ("<script>alert(1)</script>", ""),
    ] {
        let shown = open_page(&app, token, query).await.expect(404);
        assert_eq!(heading(&shown), "Ce lien n’est pas valable.");
        assert_eq!(actions(&shown), Vec::<&str>::new());
        assert!(!shown.text.contains("script"), "{token}");
    }
    for action in ["paid", "pending", "undo", "renew"] {
        let shown = press(&app, &[("token", "x"), ("action", action)]).await.expect(404);
        assert_eq!(heading(&shown), "Ce lien n’est pas valable.", "{action}");
    }
    app.finish().await;
}

#[tokio::test]
async fn an_expired_link_offers_a_fresh_one() {
    let app = site().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let asked = Asked::about_one(&owner).await;
    app.advance(Duration::hours(25)).await;
    let shown = open_page(&app, &asked.token, "?status=expired").await.expect(200);
    assert_eq!(heading(&shown), "Ce lien a expiré.");
    says(&shown, &["valables 24 heures"]);
    assert_eq!(actions(&shown), ["renew"]);
    let late = press(&app, &[("token", &asked.token), ("action", "paid")]).await.expect(200);
    assert_eq!(heading(&late), "Ce lien a expiré.");

    let before = app.mails().len();
    let renewed = press(&app, &[("token", &asked.token), ("action", "renew")]).await.expect(200);
    assert_eq!(heading(&renewed), "De nouveaux liens sont en route.");
    let twice = press(&app, &[("token", &asked.token), ("action", "renew")]).await.expect(200);
    assert_eq!(heading(&twice), "De nouveaux liens vous ont déjà été envoyés.");
    app.run_due_jobs().await;
    app.run_due_jobs().await;
    assert_eq!(app.mails().iter().skip(before).filter(|mail| !tokens(mail).is_empty()).count(), 1);
    app.finish().await;
}

#[tokio::test]
async fn the_invoices_of_one_mail_are_answered_together_without_any_script() {
    let app = site().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let asked = Asked::about_several(&owner, 3).await;
    let owner = owner.signed_in_again().await;
    let shown = open_page(&app, &asked[0].token, "").await.expect(200);
    assert_eq!(heading(&shown), "Vos 3 factures à échéance");
    assert_eq!(actions(&shown), ["answers"]);
    assert_eq!(shown.text.matches("<fieldset>").count(), 3);
    assert_eq!(shown.text.matches("type=\"radio\"").count(), 6);
    assert!(!shown.text.contains(" checked"), "nothing is answered for anybody");

    let nothing = press(&app, &[("token", &asked[0].token), ("action", "answers")]).await.expect(200);
    says(&nothing, &["Choisissez une réponse pour au moins une facture."]);
    let mut fields = Vec::new();
    for (one, answer) in asked.iter().zip(["paid", "still_pending"]) {
        let id = one.state().await["checkinId"].as_str().unwrap().to_owned();
        fields.push((format!("answer-{id}"), answer));
    }
    let mut answers = vec![("token", asked[0].token.as_str()), ("action", "answers")];
    answers.extend(fields.iter().map(|(name, answer)| (name.as_str(), *answer)));
    let answered = press(&app, &answers).await.expect(200);
    assert_eq!(heading(&answered), "Votre facture à échéance");
    says(
        &answered,
        &["Vos réponses sont enregistrées.", "Déclarée payée", "Toujours en attente de paiement"],
    );
    assert_eq!(answered.text.matches("<fieldset>").count(), 1);
    assert_eq!(status(&owner, &asked[0]).await, "paid");

    // The link of one leads back to the rest.
    let one = open_page(&app, &asked[0].token, "?status=already_answered").await.expect(200);
    assert_eq!(heading(&one), "Vous avez déjà répondu.");
    assert!(one.text.contains("<a href=\"/checkin\">"));
    press(&app, &[("token", &asked[2].token), ("action", "pending")]).await.expect(200);
    let all = press(&app, &answers).await.expect(200);
    assert_eq!(heading(&all), "C’est noté, merci.");
    says(&all, &["Vous avez répondu pour toutes les factures de ce message."]);
    assert_eq!(actions(&all), Vec::<&str>::new());
    app.finish().await;
}

#[tokio::test]
async fn nothing_that_an_invoice_or_a_client_is_called_becomes_markup() {
    let app = site().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let client = owner.client().named("<script>alert(\"x\")</script> & 'Cie'").create().await;
    let due = app.today() + Duration::days(1);
    for numero in ["<b>1</b>\"", "2"] {
        owner.invoice().of_client(&client.id).numero(numero).due_on(due).create().await;
    }
    app.advance(Duration::hours(24)).await;
    let found = tokens(&app.mails()[0]);
    for query in ["", "?status=confirm", "?status=already_answered"] {
        let shown = open_page(&app, &found[0], query).await.expect(200);
        assert!(!shown.text.contains("<script") && !shown.text.contains("<b>1"), "{query}");
        assert!(shown.text.contains("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;Cie&#39;"));
        assert!(shown.text.contains("&lt;b&gt;1&lt;/b&gt;&quot;") || shown.text.contains("Facture 2"));
    }
    app.finish().await;
}

#[tokio::test]
async fn the_page_is_for_everybody_and_runs_nothing() {
    let app = site().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let asked = Asked::about_one(&owner).await;
    let shown = open_page(&app, &asked.token, "").await.expect(200);
    assert_eq!(shown.header("content-type"), "text/html; charset=utf-8");
    let policy = shown.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(policy.contains("form-action 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{policy}");
    assert!(shown.text.starts_with("<!doctype html>\n<html lang=\"fr\">"));
    assert!(shown.text.contains("<meta name=\"viewport\""));
    for forbidden in ["<script", "onclick", "javascript:", " style=", "http://", "https://"] {
        assert!(!shown.text.contains(forbidden), "{forbidden}");
    }
    assert!(shown.text.len() < 16 * 1024, "{} bytes", shown.text.len());
    app.finish().await;
}

#[tokio::test]
async fn what_is_no_form_of_the_page_is_refused_in_words() {
    let app = site().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let asked = Asked::about_one(&owner).await;
    let unknown = press(&app, &[("token", &asked.token), ("action", "delete")]).await.expect(200);
    assert_eq!(heading(&unknown), "Avez-vous été payé ?");
    let json = visit(&app, Method::POST, "/checkin").json(&json!({ "token": asked.token, "action": "paid" }));
    let refused = app.send(json).await.expect(415);
    assert_eq!(heading(&refused), "Cette demande n’a pas été comprise.");
    let large = form(&app, &[("token", &asked.token), ("action", &"x".repeat(1024 * 1024))]);
    let refused = app.send(large).await.expect(413);
    assert_eq!(heading(&refused), "Cette demande n’a pas été comprise.");
    let refused = app.send(visit(&app, Method::PUT, "/checkin")).await.expect(405);
    assert_eq!(refused.header("allow"), "GET, HEAD, POST");
    for _ in 0..120 {
        open_page(&app, "x", "").await;
    }
    let refused = open_page(&app, &asked.token, "").await.expect(429);
    assert_eq!(heading(&refused), "Un instant, s’il vous plaît.");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(asked.invoice_status(&owner).await, "awaiting_user_confirmation");
    app.finish().await;
}

#[tokio::test]
async fn the_page_is_elsewhere_when_the_web_site_is() {
    let app = TestApp::start().await;
    let answer = open(&app, "/checkin?token=x").await.expect(404);
    assert_eq!(answer.code(), "unknown_route");
    app.finish().await;
    let below = TestApp::builder().set("WEB_URL", "http://localhost:3333/app/").start().await;
    open(&below, "/app/checkin").await.expect(404).text.contains("<h1>");
    let clicked = open(&below, "/api/v1/checkin/x/paid").await.expect(302);
    assert_eq!(clicked.header("location"), "http://localhost:3333/app/checkin?status=invalid");
    below.finish().await;
}

#[tokio::test]
async fn a_form_that_the_page_did_not_set_leads_back_to_the_page_and_answers_nothing() {
    let app = site().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let (asked, other) = (Asked::about_one(&owner).await, Asked::about_one(&owner).await);
    let foreign = button_of(&open_page(&app, &other.token, "").await);
    let fields = [("token", asked.token.as_str()), ("action", "paid")];
    for value in ["", "x", &foreign] {
        let again = press_with(&app, &fields, value).await.expect(200);
        assert_eq!(heading(&again), "Confirmez votre réponse.");
        assert_eq!(status(&owner, &asked).await, "awaiting_user_confirmation");
    }
    let left_open = button_of(&open_page(&app, &asked.token, "").await);
    app.clock.advance(Duration::HOUR);
    let again = press_with(&app, &fields, &left_open).await.expect(200);
    assert_eq!(heading(&again), "Confirmez votre réponse.");
    let answered = press_with(&app, &fields, &button_of(&again)).await.expect(200);
    assert_eq!(heading(&answered), "C’est noté, merci.");
    app.finish().await;
}

#[tokio::test]
async fn invoices_that_were_answered_together_are_undone_together_on_the_page() {
    let app = site().await;
    let owner = app.signed_up_owner_with_checkins().await;
    let asked = Asked::about_several(&owner, 3).await;
    let owner = owner.signed_in_again().await;
    let mut fields =
        vec![("token".to_owned(), asked[0].token.clone()), ("action".to_owned(), "answers".to_owned())];
    for one in &asked[..2] {
        let id = one.state().await["checkinId"].as_str().unwrap().to_owned();
        fields.push((format!("answer-{id}"), "paid".to_owned()));
    }
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answered = press(&app, &fields).await.expect(200);
    assert_eq!(actions(&answered), ["answers", "undo_together"]);
    says(&answered, &["Annuler les 2 réponses données ensemble"]);
    assert_eq!(asked[1].state().await["undoTogether"], 2);

    let undone = press(&app, &[("token", &asked[1].token), ("action", "undo_together")]).await.expect(200);
    says(&undone, &["Ces réponses sont annulées"]);
    for one in &asked {
        assert_ne!(status(&owner, one).await, "paid");
    }
    assert_eq!(asked[0].press("undo-together").await.expect(409).code(), "not_undoable");
    app.finish().await;
}
