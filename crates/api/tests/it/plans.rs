//! Plans and their preview.

use rubis_testkit::TestApp;
use serde_json::{Value, json};

fn plan(name: &str) -> Value {
    json!({
        "name": name,
        "steps": [
            { "offsetDays": 2, "tone": "amical", "subject": "Facture {{numero}}", "body": "Bonjour {{client.name}}, {{balance}}." },
            { "offsetDays": 9, "tone": "mise_en_demeure", "subject": "Mise en demeure", "body": "{{amount}} depuis le {{dueDate}}" },
        ],
    })
}

#[tokio::test]
async fn a_formal_notice_always_waits_for_approval() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let created = owner.post("/plans", plan("Court")).await.expect(201).json;
    let approvals: Vec<_> = created["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["requiresManualValidation"].clone())
        .collect();
    assert_eq!(approvals, [json!(false), json!(true)]);
    let mut without = plan("Sans");
    without["steps"][1]["requiresManualValidation"] = json!(false);
    let refused = owner.post("/plans", without).await.expect(422);
    assert_eq!(refused.field_errors(), [("steps[1].requiresManualValidation", "manual_validation_required")]);
    app.finish().await;
}

#[tokio::test]
async fn a_new_default_takes_the_place_of_the_old_which_can_then_be_deleted() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let old = owner.default_plan().await["id"].as_str().unwrap().to_owned();
    assert_eq!(owner.delete(&format!("/plans/{old}")).await.expect(409).code(), "default_plan");
    let mut new = plan("Nouveau");
    new["isDefault"] = json!(true);
    let new = owner.post("/plans", new).await.expect(201).text_at("/id");
    assert_eq!(owner.default_plan().await["id"], new);
    assert_eq!(owner.delete(&format!("/plans/{old}")).await.expect(200).json["archived"], false);
    owner.get(&format!("/plans/{old}")).await.expect(404);
    app.finish().await;
}

#[tokio::test]
async fn a_plan_in_use_is_archived_and_cannot_be_chosen_again() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let id = owner.post("/plans", plan("Court")).await.expect(201).text_at("/id");
    owner.invoice().on_plan(id.as_str()).create().await;
    assert_eq!(owner.delete(&format!("/plans/{id}")).await.expect(200).json["archived"], true);
    assert_eq!(owner.get("/plans").await.expect(200).json["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        owner.get("/plans?archived=true").await.expect(200).json["items"].as_array().unwrap().len(),
        2
    );
    let body = owner.invoice().on_plan(id.as_str()).body();
    let refused = owner.post("/invoices", body).await.expect(422);
    assert_eq!(refused.field_errors(), [("planId", "archived_plan")]);
    app.finish().await;
}

#[tokio::test]
async fn an_edited_plan_is_what_leaves_from_then_on() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let created = owner.post("/plans", plan("Court")).await.expect(201);
    let path = format!("/plans/{}", created.text_at("/id"));
    owner.invoice().on_plan(created.text_at("/id")).due_in(-1).create().await;
    let mut edited = plan("Court");
    edited["steps"][0]["id"] = created.json["steps"][0]["id"].clone();
    edited["steps"][0]["subject"] = json!("Rappel : facture {{numero}}");
    owner.put(&path, edited).await.expect(200);
    app.advance(time::Duration::days(2)).await;
    let subjects: Vec<String> = app.mails().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects.len(), 1);
    assert!(subjects[0].starts_with("Rappel : facture F-2026-"), "{subjects:?}");
    let owner = owner.signed_in_again().await;
    let mut foreign = plan("Court");
    foreign["steps"][0]["id"] = json!("01934f6e-7d8c-7b1a-9c55-0d6c1b6f2a11");
    let refused = owner.put(&path, foreign).await.expect(422);
    assert_eq!(refused.field_errors(), [("steps[0].id", "unknown_step")]);
    app.finish().await;
}

#[tokio::test]
async fn a_preview_reports_dates_and_texts_and_writes_nothing() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let id = owner.post("/plans", plan("Court")).await.expect(201).text_at("/id");
    let path = format!("/plans/{id}/preview");
    // Due on a Thursday: two days later is a Saturday, and the mail leaves on Monday.
    let shown = owner.post(&path, json!({ "dueDate": "2026-12-03" })).await.expect(200).json;
    assert_eq!(shown["relances"][0]["sendAt"], "2026-12-07T08:00:00Z");
    assert_eq!(shown["relances"][1]["body"], "1\u{202f}200,00\u{a0}€ depuis le 3 décembre 2026");

    // The mail as it would be sent: its HTML has the same words, the creditor's name, and nothing of a template.
    assert!(shown["relances"][0]["fromName"].as_str().unwrap().ends_with(" via Rubis"));
    let html = shown["relances"][1]["html"].as_str().unwrap();
    assert!(
        html.starts_with("<!DOCTYPE html>") && html.contains("1\u{202f}200,00\u{a0}€ depuis le"),
        "{html}"
    );
    assert!(!html.contains("{{"), "{html}");
    let default = owner.get("/plans").await.expect(200).json["items"][0]["id"].as_str().unwrap().to_owned();
    let firm = async |kind: &str| {
        let body = json!({ "dueDate": "2026-12-03", "clientKind": kind });
        let shown = owner.post(&format!("/plans/{default}/preview"), body).await.expect(200).json;
        shown["relances"][2]["html"].as_str().unwrap().to_owned()
    };
    assert!(firm("company").await.contains("indemnité forfaitaire"));
    let person = firm("person").await;
    assert!(!person.contains("indemnité forfaitaire") && person.contains("Malgré nos précédents messages"));
    let odd = json!({ "dueDate": "2026-12-03", "clientKind": "sarl" });
    assert_eq!(owner.post(&path, odd).await.expect(422).field_errors(), [("clientKind", "unknown_value")]);

    let invoice = owner.invoice().due_in(30).amount(45_050).create().await;
    let shown = owner.post(&path, json!({ "invoiceId": invoice.id })).await.expect(200).json;
    assert!(shown["relances"][0]["body"].as_str().unwrap().contains("450,50\u{a0}€"));
    assert_eq!(owner.relances(&invoice.id).await.len(), 4, "its own plan has not changed");
    for (currency, written) in [("XPF", "45\u{202f}050\u{a0}XPF"), ("TND", "45,050\u{a0}TND")] {
        let mut body = owner.invoice().due_in(30).amount(45_050).body();
        body["currency"] = json!(currency);
        let invoice = owner.post("/invoices", body).await.expect(201).text_at("/id");
        let shown = owner.post(&path, json!({ "invoiceId": invoice })).await.expect(200).json;
        assert!(shown["relances"][0]["body"].as_str().unwrap().contains(written), "{currency}: {shown}");
    }

    assert_eq!(owner.post(&path, json!({})).await.expect(422).field_errors(), [("dueDate", "required")]);
    let both = json!({ "dueDate": "2026-12-03", "invoiceId": invoice.id });
    assert_eq!(owner.post(&path, both).await.expect(422).field_errors(), [("invoiceId", "ambiguous")]);
    let unknown = json!({ "invoiceId": "01934f6e-7d8c-7b1a-9c55-0d6c1b6f2a11" });
    assert_eq!(
        owner.post(&path, unknown).await.expect(422).field_errors(),
        [("invoiceId", "unknown_invoice")]
    );
    app.finish().await;
}
