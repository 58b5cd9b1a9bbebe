//! The size of every response that holds a list, with as much data as the API accepts.

use std::collections::BTreeMap;

use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::RunQueryDsl as _;
use rubis_testkit::{Owner, TestApp};
use serde_json::{Value, json};

use crate::contract::operations;

/// The most bytes of a page of a list, at 200 rows.
const MAX_PAGE_BYTES: usize = 1024 * 1024;
/// The most bytes of any other response: a timeline has 200 reminders, check-ins, payments and events.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// The longest text of so many characters: each takes four bytes.
fn wide(chars: usize) -> String {
    "\u{1d11e}".repeat(chars)
}

/// An address of 311 characters.
fn longest_email(start: &str) -> String {
    format!("{start:a<64}@{}fr", format!("{}.", "b".repeat(60)).repeat(4))
}

/// Rows that are not there yet, as copies of one that is.
struct Filler<'a> {
    app: &'a TestApp,
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    column_name: String,
}

impl Filler<'_> {
    async fn run_sql(&self, sql: &str) {
        let mut conn = self.app.database.pool.get().await.unwrap();
        sql_query(sql).execute(&mut *conn).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Copies a row until there are `rows` of it; each copy has another id, and these columns otherwise.
    async fn multiply(&self, table: &str, id: &str, rows: usize, columns: &[(&str, &str)]) {
        let from = format!("{table} original, generate_series(2, {rows}) AS copy WHERE original.id = '{id}'");
        self.copy(table, &from, columns).await;
    }

    /// Inserts copies of rows of the relation `original`.
    async fn copy(&self, table: &str, from: &str, columns: &[(&str, &str)]) {
        let mut conn = self.app.database.pool.get().await.unwrap();
        let all: Vec<Column> = sql_query(format!(
            "SELECT column_name::text FROM information_schema.columns
             WHERE table_schema = 'public' AND table_name = '{table}' AND is_generated = 'NEVER'"
        ))
        .load(&mut *conn)
        .await
        .unwrap();
        let names: Vec<&str> = all.iter().map(|column| column.column_name.as_str()).collect();
        let values: Vec<String> = names
            .iter()
            .map(|name| match columns.iter().find(|(column, _)| column == name) {
                Some((_, value)) => (*value).to_owned(),
                None if *name == "id" => "gen_random_uuid()".to_owned(),
                None => format!("original.{name}"),
            })
            .collect();
        drop(conn);
        let (names, values) = (names.join(", "), values.join(", "));
        self.run_sql(&format!("INSERT INTO {table} ({names}) SELECT {values} FROM {from}")).await;
    }
}

/// Makes as much of everything as the API accepts, and returns the ids that paths name.
async fn maximal_data(owner: &Owner<'_>) -> BTreeMap<&'static str, String> {
    let filler = Filler { app: owner.app };
    let address = json!({
        "line1": wide(200), "line2": wide(200), "postalCode": wide(20), "city": wide(100), "country": "FR",
    });
    let client = json!({
        "name": wide(200), "email": longest_email(""), "phone": wide(40),
        "address": address, "notes": wide(5_000), "siren": "732829320",
    });
    let client = owner.post("/clients", client).await.expect(201).text_at("/id");
    let contact = json!({
        "name": wide(200), "email": longest_email(""), "phone": wide(40),
        "jobTitle": wide(100), "receivesRelances": true,
    });
    let contact = owner.post(&format!("/clients/{client}/contacts"), contact).await.expect(201);
    let place = json!({ "name": wide(200), "address": address });
    let place = owner.post(&format!("/clients/{client}/service-locations"), place).await.expect(201);
    let steps: Vec<Value> = (1..=12)
        .map(|day| json!({ "offsetDays": day, "tone": "amical", "subject": wide(200), "body": wide(10_000) }))
        .collect();
    let plan = json!({ "name": wide(100), "steps": steps });
    let plan = owner.post("/plans", plan).await.expect(201).text_at("/id");
    let lines: Vec<Value> =
        (0..200).map(|_| json!({ "description": wide(500), "unitPriceCents": 100 })).collect();
    let mut invoice = owner.invoice().of_client(&client).on_plan(Some(plan.as_str())).due_in(10).body();
    invoice["numero"] = json!(wide(64));
    invoice["items"] = json!(lines);
    let invoice = owner.post("/invoices", invoice).await.expect(201).text_at("/id");
    let payment = json!({ "amountCents": 1, "label": wide(200) });
    let payment = owner.post(&format!("/invoices/{invoice}/payments"), payment).await.expect(201);
    let relance = owner.relances(&invoice).await[0]["id"].as_str().unwrap().to_owned();

    filler.multiply("clients", &client, 201, &[]).await;
    filler.multiply("client_contacts", &contact.text_at("/id"), 100, &[]).await;
    filler.multiply("client_service_locations", &place.text_at("/id"), 500, &[]).await;
    filler.multiply("payments", &payment.text_at("/id"), 201, &[]).await;
    let numero = format!("left(original.numero, 60) || lpad(copy::text, 4, '{}')", wide(1));
    filler.multiply("invoices", &invoice, 201, &[("numero", &numero), ("numero_key", "NULL")]).await;
    filler.multiply("plans", &plan, 201, &[("is_default", "false")]).await;
    let other_plans = format!(
        "plan_steps original JOIN plans other ON other.name = '{}' AND other.id <> original.plan_id
         WHERE original.plan_id = '{plan}'",
        wide(100)
    );
    let lineage = ("lineage_id", "gen_random_uuid()");
    filler.copy("plan_steps", &other_plans, &[("plan_id", "other.id"), lineage]).await;

    let (name, said, address) = (wide(200), wide(300), longest_email(""));
    filler
        .run_sql(&format!(
            "UPDATE relance_tasks SET status = 'failed', reason = 'attempts_exhausted', reason_detail = '{said}',
             subject = '{said}', body = '{}', recipient = '{address}' WHERE id = '{relance}'",
            wide(20_000)
        ))
        .await;
    filler.multiply("relance_tasks", &relance, 201, &[]).await;
    let event = format!(
        "jsonb_build_object('invoiceId', original.invoice_id, 'numero', '{}', 'label', '{said}',
             'recipient', '{address}', 'reason', 'attempts_exhausted', 'planStepOrder', 11, 'tone', 'amical')",
        wide(64)
    );
    filler
        .copy(
            "activity_events",
            &format!(
                "(SELECT * FROM activity_events WHERE invoice_id = '{invoice}' LIMIT 1) original,
                 generate_series(1, 201) AS copy"
            ),
            &[("kind", "'relance_failed'"), ("meta", &event)],
        )
        .await;
    filler
        .run_sql(&format!(
            "INSERT INTO checkin_tasks (id, organization_id, invoice_id, due_date, send_at, status, reason, created_at,
                 updated_at)
             SELECT gen_random_uuid(), organization_id, id, due_date, now(), 'cancelled', 'checkins_off', now(), now()
             FROM invoices, generate_series(1, 201) WHERE id = '{invoice}'"
        ))
        .await;
    filler
        .copy(
            "sessions",
            "(SELECT * FROM sessions LIMIT 1) original, generate_series(1, 201) AS copy",
            &[("user_agent", &format!("'{name}'")), ("network", &format!("'{}'", wide(50)))],
        )
        .await;
    filler
        .copy(
            "refresh_tokens",
            "(SELECT * FROM refresh_tokens LIMIT 1) original
             JOIN sessions other ON other.id <> original.session_id",
            &[("token_hash", "sha256(gen_random_uuid()::text::bytea)"), ("session_id", "other.id")],
        )
        .await;
    filler
        .copy(
            "users",
            "(SELECT * FROM users LIMIT 1) original, generate_series(1, 201) AS copy",
            &[
                ("email", &format!("lpad(copy::text, 4, '0') || substr('{address}', 5)")),
                ("full_name", &format!("'{name}'")),
            ],
        )
        .await;
    let joined = "memberships original JOIN users other ON other.id <> original.user_id";
    filler.copy("memberships", joined, &[("user_id", "other.id")]).await;
    let code = owner.get(&format!("/clients/{client}")).await.expect(200).text_at("/referralCode");
    [
        ("code", code),
        ("clientId", client),
        ("contactId", contact.text_at("/id")),
        ("serviceLocationId", place.text_at("/id")),
        ("planId", plan),
        ("invoiceId", invoice),
        ("relanceId", relance),
    ]
    .into()
}

#[tokio::test]
async fn no_response_is_larger_than_a_mebibyte_a_page_however_much_an_organization_stores() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let ids = maximal_data(&owner).await;
    let mut lists = 0;
    for (method, path, operation) in operations(&app).await {
        if method != reqwest::Method::GET || operation.is_public() {
            continue;
        }
        let filled = operation.path_with(|name| {
            ids.get(name).unwrap_or_else(|| panic!("{path}: make a {name} in `maximal_data`")).clone()
        });
        let has_limit = operation.query_names().iter().any(|name| name == "limit");
        let query = if has_limit { "?limit=200" } else { "" };
        let request = app.request(method, &format!("{filled}{query}")).bearer_auth(&owner.access_token);
        let response = app.send(request).await;
        assert_eq!(response.status.as_u16(), 200, "{path}: {}", response.text);
        let schema = operation.json.pointer("/responses/200/content/application~1json/schema/$ref");
        let is_page = schema.and_then(Value::as_str).is_some_and(|name| name.contains("/PageBody_"));
        let bytes = response.text.len();
        if is_page {
            lists += 1;
            let rows = response.json["items"].as_array().unwrap().len();
            let expected = if has_limit { 200 } else { 100 };
            assert_eq!(rows, expected, "{path}: fill it in `maximal_data`");
            assert!(bytes <= MAX_PAGE_BYTES, "{path}: {bytes} bytes");
        }
        assert!(bytes <= MAX_BYTES, "{path}: {bytes} bytes");
    }
    assert!(lists >= 8, "{lists} lists");
    let timeline = owner.get(&format!("/invoices/{}/timeline", ids["invoiceId"])).await.expect(200).json;
    for entries in ["relances", "checkins", "payments", "events"] {
        assert_eq!(timeline[entries].as_array().map(Vec::len), Some(200), "{entries}");
    }
    let preview =
        owner.post(&format!("/plans/{}/preview", ids["planId"]), json!({ "dueDate": "2027-01-15" })).await;
    assert!(preview.expect(200).text.len() <= MAX_PAGE_BYTES);
    app.finish().await;
}

#[tokio::test]
async fn a_list_of_reminders_omits_their_texts_and_each_reminder_has_its_own() {
    let app = TestApp::start().await;
    let (owner, stranger) = (app.signed_up_owner().await, app.signed_up_owner().await);
    let invoice = owner.invoice().due_in(-5).create().await;
    app.advance(time::Duration::minutes(5)).await;
    let listed = owner.get("/relances?status=sent").await.expect(200).json["items"][0].clone();
    assert_eq!(listed["subject"], format!("Votre facture {}", invoice.numero));
    assert!(listed.get("body").is_none(), "{listed}");
    assert!(owner.relances(&invoice.id).await[0].get("body").is_none());
    let path = format!("/relances/{}", listed["id"].as_str().unwrap());
    let relance = owner.get(&path).await.expect(200).json;
    assert!(relance["body"].as_str().unwrap().starts_with("Bonjour "), "{relance}");
    assert_eq!(relance["recipient"], invoice.client_email);
    assert_eq!(stranger.get(&path).await.expect(404).code(), "not_found");
    app.finish().await;
}

#[tokio::test]
async fn a_plan_whose_texts_could_be_longer_than_a_mail_is_refused_with_its_field() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let plan = |subject: &str, body: &str| {
        let step = json!({ "offsetDays": 1, "tone": "amical", "subject": subject, "body": body });
        json!({ "name": "Long", "steps": [step] })
    };
    let signatures = |count: usize| "{{signature}}".repeat(count);
    let created = owner.post("/plans", plan("S", &signatures(20))).await.expect(201).text_at("/id");
    for (field, refused) in [
        ("steps[0].body", plan("S", &signatures(769))),
        ("steps[0].subject", plan(&"{{client.name}}".repeat(2), "B")),
    ] {
        let answer = owner.post("/plans", refused.clone()).await.expect(422);
        assert_eq!(answer.field_errors(), [(field, "rendered_too_long")]);
        let answer = owner.put(&format!("/plans/{created}"), refused).await.expect(422);
        assert_eq!(answer.field_errors(), [(field, "rendered_too_long")]);
    }
    // Saved by a release that had no limit.
    let filler = Filler { app: &app };
    filler.run_sql(&format!("UPDATE plan_steps SET body = '{}'", signatures(769))).await;
    filler.run_sql("UPDATE organizations SET signature = repeat('x', 1000)").await;
    let preview = owner.post(&format!("/plans/{created}/preview"), json!({ "dueDate": "2027-01-15" })).await;
    assert_eq!(preview.expect(409).code(), "mail_too_long");
    app.finish().await;
}
