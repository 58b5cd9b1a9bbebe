//! Requests that wait for the database longer than they may.

use diesel_async::SimpleAsyncConnection as _;
use rubis_testkit::TestApp;
use serde_json::json;

/// Pays an invoice while another transaction has locked its row, and again once it has not.
async fn paid_behind_a_lock(limit: &str, other_limit: &str) {
    let app = TestApp::builder().set(limit, "1").set(other_limit, "0").start().await;
    let owner = app.signed_up_owner().await;
    let invoice = owner.invoice().due_today().create().await;
    let path = format!("/invoices/{}/mark-paid", invoice.id);
    let pool = rubis_db::connect(&app.database.url, 1).unwrap();
    let mut blocker = pool.get().await.unwrap();
    blocker.batch_execute("BEGIN; SELECT * FROM invoices FOR UPDATE").await.unwrap();

    let refused = owner.post(&path, json!({})).await.expect(503);
    assert_eq!((refused.code(), refused.header("retry-after")), ("unavailable", "1"), "{limit}");
    owner.get("/invoices").await.expect(200);

    blocker.batch_execute("ROLLBACK").await.unwrap();
    owner.post(&path, json!({})).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn a_request_that_waits_too_long_for_a_lock_is_asked_to_come_back() {
    paid_behind_a_lock("PG_LOCK_TIMEOUT_SECONDS", "PG_STATEMENT_TIMEOUT_SECONDS").await;
}

#[tokio::test]
async fn a_request_whose_statement_runs_too_long_is_asked_to_come_back() {
    paid_behind_a_lock("PG_STATEMENT_TIMEOUT_SECONDS", "PG_LOCK_TIMEOUT_SECONDS").await;
}
