//! One id from a request to the mails that it causes.

use rubis_testkit::{Answer, CapturedLog, TestApp};
use serde_json::Value;
use time::Duration;

use crate::subscriber::{app_with_stripe, pro};

/// The captured events with this message in this trace, which is that of their span or a field of their own.
fn events_in(trace: &str, message: &str) -> Vec<Value> {
    let events = CapturedLog::of_process().events("message", message);
    events.into_iter().filter(|event| event["spans"].to_string().contains(trace)).collect()
}

#[tokio::test]
async fn one_id_leads_from_a_request_through_its_jobs_to_the_mail() {
    CapturedLog::of_process();
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let organization = owner.get("/organization").await.text_at("/id");
    let mut traces = Vec::new();
    for name in ["Boulangerie Petit", "Garage Nord"] {
        let client = owner.client().named(name).create().await;
        let invoice = owner.invoice().due_today().of_client(&client.id).body();
        let created: Answer = owner.post("/invoices", invoice).await.expect(201);
        traces.push((client.email, created.header("x-request-id").to_owned()));
    }
    assert_ne!(traces[0].1, traces[1].1);
    app.advance(Duration::days(4)).await;

    let claims = CapturedLog::of_process().events("message", "new");
    assert!(
        claims.iter().any(|event| event["span"]["name"] == "claim" && event["span"]["queue"] == "relances"),
        "a span of each claim"
    );
    for (recipient, trace) in traces {
        let mails = app.mails();
        let mail = mails.iter().find(|mail| mail.to.address.as_str() == recipient).unwrap();
        assert_eq!(mail.trace.map(|trace| trace.to_string()), Some(trace.clone()), "the mail");
        assert_eq!(events_in(&trace, "request served").len(), 1, "the log of the request");
        let sent = events_in(&trace, "mail sent");
        assert_eq!(sent.len(), 1, "the log of the job");
        assert_eq!(sent[0]["message_id"], mail.message_id);
        let claim =
            events_in(&trace, "new").into_iter().find(|event| event["span"]["name"] == "claim_relance");
        let job = claim.unwrap()["span"]["job"].as_str().unwrap().to_owned();
        let spans = sent[0]["spans"].to_string();
        assert!(spans.contains(&job) && spans.contains(&organization), "{spans}");
    }
    app.finish().await;
}

#[tokio::test]
async fn use_cases_and_calls_of_stripe_have_spans_with_their_ids() {
    CapturedLog::of_process();
    let app = app_with_stripe().await;
    let owner = app.signed_up_owner().await;
    let organization = owner.get("/organization").await.text_at("/id");
    let invoice = owner.invoice().due_today().create().await;
    let paid = owner.mark_paid(&invoice.id).await.expect(200);
    let settled = events_in(paid.header("x-request-id"), "new");
    let settle = settled.iter().find(|event| event["span"]["name"] == "record_payment").unwrap();
    assert_eq!(
        (settle["span"]["organization"].as_str(), settle["span"]["invoice"].as_str()),
        (Some(organization.as_str()), Some(invoice.id.as_str()))
    );

    let checkout = owner.post("/billing/checkout", pro()).await.expect(200);
    let called = events_in(checkout.header("x-request-id"), "new");
    let call = called.iter().find(|event| event["span"]["name"] == "stripe");
    assert!(call.is_some_and(|event| event["span"]["path"].is_string()), "{}", checkout.text);
    app.finish().await;
}
