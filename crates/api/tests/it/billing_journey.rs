//! A company's way through its subscription, from the sign-up to its end.

use rubis_kernel::Email;
use rubis_stripe_fake::DeliveryFault;
use rubis_testkit::TestApp;
use serde_json::json;
use time::Duration;

use crate::subscriber::{last_event, pro, subscription};

fn mails_of(app: &TestApp, kind: &str) -> Vec<Email> {
    let mut mails = app.mails();
    mails.retain(|mail| mail.idempotency_key.starts_with(kind));
    mails
}

/// Simulates everything due at Stripe, and waits for its events to arrive.
async fn stripe_catches_up(app: &TestApp) {
    app.stripe().catch_up();
    app.stripe().settled().await;
}

#[tokio::test]
async fn a_company_tries_rubis_out_is_charged_falls_behind_and_leaves() {
    let app = TestApp::builder().with_stripe().set("BILLING_FREE_INVOICES", "2").start().await;
    let owner = app.signed_up_owner().await;

    // The free plan is soon full.
    let paid = owner.invoice().due_in(-10).create().await;
    owner.invoice().due_in(2).create().await;
    let refused = owner.post("/invoices", owner.invoice().body()).await.expect(402);
    assert_eq!(refused.text_at("/upgradeUrl"), "http://localhost:5173/parametres/abonnement");

    // The trial: a card is entered on Stripe's page.
    let started = owner.post("/billing/start-trial", pro()).await.expect(200);
    let id = app.stripe().complete_checkout(&started.text_at("/sessionId")).unwrap();
    app.stripe().settled().await;
    let told = subscription(&owner).await;
    assert_eq!((&told["plan"], &told["status"]), (&json!("pro"), &json!("trialing")));
    assert_eq!((&told["inTrial"], &told["trialDaysRemaining"]), (&json!(true), &json!(14)));
    assert_eq!((&told["limits"]["chasedInvoices"], &told["isAtLimit"]), (&json!(null), &json!(false)));
    owner.invoice().due_in(20).create().await;
    app.advance(Duration::minutes(20)).await;
    assert_eq!(app.relances_received(), [paid.client_email.as_str()]);
    owner.mark_paid(&paid.id).await;

    // Three days before the end Stripe sends its notice twice; one mail is sent.
    app.advance(Duration::days(11)).await;
    app.stripe().disturb_deliveries(DeliveryFault::Double { times: 1, of: None });
    stripe_catches_up(&app).await;
    app.run_due_jobs().await;
    let [recap] = <[Email; 1]>::try_from(mails_of(&app, "trial-recap/")).unwrap();
    assert_eq!(recap.to.address.to_string(), owner.email);
    for told in ["8 décembre 2026", "29,00", "1 200,00", "http://localhost:5173/parametres/abonnement"] {
        let text = recap.text.replace(['\u{a0}', '\u{202f}'], " ");
        assert!(text.contains(told), "{told}: {text}");
    }
    assert!(recap.html.is_some());
    app.stripe().deliver_again(&last_event(&app, "customer.subscription.trial_will_end"));
    app.stripe().settled().await;
    app.advance(Duration::days(1)).await;
    assert_eq!(mails_of(&app, "trial-recap/").len(), 1);

    // The first charge fails.
    app.stripe().set_next_payment_fails(&id, true).unwrap();
    app.advance(Duration::days(3)).await;
    stripe_catches_up(&app).await;
    let owner = owner.signed_in_again().await;
    let told = subscription(&owner).await;
    assert_eq!((&told["status"], &told["effectivePlan"]), (&json!("past_due"), &json!("pro")));
    assert_eq!(told["limits"]["chasedInvoices"], 100);
    assert!(told["pastDueSince"].is_string() && told["graceEndsAt"].is_string(), "{told}");
    app.run_due_jobs().await;
    let [failed] = <[Email; 1]>::try_from(mails_of(&app, "payment-failed/")).unwrap();
    assert_eq!(failed.to.address.to_string(), owner.email);
    owner.invoice().due_in(20).create().await;

    // The grace is over: chased invoices go on, and no further ones begin.
    app.advance(Duration::days(8)).await;
    let owner = owner.signed_in_again().await;
    let told = subscription(&owner).await;
    assert_eq!((&told["plan"], &told["effectivePlan"]), (&json!("pro"), &json!("free")));
    assert_eq!((&told["limits"]["chasedInvoices"], &told["usage"]["chasedInvoices"]), (&json!(2), &json!(3)));
    let refused = owner.post("/invoices", owner.invoice().body()).await.expect(402);
    assert_eq!((&refused.json["limit"], &refused.json["usage"]), (&json!(2), &json!(3)));

    // The user cancels in the portal.
    owner.act("/billing/portal").await.expect(200);
    app.stripe().cancel(&id).unwrap();
    app.stripe().settled().await;
    let told = subscription(&owner).await;
    assert_eq!((&told["plan"], &told["status"]), (&json!("free"), &json!("canceled")));
    assert_eq!(told["trialEndsAt"], "2026-12-08T09:00:00Z");
    let refused = owner.post("/billing/start-trial", pro()).await.expect(409);
    assert_eq!(refused.code(), "trial_already_consumed");
    owner.post("/billing/checkout", pro()).await.expect(200);
    app.finish().await;
}
