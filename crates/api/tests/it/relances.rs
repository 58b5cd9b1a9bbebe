//! Actions of a user on a reminder.

use rubis_testkit::TestApp;
use serde_json::json;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

#[tokio::test]
async fn a_formal_notice_leaves_once_a_person_has_approved_its_text() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let plan = json!({
        "name": "Ferme",
        "steps": [{ "offsetDays": 1, "tone": "mise_en_demeure", "subject": "Mise en demeure {{numero}}", "body": "{{balance}}" }],
    });
    let plan = owner.post("/plans", plan).await.expect(201).text_at("/id");
    let invoice = owner.invoice().due_in(-5).on_plan(plan.as_str()).create().await;
    let notice = owner.relances(&invoice.id).await[0]["id"].as_str().unwrap().to_owned();
    let path = |action: &str| format!("/relances/{notice}/{action}");
    assert_eq!(owner.act(&path("approve")).await.expect(409).code(), "not_drafted");
    assert_eq!(owner.act(&path("send-now")).await.expect(409).code(), "approval_required");

    app.advance(Duration::minutes(5)).await;
    assert!(app.mails().is_empty());
    let drafted = owner.get(&format!("/relances/{notice}")).await.expect(200).json;
    assert_eq!(
        (drafted["awaitsApproval"].as_bool(), drafted["body"].as_str()),
        (Some(true), Some("1\u{202f}200,00\u{a0}€"))
    );

    let approval = &drafted["approval"];
    assert_eq!(
        (&approval["daysLate"], &approval["balanceCents"], &approval["penaltiesCents"]),
        (&json!(5), &json!(120_000), &json!(null))
    );
    assert_eq!(
        (&approval["missing"], &approval["receiptProvenBy"]),
        (&json!([]), &json!("registered_letter"))
    );

    owner
        .post(&format!("/invoices/{}/payments", invoice.id), json!({ "amountCents": 20_000 }))
        .await
        .expect(201);
    assert_eq!(owner.act(&path("approve")).await.expect(409).code(), "draft_outdated");
    let approved = owner.act(&path("approve")).await.expect(200).json;
    assert_eq!(approved["awaitsApproval"], false);
    assert_eq!(approved["body"], "1\u{202f}000,00\u{a0}€");
    assert_eq!(approved["approvedText"]["body"], approved["body"]);
    assert_eq!(approved["approval"]["balanceCents"], 100_000);
    app.advance(Duration::minutes(5)).await;
    assert_eq!(app.relances_received(), [invoice.client_email]);
    assert_eq!(owner.act(&path("approve")).await.expect(409).code(), "relance_already_done");
    app.finish().await;
}

#[tokio::test]
async fn a_formal_notice_approved_by_mistake_is_cancelled_within_the_minute() {
    for is_cancelled in [true, false] {
        let app = TestApp::start().await;
        let owner = app.signed_up_owner().await;
        let plan = json!({
            "name": "Ferme",
            "steps": [{ "offsetDays": 1, "tone": "mise_en_demeure", "subject": "Mise en demeure {{numero}}", "body": "{{balance}}" }],
        });
        let plan = owner.post("/plans", plan).await.expect(201).text_at("/id");
        let invoice = owner.invoice().due_in(-5).on_plan(plan.as_str()).create().await;
        let notice = owner.relances(&invoice.id).await[0]["id"].as_str().unwrap().to_owned();
        app.advance(Duration::minutes(5)).await;
        let approved = owner.act(&format!("/relances/{notice}/approve")).await.expect(200).json;
        let send_at = OffsetDateTime::parse(approved["sendAt"].as_str().unwrap(), &Rfc3339).unwrap();
        assert_eq!(send_at, app.now() + Duration::MINUTE);
        app.advance(Duration::seconds(50)).await;
        assert!(app.relances_received().is_empty());
        if is_cancelled {
            owner.act(&format!("/relances/{notice}/cancel")).await.expect(200);
        }
        app.advance(Duration::minutes(5)).await;
        assert_eq!(app.relances_received().is_empty(), is_cancelled);
        app.finish().await;
    }
}

#[tokio::test]
async fn a_reminder_that_is_taken_out_does_not_leave() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let invoice = owner.invoice().due_in(-4).create().await;
    let first = owner.relances(&invoice.id).await[0]["id"].as_str().unwrap().to_owned();
    let cancelled = owner.act(&format!("/relances/{first}/cancel")).await.expect(200).json;
    assert_eq!(
        (cancelled["status"].as_str(), cancelled["reason"].as_str()),
        (Some("cancelled"), Some("cancelled_by_user"))
    );
    assert_eq!(
        owner.act(&format!("/relances/{first}/cancel")).await.expect(409).code(),
        "relance_already_done"
    );
    app.advance(Duration::hours(1) / 3).await;
    assert!(app.mails().is_empty());
    app.finish().await;
}

#[tokio::test]
async fn a_reminder_sent_now_is_sent_a_minute_later_and_cancels_those_before_it() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let invoice = owner.invoice().due_in(20).create().await;
    let second = owner.relances(&invoice.id).await[1]["id"].as_str().unwrap().to_owned();
    let send_now = format!("/relances/{second}/send-now");
    let hurried = owner.act(&send_now).await.expect(200);
    app.advance(Duration::seconds(50)).await;
    assert!(app.relances_received().is_empty(), "it can be cancelled for a minute");
    let again = owner.act(&send_now).await.expect(200);
    assert_eq!(again.json["sendAt"], hurried.json["sendAt"], "a second click puts nothing off");
    app.advance(Duration::seconds(10)).await;
    assert_eq!(app.relances_received(), [invoice.client_email]);
    let relances = owner.relances(&invoice.id).await;
    let states: Vec<_> = relances.iter().map(|relance| relance["status"].as_str().unwrap()).collect();
    assert_eq!(states.iter().filter(|state| **state == "sent").count(), 1);
    assert!(relances.iter().any(|relance| relance["reason"] == "overtaken"));
    assert_eq!(
        owner.act(&format!("/relances/{second}/send-now")).await.expect(409).code(),
        "relance_already_done"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_reminder_sent_now_by_mistake_is_cancelled_within_the_minute() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let invoice = owner.invoice().due_in(20).create().await;
    let first = owner.relances(&invoice.id).await[0]["id"].as_str().unwrap().to_owned();
    owner.act(&format!("/relances/{first}/send-now")).await.expect(200);
    owner.act(&format!("/relances/{first}/cancel")).await.expect(200);
    app.advance(Duration::minutes(2)).await;
    assert!(app.relances_received().is_empty());
    app.finish().await;
}

#[tokio::test]
async fn a_pause_within_the_minute_holds_a_reminder_that_a_user_sends() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let invoice = owner.invoice().due_in(20).create().await;
    let first = owner.relances(&invoice.id).await[0]["id"].as_str().unwrap().to_owned();
    let (send_now, pause) =
        (format!("/relances/{first}/send-now"), format!("/invoices/{}/pause", invoice.id));
    owner.act(&send_now).await.expect(200);
    let until = (app.today() + Duration::days(3)).to_string();
    owner.post(&pause, json!({ "until": until })).await.expect(200);
    assert_eq!(owner.act(&send_now).await.expect(409).code(), "paused");
    app.advance(Duration::minutes(2)).await;
    assert!(app.relances_received().is_empty());
    app.advance(Duration::days(4)).await;
    assert_eq!(app.relances_received(), [invoice.client_email], "it is sent when the pause ends");
    app.finish().await;
}

#[tokio::test]
async fn reminders_are_listed_by_state_in_the_order_of_their_dates() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    owner.invoice().due_in(20).create().await;
    owner.invoice().due_in(3).create().await;
    let page = owner.get("/relances?status=scheduled").await.expect(200).json;
    let dates: Vec<_> =
        page["items"].as_array().unwrap().iter().map(|relance| relance["sendAt"].as_str().unwrap()).collect();
    assert_eq!(dates.len(), 8);
    assert!(dates.is_sorted());
    assert_eq!(owner.get("/relances?status=sent").await.expect(200).json["items"], json!([]));
    let refused = owner.get("/relances?status=perdu").await.expect(422);
    assert_eq!(refused.field_errors(), [("status", "invalid_value")]);
    app.finish().await;
}
