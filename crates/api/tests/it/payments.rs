//! Payments that are voided, credits of clients and full credit notes.

use rubis_testkit::TestApp;
use serde_json::json;

#[tokio::test]
async fn a_payment_before_the_last_one_is_voided_with_its_reason() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let invoice = owner.invoice().due_in(5).amount(10_000).create().await;
    let payments = format!("/invoices/{}/payments", invoice.id);
    let first = owner.post(&payments, json!({ "amountCents": 4_000 })).await.expect(201).text_at("/id");
    let last = owner.post(&payments, json!({ "amountCents": 6_000 })).await.expect(201).text_at("/id");
    let void = |id: &str| format!("{payments}/{id}/void");
    for (reason, code) in [(json!(" "), "required"), (json!("r".repeat(201)), "too_long")] {
        let refused = owner.post(&void(&first), json!({ "reason": reason })).await.expect(422);
        assert_eq!(refused.field_errors(), [("reason", code)]);
    }

    let reason = json!({ "reason": "Chèque sans provision" });
    let voided = owner.post(&void(&first), reason.clone()).await.expect(200).json;
    assert_eq!(voided["payment"]["voidReason"], "Chèque sans provision");
    assert_eq!(
        (&voided["invoice"]["status"], &voided["invoice"]["balanceCents"]),
        (&json!("pending"), &json!(4_000))
    );
    assert_eq!(voided["invoice"]["outcome"], json!(null));
    assert_eq!(owner.get("/organization").await.expect(200).json["rubisCount"], 0);
    assert_eq!(owner.post(&void(&first), reason.clone()).await.expect(409).code(), "payment_already_voided");
    let listed = owner.get(&payments).await.expect(200).json;
    assert!(listed["items"][0]["voidedAt"].is_string());
    assert_eq!((&listed["items"][1]["id"], &listed["items"][1]["voidedAt"]), (&json!(last), &json!(null)));

    let other = owner.invoice().due_in(5).create().await;
    let elsewhere = format!("/invoices/{}/payments/{last}/void", other.id);
    owner.post(&elsewhere, reason).await.expect(404);
    app.finish().await;
}

#[tokio::test]
async fn an_overpayment_settles_the_invoice_and_the_rest_is_the_clients_credit() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let invoice = owner.invoice().due_in(5).amount(10_000).create().await;
    let paid =
        owner.post(&format!("/invoices/{}/mark-paid", invoice.id), json!({ "amountCents": 12_500 })).await;
    let paid = paid.expect(200).json;
    assert_eq!((&paid["status"], &paid["outcome"]), (&json!("paid"), &json!("paid")));
    assert_eq!((&paid["balanceCents"], &paid["overpaidCents"]), (&json!(0), &json!(2_500)));
    let statement = owner.get(&format!("/clients/{}/statement", invoice.client_id)).await.expect(200).json;
    let balance = json!([{ "currency": "EUR", "outstandingCents": 0, "overdueCents": 0, "openInvoices": 0, "creditCents": 2_500 }]);
    assert_eq!(statement["balances"], balance);
    app.finish().await;
}

#[tokio::test]
async fn a_full_credit_note_ends_as_credited_without_a_rubis() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let invoice = owner.invoice().due_in(5).amount(10_000).create().await;
    let payments = format!("/invoices/{}/payments", invoice.id);
    owner.post(&payments, json!({ "kind": "credit_note" })).await.expect(201);
    let credited = owner.get(&format!("/invoices/{}", invoice.id)).await.expect(200).json;
    assert_eq!((&credited["status"], &credited["outcome"]), (&json!("paid"), &json!("credited")));
    assert_eq!(credited["rubisEarned"], 0);
    assert_eq!(owner.get("/organization").await.expect(200).json["rubisCount"], 0);
    for relance in owner.relances(&invoice.id).await {
        assert_eq!(relance["whyNot"]["code"], "invoice_credited");
    }
    app.finish().await;
}
