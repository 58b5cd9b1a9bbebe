//! Labels of metrics: none holds text that a client wrote.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use rubis_runtime::telemetry::Metrics;
use rubis_testkit::TestApp;
use serde_json::json;

use crate::contract::operations;

/// The values of each label of the metrics whose names begin with `rubis_`.
fn labels(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut labels: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("rubis_")) {
        let Some((_, rest)) = line.split_once('{') else { continue };
        let (inside, _) = rest.rsplit_once('}').unwrap();
        for label in inside.split("\",") {
            let (name, value) = label.split_once("=\"").unwrap();
            labels.entry(name.to_owned()).or_default().insert(value.trim_end_matches('"').to_owned());
        }
    }
    labels
}

#[tokio::test]
async fn nothing_that_a_client_invents_becomes_a_label() {
    let metrics = Metrics::install("test", "1").unwrap();
    let app = TestApp::builder().with_stripe().start().await;
    let patterns: BTreeSet<String> = operations(&app).await.into_iter().map(|(_, path, _)| path).collect();
    for number in 0..200 {
        let invented = Method::from_bytes(format!("INVENTED{number}").as_bytes()).unwrap();
        let answer = app.send(app.request(invented, &format!("/invented/{number}"))).await.expect(501);
        assert_eq!(answer.code(), "unknown_method");
        for path in [
            format!("/invented/{number}"),
            format!("/api/v1/invoices/invented-{number}?invented{number}=1"),
            format!("/api/v1/checkin/invented-{number}"),
            format!("/api/docs/invented-{number}"),
        ] {
            let request =
                app.request(Method::GET, &path).header("X-Request-Id", format!("invented-{number}"));
            app.send(request).await;
        }
        let event = json!({ "id": format!("evt_{number}"), "type": format!("invented.{number}") });
        let request = app.request(Method::POST, "/api/v1/webhooks/stripe").json(&event);
        app.send(request.header("Stripe-Signature", format!("t={number},v1=00"))).await.expect(400);
        app.clock.advance(time::Duration::MINUTE);
    }
    app.get("/healthz").await.expect(200);

    let text = metrics.render();
    assert!(!text.to_lowercase().contains("invented"), "{text}");
    let labels = labels(&text);
    let methods =
        ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE", "other"];
    assert!(labels["method"].contains("other") && labels["method"].contains("GET"));
    assert!(labels["method"].iter().all(|method| methods.contains(&method.as_str())), "{labels:?}");
    assert!(labels["route"].contains("/healthz") && labels["route"].contains("unmatched"));
    for route in &labels["route"] {
        let is_known = patterns.contains(route)
            || ["unmatched", "/api/docs/{_:.*}", "/api/docs", "/api/v1/openapi.json", "/checkin"]
                .contains(&route.as_str());
        assert!(is_known, "{route}");
    }
    assert!(labels["status"].iter().all(|status| status.len() == 3), "{labels:?}");
    assert!(labels["type"].len() <= 10, "{labels:?}");
    app.finish().await;
}
