//! Invoices from their creation to their settlement.

use rubis_testkit::TestApp;
use serde_json::json;
use time::Duration;

#[tokio::test]
async fn only_the_unpaid_invoice_is_chased() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let paid = owner.invoice().due_today().create().await;
    let unpaid = owner.invoice().due_today().create().await;
    assert_eq!(owner.mark_paid(&paid.id).await.json["status"], "paid");
    app.advance(Duration::days(4)).await;
    assert_eq!(app.relances_received(), [unpaid.client_email]);
    let owner = owner.signed_in_again().await;
    assert_eq!(owner.get(&format!("/invoices/{}", unpaid.id)).await.expect(200).json["status"], "in_relance");
    app.finish().await;
}

#[tokio::test]
async fn settling_an_invoice_calls_off_all_that_was_planned_and_says_so() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let invoice = owner.invoice().due_in(5).create().await;
    assert!(owner.relances(&invoice.id).await.iter().all(|relance| relance["status"] == "scheduled"));
    let body = json!({ "method": "transfer", "paidAt": app.today().to_string() });
    owner.post(&format!("/invoices/{}/mark-paid", invoice.id), body).await.expect(200);
    let relances = owner.relances(&invoice.id).await;
    assert_eq!(relances.len(), 4);
    for relance in relances {
        assert_eq!(
            (relance["status"].as_str(), relance["whyNot"]["code"].as_str()),
            (Some("cancelled"), Some("invoice_paid"))
        );
    }
    assert_eq!(owner.get("/organization").await.expect(200).json["rubisCount"], 1);
    app.finish().await;
}

#[tokio::test]
async fn a_part_payment_leaves_the_chain_running_and_the_rest_settles_it() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let invoice = owner.invoice().due_in(5).amount(10_000).create().await;
    let payments = format!("/invoices/{}/payments", invoice.id);
    owner.post(&payments, json!({ "amountCents": 4_000, "method": "cheque" })).await.expect(201);
    let state = owner.get(&format!("/invoices/{}", invoice.id)).await.expect(200).json;
    assert_eq!((state["status"].as_str(), state["balanceCents"].as_i64()), (Some("pending"), Some(6_000)));

    let refused = owner.post(&payments, json!({ "amountCents": 6_001 })).await.expect(422);
    assert_eq!(refused.code(), "amount_exceeds_balance");
    assert_eq!(refused.field_errors(), [("amountCents", "amount_exceeds_balance")]);

    owner.post(&payments, json!({ "amountCents": 6_000, "kind": "credit_note" })).await.expect(201);
    let state = owner.get(&format!("/invoices/{}", invoice.id)).await.expect(200).json;
    assert_eq!(state["status"], "paid");
    let kinds: Vec<_> = owner.get(&payments).await.expect(200).json["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|payment| payment["kind"].clone())
        .collect();
    assert_eq!(kinds, ["payment", "credit_note"]);
    app.finish().await;
}

#[tokio::test]
async fn a_move_that_a_state_forbids_is_a_conflict() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let invoice = owner.invoice().due_in(5).create().await;
    let path = |action: &str| format!("/invoices/{}/{action}", invoice.id);
    for forbidden in ["resume", "reopen"] {
        assert_eq!(owner.act(&path(forbidden)).await.expect(409).code(), "illegal_transition", "{forbidden}");
    }
    assert_eq!(owner.act(&path("dispute")).await.expect(200).json["status"], "litigation");
    assert_eq!(owner.act(&path("resume")).await.expect(200).json["status"], "pending");
    owner.mark_paid(&invoice.id).await;
    for forbidden in ["mark-paid", "cancel", "dispute", "resume"] {
        assert_eq!(owner.act(&path(forbidden)).await.expect(409).code(), "illegal_transition", "{forbidden}");
    }
    let reopened = owner.act(&path("reopen")).await.expect(200).json;
    assert_eq!(
        (reopened["status"].as_str(), reopened["balanceCents"].as_i64()),
        (Some("pending"), Some(120_000))
    );
    assert_eq!(owner.act(&path("cancel")).await.expect(200).json["status"], "cancelled");
    let refused =
        owner.patch(&format!("/invoices/{}", invoice.id), json!({ "numero": "X" })).await.expect(409);
    assert_eq!(refused.code(), "invoice_not_editable");
    app.finish().await;
}

#[tokio::test]
async fn an_invoice_names_a_known_client_by_address_or_creates_them() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let first = owner.invoice().create().await;
    let mut body = owner.invoice().body();
    body["client"]["email"] = first.client_email.to_uppercase().into();
    let second = owner.post("/invoices", body).await.expect(201);
    assert_eq!(second.json["clientId"], first.client_id);
    assert_eq!(owner.get("/clients").await.expect(200).json["items"].as_array().unwrap().len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn an_invoice_without_a_plan_is_not_chased() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let invoice = owner.invoice().due_in(-10).on_plan(json!(null)).create().await;
    assert_eq!(invoice.json["planId"], json!(null));
    assert!(owner.relances(&invoice.id).await.is_empty());
    let plan = owner.default_plan().await["id"].clone();
    owner.patch(&format!("/invoices/{}", invoice.id), json!({ "planId": plan })).await.expect(200);
    assert!(!owner.relances(&invoice.id).await.is_empty());
    app.finish().await;
}

#[tokio::test]
async fn another_due_date_plans_afresh() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let invoice = owner.invoice().due_in(1).create().await;
    let before = owner.relances(&invoice.id).await[0]["sendAt"].clone();
    let due = (app.today() + Duration::days(15)).to_string();
    let changed =
        owner.patch(&format!("/invoices/{}", invoice.id), json!({ "dueDate": due })).await.expect(200);
    assert_eq!(changed.json["dueDate"], due);
    let after = owner.relances(&invoice.id).await;
    assert_eq!(after.len(), 4);
    assert!(after[0]["sendAt"].as_str() > before.as_str());
    app.finish().await;
}

#[tokio::test]
async fn a_paused_invoice_waits_until_its_pause_ends() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let invoice = owner.invoice().due_in(-4).create().await;
    let path = format!("/invoices/{}/pause", invoice.id);
    owner.act(&path).await.expect(200);
    app.advance(Duration::hours(1) / 4).await;
    assert!(app.mails().is_empty());
    assert_eq!(owner.delete(&path).await.expect(200).json["pause"], json!(null));
    app.advance(Duration::minutes(5)).await;
    assert_eq!(app.relances_received(), [invoice.client_email]);
    app.finish().await;
}

#[tokio::test]
async fn lines_are_kept_in_their_order() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let mut body = owner.invoice().body();
    body["items"] = json!([
        { "description": "Pose", "quantity": "2.50", "unitPriceCents": 40_000 },
        { "description": "Remise", "unitPriceCents": -500, "vatRateBasisPoints": 550 },
    ]);
    let id = owner.post("/invoices", body).await.expect(201).text_at("/id");
    let items = owner.get(&format!("/invoices/{id}")).await.expect(200).json["items"].clone();
    assert_eq!(
        (items[0]["quantity"].as_str(), items[0]["vatRateBasisPoints"].as_i64()),
        (Some("2.5"), Some(2000))
    );
    assert_eq!(
        (items[1]["description"].as_str(), items[1]["unitPriceCents"].as_i64()),
        (Some("Remise"), Some(-500))
    );
    owner.patch(&format!("/invoices/{id}"), json!({ "items": [] })).await.expect(200);
    assert_eq!(owner.get(&format!("/invoices/{id}")).await.expect(200).json["items"], json!([]));
    app.finish().await;
}

#[tokio::test]
async fn money_did_not_come_in_tomorrow() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let invoice = owner.invoice().create().await;
    let tomorrow = app.today().next_day().unwrap().to_string();
    for path in ["mark-paid", "payments"] {
        let refused = owner
            .post(&format!("/invoices/{}/{path}", invoice.id), json!({ "paidAt": tomorrow }))
            .await
            .expect(422);
        assert_eq!(refused.field_errors(), [("paidAt", "in_the_future")]);
    }
    app.finish().await;
}
