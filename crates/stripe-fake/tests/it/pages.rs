//! The pages and the controls, as a browser and a tool use them.

use crate::support::Scene;
use reqwest::Response;
use rubis_stripe_fake::SubscriptionStatus;
use serde_json::{Value, json};

fn leads_to(response: &Response) -> &str {
    assert_eq!(response.status(), 303);
    response.headers()["Location"].to_str().unwrap()
}

#[tokio::test]
async fn the_page_of_a_trial_says_what_is_charged_when_and_leads_back_with_the_session() {
    let scene = Scene::start().await;
    let id = scene.checkout(true).await;
    let page = scene.text(&format!("/checkout/{id}")).await;
    for text in [
        "Rubis Pro",
        "29,00\u{a0}€ par mois",
        "14 jours d’essai gratuit",
        "Premier prélèvement le 5 décembre 2026",
        "0,00\u{a0}€",
        "Commencer l’essai",
    ] {
        assert!(page.contains(text), "{text} is not in {page}");
    }

    let paid = scene.post(&format!("/checkout/{id}/pay"), "").await;
    assert_eq!(leads_to(&paid), format!("http://localhost:5173/fini?session_id={id}"));
    assert_eq!(scene.fake.subscriptions()[0].status, SubscriptionStatus::Trialing);
    let again = scene.post(&format!("/checkout/{id}/pay"), "").await;
    assert!(again.text().await.unwrap().contains("est terminée"));
    assert_eq!(scene.fake.subscriptions().len(), 1);
}

#[tokio::test]
async fn a_card_that_is_declined_leaves_the_session_open() {
    let scene = Scene::start().await;
    let id = scene.checkout(false).await;
    let declined = scene.post(&format!("/checkout/{id}/decline"), "").await.text().await.unwrap();
    assert!(declined.contains("Votre carte a été refusée"), "{declined}");
    assert!(declined.contains("href=\"http://localhost:5173/retour\""), "{declined}");
    assert_eq!(scene.fake.subscriptions(), []);
    let paid = scene.post(&format!("/checkout/{id}/pay"), "").await;
    assert_eq!(leads_to(&paid), format!("http://localhost:5173/fini?session_id={id}"));
}

#[tokio::test]
async fn the_portal_shows_and_changes_the_subscriptions_of_its_customer_only() {
    let scene = Scene::start().await;
    let [mine, other] = [scene.subscribed(true).await, scene.subscribed(false).await];
    let customer = scene.fake.subscription(&mine).unwrap().customer;
    let fields = format!("customer={customer}&return_url=http://localhost:5173/parametres");
    let opened: Value = scene.post("/v1/billing_portal/sessions", &fields).await.json().await.unwrap();
    let portal = opened["url"].as_str().unwrap().strip_prefix(&scene.at("")).unwrap().to_owned();

    let page = scene.text(&portal).await;
    assert!(page.contains("Café &lt;Martin&gt;") && !page.contains("<Martin>"), "{page}");
    assert!(page.contains("Essai jusqu’au 5 décembre 2026"), "{page}");
    assert!(page.contains(&mine) && !page.contains(&other));

    let act = |id: &str, act: &str, fields: &'static str| {
        let path = format!("{portal}/{id}/{act}");
        let scene = &scene;
        async move { scene.post(&path, fields).await }
    };
    assert_eq!(leads_to(&act(&mine, "cancel-at-period-end", "").await), portal);
    assert!(scene.text(&portal).await.contains("Se termine le 5 décembre 2026"));
    act(&mine, "resume", "").await;
    assert!(!scene.fake.subscription(&mine).unwrap().cancel_at_period_end);
    act(&mine, "fail-next-payment", "").await;
    assert!(scene.fake.subscription(&mine).unwrap().next_payment_fails);
    act(&mine, "fail-payment", "").await;
    assert!(scene.text(&portal).await.contains("Paiement en échec"));
    act(&mine, "cancel", "").await;
    assert!(scene.text(&portal).await.contains("Résilié"));

    assert_eq!(act(&other, "cancel", "").await.status(), 404);
    assert_eq!(scene.fake.subscription(&other).unwrap().status, SubscriptionStatus::Active);
}

#[tokio::test]
async fn pages_that_do_not_exist_say_so() {
    let scene = Scene::start().await;
    for path in ["/checkout/cs_test_none", "/portal/bps_none"] {
        let response = scene.get(path).await;
        assert_eq!(response.status(), 404);
        assert!(response.text().await.unwrap().contains("Page introuvable"));
    }
}

#[tokio::test]
async fn the_first_page_shows_what_waits_and_what_was_reported() {
    let scene = Scene::start().await;
    let open = scene.checkout(true).await;
    scene.subscribed(true).await;
    scene.fake.settled().await;
    let page = scene.text("/").await;
    for text in
        [open.as_str(), "Café &lt;Martin&gt;", "rubis_pro_monthly", "Essai gratuit", "personne à prévenir"]
    {
        assert!(page.contains(text), "{text} is not in {page}");
    }
    assert_eq!(scene.get("/fake.css").await.headers()["Content-Type"], "text/css; charset=utf-8");
}

#[tokio::test]
async fn tools_play_disturb_and_read_everything_by_the_controls() {
    let scene = Scene::start().await;
    let control = |method: &str, path: &str, body: Value| {
        let method = method.parse().unwrap();
        let request = scene.client.request(method, scene.at(&format!("/_fake{path}"))).json(&body);
        async { request.send().await.unwrap() }
    };
    let session = scene.checkout(true).await;
    let completed = control("POST", &format!("/checkout/{session}/complete"), json!({})).await;
    let completed: Value = completed.json().await.unwrap();
    let id = completed["subscription"].as_str().unwrap().to_owned();
    let play = |play: &str| control("POST", &format!("/subscriptions/{id}/{play}"), json!({}));
    for name in ["announce-trial-end", "fail-payment", "succeed-payment", "fail-next-payment"] {
        assert_eq!(play(name).await.status(), 204, "{name}");
    }
    for name in ["cancel-at-period-end", "resume", "cancel"] {
        assert_eq!(play(name).await.status(), 204, "{name}");
    }
    assert_eq!(play("resume").await.status(), 409);
    assert_eq!(play("sleep").await.status(), 404);

    assert_eq!(control("POST", "/clock/advance", json!({ "seconds": 86_400 })).await.status(), 204);
    let shapes = json!({ "api": "classic", "webhooks": "items" });
    assert_eq!(control("PUT", "/shapes", shapes).await.status(), 204);
    let fault = json!({ "action": { "kind": "status", "status": 503 }, "path": "/prices", "times": 2 });
    assert_eq!(control("POST", "/faults", fault).await.status(), 204);
    let no_fault = json!({ "action": { "kind": "status", "status": 200 } });
    assert_eq!(control("POST", "/faults", no_fault).await.status(), 422);
    assert_eq!(control("POST", "/faults", json!({ "action": "sleep" })).await.status(), 400);
    assert_eq!(scene.get("/v1/prices").await.status(), 503);
    let double = json!({ "kind": "double", "times": 1 });
    assert_eq!(control("POST", "/deliveries/faults", double).await.status(), 204);
    assert_eq!(control("POST", "/deliveries/hold", json!({})).await.status(), 204);
    assert_eq!(control("POST", "/deliveries/release", json!({ "order": "reversed" })).await.status(), 204);
    let nowhere = json!({ "url": "nowhere", "secret": "whsec" });
    assert_eq!(control("PUT", "/webhook", nowhere).await.status(), 422);

    let all: Value = scene.get("/_fake/state").await.json().await.unwrap();
    assert_eq!(all["known"]["aheadSeconds"], 86_400);
    assert_eq!(all["known"]["shapes"]["api"], "classic");
    assert_eq!(all["known"]["subscriptions"][&id]["status"], "canceled");
    assert_eq!(all["requestFaults"][0]["times"], 1);
    assert_eq!(all["deliveryFaults"][0]["kind"], "double");
    assert_eq!(control("DELETE", "/faults", json!({})).await.status(), 204);
    assert_eq!(control("DELETE", "/deliveries/faults", json!({})).await.status(), 204);
    assert_eq!(scene.get("/v1/prices").await.status(), 200);
}
