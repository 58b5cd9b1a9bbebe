//! A running fake, a client, and a webhook listener.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use rubis_kernel::ManualClock;
use rubis_stripe_fake::{FakeSettings, StripeFake, WebhookTarget};
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::datetime;

pub const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);
pub const SECRET_KEY: &str = "sk_test_rubis";

pub struct Scene {
    pub fake: StripeFake,
    pub clock: Arc<ManualClock>,
    /// Follows no redirection, so that tests see where they lead.
    pub client: Client,
}

impl Scene {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut FakeSettings)) -> Self {
        // Another test of this process may have installed it already.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let clock = Arc::new(ManualClock::new(NOW));
        let retry_delays = vec![Duration::from_millis(1); 3];
        let mut settings = FakeSettings { clock: clock.clone(), retry_delays, ..FakeSettings::default() };
        change(&mut settings);
        let fake = StripeFake::start(settings).await.unwrap();
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { fake, clock, client }
    }

    pub fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.fake.addr())
    }

    pub async fn get(&self, path: &str) -> Response {
        self.client.get(self.at(path)).bearer_auth(SECRET_KEY).send().await.unwrap()
    }

    /// Posts a form as Stripe expects it.
    pub async fn post(&self, path: &str, fields: &str) -> Response {
        self.post_under(None, path, fields).await
    }

    pub async fn post_under(&self, key: Option<&str>, path: &str, fields: &str) -> Response {
        let mut request = self
            .client
            .post(self.at(path))
            .bearer_auth(SECRET_KEY)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(fields.to_owned());
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        request.send().await.unwrap()
    }

    pub async fn text(&self, path: &str) -> String {
        self.get(path).await.text().await.unwrap()
    }

    pub async fn customer(&self) -> String {
        let made: Value =
            self.post("/v1/customers", "name=Caf%C3%A9+%3CMartin%3E").await.json().await.unwrap();
        made["id"].as_str().unwrap().to_owned()
    }

    /// Returns the fields of a Checkout that the fake accepts.
    pub fn checkout_fields(&self, customer: &str, more: &str) -> String {
        let prices = self.fake.prices();
        let price = prices.iter().find(|price| price.lookup_key == "rubis_pro_monthly").unwrap();
        format!(
            "mode=subscription&customer={customer}&line_items[0][price]={}&line_items[0][quantity]=1\
             &success_url=http://localhost:5173/fini?session_id={{CHECKOUT_SESSION_ID}}\
             &cancel_url=http://localhost:5173/retour{more}",
            price.id
        )
    }

    /// Opens a Checkout session with or without a trial of 14 days, and returns its id.
    pub async fn checkout(&self, trial: bool) -> String {
        let customer = self.customer().await;
        let more = if trial { "&subscription_data[trial_period_days]=14" } else { "" };
        let fields = self.checkout_fields(&customer, more);
        let made: Value = self.post("/v1/checkout/sessions", &fields).await.json().await.unwrap();
        made["id"].as_str().unwrap().to_owned()
    }

    pub async fn subscribed(&self, trial: bool) -> String {
        let session = self.checkout(trial).await;
        self.fake.complete_checkout(&session).unwrap()
    }

    /// Returns the kinds of all events so far.
    pub fn kinds(&self) -> Vec<String> {
        self.fake.events().into_iter().map(|event| event.kind).collect()
    }

    /// Returns the kinds of the events that a change makes.
    pub fn kinds_of(&self, happens: impl FnOnce(&StripeFake)) -> Vec<String> {
        let before = self.fake.events().len();
        happens(&self.fake);
        self.kinds().split_off(before)
    }
}

/// A server that receives webhooks.
pub struct Listener {
    heard: web::Data<Heard>,
    url: String,
    handle: ServerHandle,
}

#[derive(Default)]
pub struct Heard {
    /// Body and signature of each delivery.
    deliveries: Mutex<Vec<(Value, String)>>,
    /// The statuses of the next responses; then 200.
    answers: Mutex<VecDeque<u16>>,
}

impl Listener {
    pub fn start(answers: &[u16]) -> Self {
        let heard = web::Data::new(Heard {
            answers: Mutex::new(answers.iter().copied().collect()),
            ..Heard::default()
        });
        let data = heard.clone();
        let server =
            HttpServer::new(move || App::new().app_data(data.clone()).route("/hook", web::post().to(hear)))
                .workers(1)
                .disable_signals()
                .bind(("127.0.0.1", 0))
                .unwrap();
        let url = format!("http://{}/hook", server.addrs()[0]);
        let running = server.run();
        let handle = running.handle();
        tokio::spawn(running);
        Self { heard, url, handle }
    }

    pub fn target(&self) -> Option<WebhookTarget> {
        Some(WebhookTarget { url: self.url.parse().unwrap(), secret: "whsec_test".to_owned() })
    }

    pub fn deliveries(&self) -> Vec<(Value, String)> {
        self.heard.deliveries.lock().unwrap().clone()
    }

    /// Returns the kinds of the events in the order of reception.
    pub fn kinds(&self) -> Vec<String> {
        self.deliveries().iter().map(|(event, _)| event["type"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn hear(heard: web::Data<Heard>, request: HttpRequest, body: web::Json<Value>) -> HttpResponse {
    let signature = request.headers().get("Stripe-Signature").unwrap().to_str().unwrap().to_owned();
    heard.deliveries.lock().unwrap().push((body.into_inner(), signature));
    let status = heard.answers.lock().unwrap().pop_front().unwrap_or(200);
    HttpResponse::build(status.try_into().unwrap()).finish()
}
