//! Clients, their contacts and places.

use rubis_testkit::TestApp;
use serde_json::json;

#[tokio::test]
async fn a_client_is_created_read_changed_and_removed() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let body = json!({
        "name": "Boulangerie Petit", "email": "compta@petit.fr", "phone": "04 72 00 00 00",
        "address": { "city": "Lyon" }, "siren": "732829320", "notes": "Le 15",
    });
    let created = owner.post("/clients", body).await.expect(201);
    let path = format!("/clients/{}", created.text_at("/id"));
    let read = owner.get(&path).await.expect(200);
    assert_eq!(read.json["address"]["city"], "Lyon");
    let changed = owner.patch(&path, json!({ "phone": null, "name": "Petit & fils" })).await.expect(200);
    assert_eq!((&changed.json["phone"], &changed.json["name"]), (&json!(null), &json!("Petit & fils")));
    assert_eq!(changed.json["siren"], "732829320", "what is left out stays");
    owner.delete(&path).await.expect(204);
    owner.get(&path).await.expect(404);
    app.finish().await;
}

#[tokio::test]
async fn a_client_with_a_companys_number_is_a_company_and_any_other_says_what_it_is() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let person = json!({ "name": "Paul Martin", "email": "paul@martin.example" });
    let person = owner.post("/clients", person).await.expect(201);
    assert_eq!(person.json["kind"], "person", "nothing is claimed of whom nothing is known");
    let path = format!("/clients/{}", person.text_at("/id"));
    assert_eq!(owner.patch(&path, json!({ "kind": "company" })).await.expect(200).json["kind"], "company");
    owner.patch(&path, json!({ "kind": "person" })).await.expect(200);
    // A company's number makes a company, which it stays without the number until a user says otherwise.
    let numbered = owner.patch(&path, json!({ "vatNumber": "FR44732829320" })).await.expect(200);
    assert_eq!(numbered.json["kind"], "company");
    let refused = owner.patch(&path, json!({ "kind": "person" })).await.expect(422);
    assert_eq!(
        (&refused.json["errors"][0]["field"], &refused.json["errors"][0]["code"]),
        (&json!("kind"), &json!("company_number"))
    );
    assert_eq!(owner.patch(&path, json!({ "vatNumber": null })).await.expect(200).json["kind"], "company");
    let unknown = owner.patch(&path, json!({ "kind": "sarl" })).await.expect(422);
    assert_eq!(unknown.json["errors"][0]["code"], "unknown_value");
    app.finish().await;
}

#[tokio::test]
async fn a_client_with_invoices_stays() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let invoice = owner.invoice().create().await;
    let path = format!("/clients/{}", invoice.client_id);
    assert_eq!(owner.delete(&path).await.expect(409).code(), "client_has_invoices");
    owner.get(&path).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn a_client_is_found_by_their_referral_code_however_it_is_typed() {
    let app = TestApp::start().await;
    let (owner, other) = (app.signed_up_owner().await, app.signed_up_owner().await);
    let client = owner.client().create().await;
    owner.client().create().await;
    let code = owner.get(&format!("/clients/{}", client.id)).await.expect(200).text_at("/referralCode");
    assert_eq!(code.len(), 6);
    let typed = format!("/referrals/{}-{}", &code[..3].to_lowercase(), &code[3..]);
    assert_eq!(owner.get(&typed).await.expect(200).json["clientId"], client.id);
    other.get(&typed).await.expect(404);
    owner.get("/referrals/nonsense").await.expect(404);
    app.finish().await;
}

#[tokio::test]
async fn contacts_and_places_belong_to_one_client() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let (client, other) = (owner.client().create().await, owner.client().create().await);
    let contact = json!({ "name": "Paul", "email": "paul@petit.fr", "receivesRelances": true });
    let place = json!({ "name": "Fournil", "address": { "city": "Bron" } });
    for (kind, body) in [("contacts", contact), ("service-locations", place)] {
        let list = format!("/clients/{}/{kind}", client.id);
        let id = owner.post(&list, body).await.expect(201).text_at("/id");
        assert_eq!(owner.get(&list).await.expect(200).json["items"][0]["id"], id);
        let of_other = format!("/clients/{}/{kind}/{id}", other.id);
        owner.patch(&of_other, json!({ "name": "Autre" })).await.expect(404);
        owner.delete(&of_other).await.expect(404);
        let own = format!("{list}/{id}");
        assert_eq!(owner.patch(&own, json!({ "name": "Autre" })).await.expect(200).json["name"], "Autre");
        owner.delete(&own).await.expect(204);
        assert_eq!(owner.get(&list).await.expect(200).json["items"], json!([]));
    }
    app.finish().await;
}

#[tokio::test]
async fn a_place_that_a_line_names_stays() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let client = owner.client().create().await;
    let places = format!("/clients/{}/service-locations", client.id);
    let place = owner.post(&places, json!({ "name": "Fournil" })).await.expect(201).text_at("/id");
    let mut body = owner.invoice().of_client(&client.id).body();
    body["items"] = json!([{ "description": "Pose", "unitPriceCents": 100_000, "serviceLocationId": place }]);
    let invoice = owner.post("/invoices", body).await.expect(201);
    assert_eq!(invoice.json["items"][0]["serviceLocationId"], place);
    assert_eq!(
        owner.delete(&format!("{places}/{place}")).await.expect(409).code(),
        "service_location_in_use"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_statement_reports_what_is_owed_and_what_is_late() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let client = owner.client().create().await;
    owner.invoice().of_client(&client.id).due_in(10).amount(10_000).create().await;
    let late = owner.invoice().of_client(&client.id).due_in(-10).amount(5_000).create().await;
    owner.post(&format!("/invoices/{}/payments", late.id), json!({ "amountCents": 2_000 })).await.expect(201);
    let statement = owner.get(&format!("/clients/{}/statement", client.id)).await.expect(200).json;
    assert_eq!(
        statement["balances"],
        json!([{
            "currency": "EUR",
            "outstandingCents": 13_000,
            "overdueCents": 3_000,
            "openInvoices": 2,
            "creditCents": 0,
        }])
    );
    assert_eq!(statement["openInvoices"].as_array().unwrap().len(), 2);
    assert_eq!(statement["recentPayments"][0]["numero"], late.numero);
    app.finish().await;
}

#[tokio::test]
async fn a_paused_client_gets_no_reminder_until_they_are_resumed() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let client = owner.client().create().await;
    owner.act(&format!("/clients/{}/pause", client.id)).await.expect(200);
    owner.invoice().of_client(&client.id).due_in(-4).create().await;
    let chased = owner.invoice().due_in(-4).create().await;
    app.advance(time::Duration::minutes(10)).await;
    assert_eq!(app.relances_received(), [chased.client_email.as_str()]);
    owner.act(&format!("/clients/{}/resume", client.id)).await.expect(200);
    app.advance(time::Duration::minutes(10)).await;
    assert_eq!(app.relances_received(), [chased.client_email, client.email]);
    app.finish().await;
}
