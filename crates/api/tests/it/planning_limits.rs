//! Changes that plan all invoices again are limited for each organization.

use rubis_testkit::TestApp;
use serde_json::json;

#[tokio::test]
async fn the_thirty_first_change_of_rules_in_a_minute_waits_and_reading_does_not() {
    let app = TestApp::start().await;
    let (busy, quiet) = (app.signed_up_owner().await, app.signed_up_owner().await);
    let settings = json!({ "sendingTime": "08:15" });
    for _ in 0..28 {
        busy.patch("/organization", settings.clone()).await.expect(200);
    }
    busy.act("/organization/pause").await.expect(200);
    busy.act("/organization/resume").await.expect(200);
    let refused = busy.patch("/organization", settings.clone()).await.expect(429);
    assert_eq!((refused.code(), refused.header("retry-after")), ("rate_limited", "2"));
    for path in ["/organization/pause", "/organization/resume"] {
        assert_eq!(busy.act(path).await.expect(429).code(), "rate_limited", "{path}");
    }
    busy.get("/organization").await.expect(200);
    quiet.patch("/organization", settings.clone()).await.expect(200);
    app.clock.advance(time::Duration::seconds(2));
    busy.patch("/organization", settings).await.expect(200);
    app.finish().await;
}
