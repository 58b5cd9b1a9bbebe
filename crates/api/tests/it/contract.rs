//! The OpenAPI document as tests use it.

use std::collections::BTreeMap;

use reqwest::Method;
use rubis_testkit::{Answer, Owner, TestApp};
use serde_json::{Value, json};
use time::Duration;

/// An operation of the document.
#[derive(Clone)]
pub struct Operation {
    pub path: String,
    pub json: Value,
}

impl Operation {
    pub fn id(&self) -> &str {
        self.json["operationId"].as_str().unwrap()
    }

    /// The names in braces of its path.
    pub fn path_names(&self) -> Vec<String> {
        let names = self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        names.map(str::to_owned).collect()
    }

    /// Its path with each name replaced.
    pub fn path_with(&self, value_of: impl Fn(&str) -> String) -> String {
        self.path_names()
            .iter()
            .fold(self.path.clone(), |path, name| path.replace(&format!("{{{name}}}"), &value_of(name)))
    }

    /// The names of its query parameters.
    pub fn query_names(&self) -> Vec<String> {
        let parameters = self.json["parameters"].as_array().cloned().unwrap_or_default();
        parameters
            .iter()
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Returns true if it can be called without signing in.
    pub fn is_public(&self) -> bool {
        self.json["security"][0].get("bearer").is_none()
    }

    /// The example of its body.
    pub fn example(&self) -> Option<Value> {
        let body = self.json.pointer("/requestBody/content/application~1json")?;
        Some(body["example"].clone())
    }

    /// Fails unless the document says that it can answer this.
    #[track_caller]
    pub fn assert_documents(&self, answer: &Answer) {
        let status = answer.status.as_u16();
        assert!(
            self.json["responses"].get(status.to_string()).is_some(),
            "{} does not document {status}: {}",
            self.id(),
            answer.text
        );
    }
}

/// The document.
pub async fn document(app: &TestApp) -> Value {
    app.get("/api/v1/openapi.json").await.expect(200).json
}

/// Every operation of the document.
pub async fn operations(app: &TestApp) -> Vec<(Method, String, Operation)> {
    let document = document(app).await;
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, json) in item.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let operation = Operation { path: path.clone(), json: json.clone() };
            operations.push((method, path.clone(), operation));
        }
    }
    operations
}

/// An object of each kind that a path can name, by the name that paths give it.
pub async fn objects(owner: &Owner<'_>) -> BTreeMap<String, String> {
    // A client without invoices can be deleted, so that deleting it shows that it was found.
    let client = owner.client().create().await;
    let contact = json!({ "name": "Paul", "email": "paul@petit.fr" });
    let contact = owner.post(&format!("/clients/{}/contacts", client.id), contact).await.expect(201);
    let place = owner
        .post(&format!("/clients/{}/service-locations", client.id), json!({ "name": "Fournil" }))
        .await
        .expect(201);
    let code = owner.get(&format!("/clients/{}", client.id)).await.expect(200).text_at("/referralCode");
    let plan = json!({
        "name": "Court",
        "steps": [{ "offsetDays": 1, "tone": "amical", "subject": "S", "body": "B" }],
    });
    let plan = owner.post("/plans", plan).await.expect(201);
    let due = owner.app.today() + Duration::days(5);
    let invoice = owner.invoice().due_on(due).create().await;
    let relance = owner.relances(&invoice.id).await[0]["id"].as_str().unwrap().to_owned();
    let part = json!({ "amountCents": 1 });
    let payment = owner.post(&format!("/invoices/{}/payments", invoice.id), part).await.expect(201);
    let session = owner.signed_in_again().await.get("/auth/sessions").await.expect(200);
    [
        ("sessionId", session.text_at("/items/0/id")),
        ("clientId", client.id),
        ("contactId", contact.text_at("/id")),
        ("serviceLocationId", place.text_at("/id")),
        ("code", code),
        ("planId", plan.text_at("/id")),
        ("invoiceId", invoice.id),
        ("relanceId", relance),
        ("paymentId", payment.text_at("/id")),
        // A token that does not exist: a valid one needs no access token.
        ("token", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
