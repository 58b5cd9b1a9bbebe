//! Invoices from their creation to their settlement.

use futures_util::future::join_all;
use reqwest::Method;
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

    let refused =
        owner.post(&payments, json!({ "amountCents": 6_001, "kind": "credit_note" })).await.expect(422);
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
async fn an_invoice_names_a_known_client_by_name_and_address_or_creates_them() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let at_bookkeeper = |name: &str| {
        let mut body = owner.invoice().body();
        body["client"] = json!({ "name": name, "email": "cabinet@comptable.example" });
        body
    };
    let company = owner.post("/invoices", at_bookkeeper("SARL Électricité Dupont")).await.expect(201);
    let mut again = at_bookkeeper("sarl  ELECTRICITE dupont");
    again["client"]["email"] = json!("CABINET@comptable.example");
    let again = owner.post("/invoices", again).await.expect(201);
    assert_eq!(again.json["clientId"], company.json["clientId"]);
    let landlord = owner.post("/invoices", at_bookkeeper("SCI Électricité Dupont")).await.expect(201);
    assert_ne!(landlord.json["clientId"], company.json["clientId"], "the bookkeeper has several clients");
    assert_eq!(landlord.json["client"]["name"], "SCI Électricité Dupont");
    app.finish().await;
}

#[tokio::test]
async fn an_invoice_whose_client_is_not_sure_asks_which_one_is_meant() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let named = |name: &str, email: &str| {
        let mut body = owner.invoice().body();
        body["client"] = json!({ "name": name, "email": email });
        body
    };
    let known = owner.post("/invoices", named("Garage Roux", "compta@roux.example")).await.expect(201);
    for (name, email) in [("Garage Rouxx", "compta@roux.example"), ("garage roux", "nouveau@roux.example")] {
        let refused = owner.post("/invoices", named(name, email)).await.expect(409);
        assert_eq!(refused.code(), "ambiguous_client");
        assert_eq!(refused.field_errors(), [("client", "ambiguous_client")]);
        let candidates = json!([
            { "clientId": known.json["clientId"], "name": "Garage Roux", "email": "compta@roux.example" },
        ]);
        assert_eq!(refused.json["candidates"], candidates);
    }
    let decided = owner.invoice().of_client(known.json["clientId"].as_str().unwrap()).body();
    owner.post("/invoices", decided).await.expect(201);
    let mut new = named("garage roux", "nouveau@roux.example");
    new["client"]["createNew"] = json!(true);
    let created = owner.post("/invoices", new).await.expect(201);
    assert_ne!(created.json["clientId"], known.json["clientId"]);
    assert_eq!(owner.get("/clients").await.expect(200).json["items"].as_array().unwrap().len(), 2);
    app.finish().await;
}

#[tokio::test]
async fn a_number_that_differs_only_in_its_writing_is_taken() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let first = owner.invoice().numero("FA-2026-017").create().await;
    for written in ["fa 2026 017", "FA2026017", "FA\u{2011}2026\u{2013}017", "ＦＡ－２０２６－０１７"]
    {
        let twice = owner.invoice().of_client(&first.client_id).numero(written).body();
        let refused = owner.post("/invoices", twice).await.expect(409);
        assert_eq!(refused.field_errors(), [("numero", "duplicate_numero")], "{written}");
    }
    let other = owner.invoice().of_client(&first.client_id).numero("FA-2026-018").create().await;
    let renumbered = json!({ "numero": "fa2026017" });
    let refused = owner.patch(&format!("/invoices/{}", other.id), renumbered).await.expect(409);
    assert_eq!(refused.code(), "duplicate_numero");
    let rewritten = json!({ "numero": "FA 2026 018" });
    owner.patch(&format!("/invoices/{}", other.id), rewritten).await.expect(200);
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

#[tokio::test]
async fn people_who_act_on_one_invoice_at_once_each_get_a_clear_answer() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let invoice = owner.invoice().due_in(-4).create().await;
    let relance = owner.relances(&invoice.id).await[0]["id"].as_str().unwrap().to_owned();
    let plan = owner.default_plan().await;
    let steps: Vec<_> = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| json!({ "offsetDays": step["offsetDays"], "tone": step["tone"], "subject": "S", "body": step["body"] }))
        .collect();
    let actions = [
        (Method::POST, format!("/invoices/{}/mark-paid", invoice.id), json!({})),
        (Method::POST, format!("/invoices/{}/reopen", invoice.id), json!({})),
        (Method::POST, format!("/invoices/{}/dispute", invoice.id), json!({})),
        (Method::POST, format!("/invoices/{}/resume", invoice.id), json!({})),
        (Method::POST, format!("/invoices/{}/pause", invoice.id), json!({})),
        (Method::DELETE, format!("/invoices/{}/pause", invoice.id), json!({})),
        (Method::POST, format!("/invoices/{}/payments", invoice.id), json!({ "amountCents": 10 })),
        (Method::PATCH, format!("/invoices/{}", invoice.id), json!({ "dueDate": app.today().to_string() })),
        (Method::POST, format!("/clients/{}/pause", invoice.client_id), json!({})),
        (Method::POST, format!("/clients/{}/resume", invoice.client_id), json!({})),
        (Method::PATCH, format!("/clients/{}", invoice.client_id), json!({ "name": "Autre nom" })),
        (Method::PATCH, "/organization".to_owned(), json!({ "sendingTime": "10:00" })),
        (Method::POST, "/organization/pause".to_owned(), json!({})),
        (Method::POST, "/organization/resume".to_owned(), json!({})),
        (
            Method::PUT,
            format!("/plans/{}", plan["id"].as_str().unwrap()),
            json!({ "name": "P", "steps": steps }),
        ),
        (Method::POST, format!("/relances/{relance}/send-now"), json!({})),
        (Method::POST, format!("/relances/{relance}/cancel"), json!({})),
    ];
    for _ in 0..8 {
        let requests = actions
            .iter()
            .map(|(method, path, body)| app.send(owner.request(method.clone(), path).json(body)));
        let (answers, _) = tokio::join!(join_all(requests), app.run_due_jobs());
        for ((method, path, _), answer) in actions.iter().zip(answers) {
            assert!(
                matches!(answer.status.as_u16(), 200 | 201 | 409 | 422),
                "{method} {path}: {}",
                answer.text
            );
        }
        app.clock.advance(Duration::minutes(1));
    }
    app.finish().await;
}
