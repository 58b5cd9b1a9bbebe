//! The organization's settings and members.

use diesel_async::RunQueryDsl;
use rubis_testkit::{Owner, TestApp};
use serde_json::json;

async fn become_member(owner: &Owner<'_>, role: &str) {
    let mut conn = owner.app.database.pool.get().await.unwrap();
    let sql =
        format!("UPDATE memberships SET role = '{role}' WHERE organization_id = '{}'", owner.organization_id);
    diesel::sql_query(sql).execute(&mut conn).await.unwrap();
}

#[tokio::test]
async fn an_owner_changes_every_setting() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let settings = json!({
        "name": "Ébénisterie Martin",
        "timeZone": "Europe/Brussels",
        "sendingTime": "08:15",
        "businessDaysOnly": false,
        "holidayCalendar": "alsace_moselle",
        "catchUpPolicy": "skip",
        "signature": "Claire",
        "legalMentions": "SARL",
        "address": { "line1": "1 rue Neuve", "city": "Metz", "country": "fr" },
        "siren": "732 829 320",
        "latePenaltyBasisPoints": 1215,
    });
    owner.patch("/organization", settings).await.expect(200);
    let told = owner.get("/organization").await.expect(200).json;
    assert_eq!(told["timeZone"], "Europe/Brussels");
    assert_eq!(told["sendingTime"], "08:15");
    assert_eq!(told["holidayCalendar"], "alsace_moselle");
    assert_eq!(told["catchUpPolicy"], "skip");
    assert_eq!(told["address"]["country"], "FR");
    assert_eq!(told["siren"], "732829320");
    assert_eq!(told["latePenaltyBasisPoints"], 1215);
    let forgotten = owner.patch("/organization", json!({ "siren": null })).await.expect(200);
    assert_eq!(forgotten.json["siren"], json!(null));
    assert_eq!(forgotten.json["name"], "Ébénisterie Martin", "what is left out stays");
    app.finish().await;
}

#[tokio::test]
async fn a_member_reads_the_settings_and_an_admin_changes_them() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    become_member(&owner, "member").await;
    owner.get("/organization").await.expect(200);
    let refused = owner.patch("/organization", json!({ "name": "Autre" })).await.expect(403);
    assert_eq!(refused.code(), "forbidden");
    owner.post("/organization/pause", json!({})).await.expect(403);
    owner.act("/organization/resume").await.expect(403);
    owner.client().create().await;
    become_member(&owner, "admin").await;
    owner.patch("/organization", json!({ "name": "Autre" })).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn nothing_leaves_while_an_organization_is_paused() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let paused = owner.act("/organization/pause").await.expect(200);
    assert_eq!(paused.json["pause"]["until"], json!(null));
    let invoice = owner.invoice().due_in(-4).create().await;
    app.advance(time::Duration::minutes(20)).await;
    assert!(app.mails().is_empty());
    let why = owner.relances(&invoice.id).await;
    assert_eq!(why[0]["whyNot"]["code"], "paused");

    owner.act("/organization/resume").await.expect(200);
    app.advance(time::Duration::minutes(5)).await;
    assert_eq!(app.relances_received(), [invoice.client_email]);
    app.finish().await;
}

#[tokio::test]
async fn a_pause_lasts_until_tomorrow_at_least() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let invoice = owner.invoice().create().await;
    let paths = [
        "/organization/pause".to_owned(),
        format!("/clients/{}/pause", invoice.client_id),
        format!("/invoices/{}/pause", invoice.id),
    ];
    for path in paths {
        let refused = owner.post(&path, json!({ "until": app.today().to_string() })).await.expect(422);
        assert_eq!(refused.field_errors(), [("until", "pause_ends_too_early")], "{path}");
        let tomorrow = app.today().next_day().unwrap().to_string();
        let paused = owner.post(&path, json!({ "until": tomorrow })).await.expect(200);
        assert_eq!(paused.json["pause"]["until"], tomorrow);
    }
    app.finish().await;
}

#[tokio::test]
async fn members_are_listed() {
    let app = TestApp::start().await;
    let (owner, _other) = (app.signed_up_owner().await, app.signed_up_owner().await);
    let page = owner.get("/members?limit=10").await.expect(200).json;
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    assert_eq!(page["items"][0]["user"]["email"], owner.email);
    assert_eq!(page["items"][0]["role"], "owner");
    assert_eq!(page["nextCursor"], json!(null));
    app.finish().await;
}

#[tokio::test]
async fn what_happened_is_reported_the_latest_first() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let invoice = owner.invoice().due_in(10).create().await;
    owner.mark_paid(&invoice.id).await;
    let feed = owner.get("/activity").await.expect(200).json;
    let kinds: Vec<&str> =
        feed["items"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds[0], "invoice_paid");
    assert!(kinds.contains(&"invoice_created"));
    assert_eq!(feed["items"][0]["invoiceId"], invoice.id);
    app.finish().await;
}

#[tokio::test]
async fn an_organization_of_la_reunion_is_not_at_work_on_the_twentieth_of_december() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let address = json!({ "address": { "postalCode": "97400", "city": "Saint-Denis", "country": "FR" } });
    let told = owner.patch("/organization", address).await.expect(200).json;
    assert_eq!(
        (&told["holidayCalendar"], &told["holidayCalendarChosen"]),
        (&json!("reunion"), &json!(false))
    );
    let day = time::macros::date!(2027 - 12 - 20);
    let sent_on = async |due: time::Date| {
        let invoice = owner.invoice().due_on(due).create().await;
        owner.relances(&invoice.id).await[0]["sendAt"].as_str().unwrap()[..10].to_owned()
    };
    // The first reminder is planned for Monday the 20th.
    let due = day - time::Duration::days(3);
    assert_eq!(sent_on(due).await, "2027-12-21");
    let chosen = owner.patch("/organization", json!({ "holidayCalendar": "metropolitan" })).await.expect(200);
    assert_eq!(chosen.json["holidayCalendarChosen"], true);
    assert_eq!(sent_on(due).await, "2027-12-20", "the control");
    let followed = owner.patch("/organization", json!({ "holidayCalendar": null })).await.expect(200);
    assert_eq!(followed.json["holidayCalendar"], "reunion");
    app.finish().await;
}
