//! Responses to bad input: a problem that names the field and the rule.

use reqwest::{Method, header};
use rubis_testkit::{Answer, TestApp};
use serde_json::{Value, json};

/// Checks that an answer is a problem about one field.
#[track_caller]
fn assert_refused(answer: &Answer, status: u16, field: &str, code: &str) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.field_errors(), [(field, code)], "{}", answer.text);
    for member in ["type", "title", "status", "detail", "code", "requestId"] {
        assert!(!answer.json[member].is_null(), "{member}: {}", answer.text);
    }
}

fn step(subject: &str, body: &str) -> Value {
    json!({ "name": "P", "steps": [{ "offsetDays": 1, "tone": "amical", "subject": subject, "body": body }] })
}

#[tokio::test]
async fn a_template_with_an_unknown_variable_is_refused_when_the_plan_is_saved() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let default = owner.default_plan().await["id"].as_str().unwrap().to_owned();
    for (subject, body, field, code) in [
        ("Facture", "Bonjour {{client.nom}}", "steps[0].body", "unknown_variable"),
        ("{{numéro}}", "Bonjour", "steps[0].subject", "unknown_variable"),
        ("Facture", "Bonjour {{numero", "steps[0].body", "unclosed_variable"),
        ("Facture", "   ", "steps[0].body", "required"),
        ("", "Bonjour", "steps[0].subject", "required"),
        ("deux\nlignes", "Bonjour", "steps[0].subject", "control_character"),
    ] {
        assert_refused(&owner.post("/plans", step(subject, body)).await, 422, field, code);
        assert_refused(&owner.put(&format!("/plans/{default}"), step(subject, body)).await, 422, field, code);
    }
    owner.post("/plans", step("Facture {{ numero }}", "{{client.name}}")).await.expect(201);
    app.finish().await;
}

#[tokio::test]
async fn a_plan_has_steps_with_a_body_in_the_order_of_their_days() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let steps = |steps: Value| json!({ "name": "P", "steps": steps });
    let right = json!({ "offsetDays": 3, "tone": "amical", "subject": "S", "body": "B" });
    let mut without_body = right.clone();
    without_body.as_object_mut().unwrap().remove("body");
    let mut other_tone = right.clone();
    other_tone["tone"] = json!("furieux");
    let mut far = right.clone();
    far["offsetDays"] = json!(3651);
    for (body, field, code) in [
        (steps(json!([])), "steps", "required"),
        (steps(json!([right, without_body])), "steps[1].body", "missing_field"),
        (steps(json!([right, right])), "steps[1].offsetDays", "offset_not_increasing"),
        (steps(json!([other_tone])), "steps[0].tone", "invalid_value"),
        (steps(json!([far])), "steps[0].offsetDays", "out_of_range"),
        (steps(json!({})), "steps", "invalid_type"),
    ] {
        assert_refused(&owner.post("/plans", body).await, 422, field, code);
    }
    app.finish().await;
}

#[tokio::test]
async fn an_invoice_with_a_wrong_amount_date_or_currency_is_refused() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let existing = owner.invoice().create().await;
    for (field, value, code) in [
        ("amountTtcCents", json!(0), "amount_not_positive"),
        ("amountTtcCents", json!(-5), "amount_not_positive"),
        ("amountTtcCents", json!(1_000_000_000_001_i64), "amount_too_large"),
        ("amountTtcCents", json!(12.5), "invalid_type"),
        ("amountTtcCents", json!("12"), "invalid_type"),
        ("amountTtcCents", json!(null), "invalid_type"),
        ("currency", json!("EURO"), "unknown_currency"),
        ("currency", json!("XXZ"), "unknown_currency"),
        ("currency", json!("XXX"), "unsupported_currency"),
        ("currency", json!("XTS"), "unsupported_currency"),
        ("currency", json!("XAU"), "unsupported_currency"),
        ("dueDate", json!("2026-01-01"), "due_before_issue"),
        ("dueDate", json!("2026-02-30"), "invalid_value"),
        ("dueDate", json!("demain"), "invalid_value"),
        ("numero", json!(" "), "required"),
        ("numero", json!("9".repeat(65)), "too_long"),
        ("planId", json!("01934f6e-7d8c-7b1a-9c55-0d6c1b6f2a11"), "unknown_plan"),
        ("planId", json!("nonsense"), "invalid_value"),
    ] {
        let mut body = owner.invoice().body();
        body[field] = value;
        assert_refused(&owner.post("/invoices", body).await, 422, field, code);
    }
    let mut far = owner.invoice().body();
    far["issueDate"] = json!("1899-01-01");
    assert_refused(&owner.post("/invoices", far).await, 422, "issueDate", "invalid_value");
    let mut nobody = owner.invoice().body();
    nobody["client"]["email"] = json!("pas une adresse");
    assert_refused(&owner.post("/invoices", nobody).await, 422, "client.email", "invalid_email");
    let unknown = owner.invoice().of_client("01934f6e-7d8c-7b1a-9c55-0d6c1b6f2a11").body();
    assert_refused(&owner.post("/invoices", unknown).await, 422, "clientId", "unknown_client");

    let twice = owner.invoice().of_client(&existing.client_id).numero(&existing.numero).body();
    let refused = owner.post("/invoices", twice).await;
    assert_refused(&refused, 409, "numero", "duplicate_numero");
    assert_eq!(refused.code(), "duplicate_numero");
    owner.invoice().numero(&existing.numero).create().await;
    app.finish().await;
}

#[tokio::test]
async fn correcting_an_invoice_follows_the_same_rules() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let other = owner.invoice().create().await;
    let invoice = owner.invoice().of_client(&other.client_id).due_in(5).create().await;
    let path = format!("/invoices/{}", invoice.id);
    owner.post(&format!("{path}/payments"), json!({ "amountCents": 50_000 })).await.expect(201);
    for (body, status, field, code) in [
        (json!({ "amountTtcCents": 0 }), 422, "amountTtcCents", "amount_not_positive"),
        (json!({ "amountTtcCents": 50_000 }), 422, "amountTtcCents", "amount_not_above_settled"),
        (json!({ "dueDate": "2020-01-01" }), 422, "dueDate", "due_before_issue"),
        (json!({ "numero": other.numero }), 409, "numero", "duplicate_numero"),
        (json!({ "clientId": "01934f6e-7d8c-7b1a-9c55-0d6c1b6f2a11" }), 422, "clientId", "unknown_client"),
        (json!({ "status": "paid" }), 422, "status", "unknown_field"),
    ] {
        assert_refused(&owner.patch(&path, body).await, status, field, code);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_setting_that_cannot_be_is_refused() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    for (field, value, code) in [
        ("timeZone", "Europe/Lutèce", "unknown_time_zone"),
        ("sendingTime", "25:00", "invalid_time"),
        ("catchUpPolicy", "jamais", "unknown_value"),
        ("holidayCalendar", "bavarian", "unknown_value"),
        ("siren", "123456789", "invalid_siren"),
        ("name", "", "required"),
    ] {
        let mut body = json!({});
        body[field] = json!(value);
        assert_refused(&owner.patch("/organization", body).await, 422, field, code);
    }
    let country = json!({ "address": { "country": "XX" } });
    assert_refused(&owner.patch("/organization", country).await, 422, "address.country", "unknown_country");
    app.finish().await;
}

#[tokio::test]
async fn a_mail_address_that_cannot_be_one_is_refused_everywhere() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let client = owner.client().create().await;
    let sign_up =
        json!({ "email": "claire", "password": "long enough", "fullName": "C", "organizationName": "O" });
    assert_refused(&app.post("/api/v1/auth/signup", sign_up).await, 422, "email", "invalid_email");
    for path in ["/clients".to_owned(), format!("/clients/{}/contacts", client.id)] {
        for email in ["claire", "claire@", "a@b@c.fr", "a b@exemple.fr", "a@exemple.fr\nBcc: b@exemple.fr"] {
            let refused = owner.post(&path, json!({ "name": "N", "email": email })).await;
            assert_refused(&refused, 422, "email", "invalid_email");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn an_unknown_field_is_refused_in_every_body() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    for (method, _, operation) in crate::contract::operations(&app).await {
        let Some(mut body) = operation.example() else { continue };
        body["surprise"] = json!(1);
        let path = operation.path_with(|_| "01934f6e-7d8c-7b1a-9c55-0d6c1b6f2a11".to_owned());
        let request = app.request(method.clone(), &path).bearer_auth(&owner.access_token).json(&body);
        assert_refused(&app.send(request).await, 422, "surprise", "unknown_field");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_list_is_no_object_in_any_body() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let settings = json!({ "checkins": [true, 24, null] });
    assert_refused(&owner.patch("/organization", settings).await, 422, "checkins", "invalid_type");
    owner.patch("/organization", json!({ "checkins": { "graceHours": 24.0 } })).await.expect(200);
    for (method, _, operation) in crate::contract::operations(&app).await {
        let Some(example) = operation.example() else { continue };
        // The fields' values, as serde's derived structs take them.
        let list: Vec<Value> = example.as_object().unwrap().values().cloned().collect();
        let path = operation.path_with(|_| "01934f6e-7d8c-7b1a-9c55-0d6c1b6f2a11".to_owned());
        let request = app.request(method.clone(), &path).bearer_auth(&owner.access_token).json(&list);
        assert_refused(&app.send(request).await, 422, "", "invalid_type");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_nul_byte_is_refused_wherever_it_stands() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let refused = owner.post("/clients", json!({ "name": "a\0b", "email": "a@exemple.fr" })).await;
    assert_refused(&refused, 400, "name", "nul_byte");
    assert_eq!(refused.code(), "nul_byte");
    let nested = owner.post("/plans", step("Facture", "Bonjour\0")).await;
    assert_refused(&nested, 400, "steps[0].body", "nul_byte");
    let log_in = app.post("/api/v1/auth/login", json!({ "email": "a\0@exemple.fr", "password": "x" })).await;
    assert_refused(&log_in, 400, "email", "nul_byte");
    assert_refused(&owner.get("/invoices?q=a%00b").await, 400, "q", "nul_byte");
    owner.get("/invoices/%00").await.expect(404);
    owner.get("/referrals/A%00BCDE").await.expect(404);
    app.finish().await;
}

#[tokio::test]
async fn a_query_that_cannot_be_understood_is_refused_by_its_parameter() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    for (query, field, code) in [
        ("status=perdue", "status", "unknown_value"),
        ("status=", "status", "unknown_value"),
        ("clientId=nonsense", "clientId", "invalid_value"),
        ("dueFrom=hier", "dueFrom", "invalid_value"),
        ("overdue=oui", "overdue", "invalid_value"),
        ("sort=couleur", "sort", "unknown_value"),
        ("couleur=rouge", "couleur", "unknown_field"),
        ("q=a&q=b", "q", "duplicate_parameter"),
    ] {
        assert_refused(&owner.get(&format!("/invoices?{query}")).await, 422, field, code);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    for (body, status, code) in [
        ("", 400, "invalid_json"),
        ("{", 400, "invalid_json"),
        ("{\"name\": \"\\ud800\"}", 400, "invalid_json"),
        ("[]", 422, "validation_failed"),
        ("null", 422, "validation_failed"),
        ("\"text\"", 422, "validation_failed"),
    ] {
        let request = owner
            .request(Method::POST, "/clients")
            .header(header::CONTENT_TYPE, "application/json")
            .body(body);
        let answer = app.send(request).await.expect(status);
        assert_eq!(answer.code(), code, "{body}");
    }
    let bytes = owner
        .request(Method::POST, "/clients")
        .header(header::CONTENT_TYPE, "application/json")
        .body(vec![b'"', 0xff, b'"']);
    app.send(bytes).await.expect(400);
    app.finish().await;
}

#[tokio::test]
async fn an_id_that_cannot_be_one_is_answered_as_an_unknown_object() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    for id in [
        "1",
        "nonsense",
        "01934f6e-7d8c-7b1a-9c55-0d6c1b6f2a1",
        "%ff",
        "%F0%9F%98%80",
        "'%20OR%201=1",
        "../me",
    ] {
        owner.get(&format!("/invoices/{id}")).await;
        let answer = owner.get(&format!("/clients/{id}")).await;
        assert!(matches!(answer.status.as_u16(), 404 | 200), "{id}: {}", answer.text);
    }
    assert_eq!(owner.get("/clients/nonsense").await.expect(404).code(), "not_found");
    app.finish().await;
}
