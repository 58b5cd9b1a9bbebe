//! The whole application: a real server on its own port, a worker that a test drives, and a manual clock.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::HashMap,
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use actix_web::web::Data;
use diesel::{QueryableByName, sql_types::Text};
use diesel_async::RunQueryDsl;
use reqwest::{Client, Method, RequestBuilder};
use rubis_kernel::{Clock, Email, ManualClock};
use rubis_queue::RunReport;
use rubis_runtime::{ApiSettings, Shutdown};
use rubis_stripe_fake::StripeFake;
use serde_json::{Value, json};
use time::{Date, Duration, OffsetDateTime, macros::datetime};

use crate::{
    Answer, Owner, TestDatabase, TestRedis, TestWorker, billing_parts, limits::NO_LIMIT_OF_FREE, stripe,
    turn_checkins_off, worker::APP_KEY,
};

/// A Tuesday morning at ten in Paris.
const START: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);

/// A password that follows the rules.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// The running application. End a test with [`TestApp::finish`].
pub struct TestApp {
    pub database: TestDatabase,
    pub redis: TestRedis,
    /// Worker that sends its reminders.
    pub worker: TestWorker,
    /// Clock of all its parts.
    pub clock: Arc<ManualClock>,
    /// Address of the API: `http://127.0.0.1:12345`.
    pub url: String,
    /// Sends requests, without keeping cookies.
    pub http: Client,
    stripe: Option<StripeFake>,
    shutdown: Shutdown,
    server: Option<thread::JoinHandle<()>>,
    owners: AtomicU32,
}

/// Builder of an application.
#[derive(Default)]
pub struct TestAppBuilder {
    settings: HashMap<String, String>,
    has_stripe: bool,
}

#[derive(QueryableByName)]
struct DeadJob {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    last_error: String,
}

impl TestAppBuilder {
    /// Overrides a setting.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<String>) -> Self {
        self.settings.insert(key.to_owned(), value.into());
        self
    }

    /// Adds a fake of Stripe that uses the application's clock and sends it webhooks.
    #[must_use]
    pub fn with_stripe(mut self) -> Self {
        self.has_stripe = true;
        self
    }

    /// Starts the application.
    pub async fn start(self) -> TestApp {
        // Only the first test of a process installs it; all install the same.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let (database, redis) = (TestDatabase::create().await, TestRedis::create());
        let clock = Arc::new(ManualClock::new(START));
        let stripe = if self.has_stripe { Some(stripe::start(clock.clone()).await) } else { None };
        let gateway = || stripe.as_ref().map(|fake| Arc::new(stripe::gateway(fake, clock.clone())));
        let billing = billing_parts(gateway());
        let worker = TestWorker::with_billing(&database, &redis, clock.clone(), billing);
        let mut values = HashMap::from(
            [
                ("APP_KEY", APP_KEY),
                ("APP_URL", "http://localhost:3333"),
                ("CORS_ORIGIN", "https://app.rubis.example"),
                ("DATABASE_URL", &database.url),
                ("REDIS_URL", &redis.url),
                // Limits in the shared Redis follow its clock, and would be shared with other tests.
                ("LIMITER_STORE", "memory"),
                ("SHUTDOWN_GRACE_SECONDS", "5"),
                ("COOKIE_SECURE", "true"),
                NO_LIMIT_OF_FREE,
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned())),
        );
        if stripe.is_some() {
            values.insert("STRIPE_WEBHOOK_SECRET".to_owned(), stripe::WEBHOOK_SECRET.to_owned());
        }
        values.extend(self.settings);
        let settings = ApiSettings::from_map(&values).expect("the settings are right");
        let mut app = rubis_api::App::new(settings, clock.clone()).expect("the settings can be used");
        app.billing.stripe = gateway();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        if let Some(fake) = &stripe {
            fake.set_webhook(Some(stripe::webhook_of(&url)));
        }
        let shutdown = Shutdown::manual();
        let server = spawn_server(app, listener, shutdown.clone());
        let http = Client::builder().build().expect("an HTTP client");
        TestApp {
            database,
            redis,
            worker,
            clock,
            url,
            http,
            stripe,
            shutdown,
            server: Some(server),
            owners: AtomicU32::new(0),
        }
    }
}

/// Runs the server on its own thread, so that a test may block its own runtime.
fn spawn_server(app: rubis_api::App, listener: TcpListener, shutdown: Shutdown) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let serving = rubis_api::serve(Data::new(app), listener, Some(1), shutdown);
        runtime.expect("a runtime").block_on(serving).expect("the server runs");
    })
}

impl TestApp {
    /// Starts the application with the settings of tests.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Starts building an application.
    #[must_use]
    pub fn builder() -> TestAppBuilder {
        TestAppBuilder::default()
    }

    /// Returns the fake of Stripe.
    ///
    /// # Panics
    /// The application was started without one.
    #[must_use]
    pub fn stripe(&self) -> &StripeFake {
        self.stripe.as_ref().expect("a fake of Stripe: start the application with_stripe")
    }

    /// Returns the current time.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Returns the current day in Paris.
    #[must_use]
    pub fn today(&self) -> Date {
        let paris: rubis_kernel::TimeZone = "Europe/Paris".parse().expect("a time zone");
        paris.local_date(self.now())
    }

    /// Creates a request to a path of the API: `/api/v1/me`.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// Sends a request and reads the response.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::read(request.send().await.expect("the API answers")).await
    }

    /// Gets a path without an access token.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// Posts a body without an access token.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    /// Signs up a user whose organization has check-ins turned off: its reminders do not wait.
    pub async fn signed_up_owner(&self) -> Owner<'_> {
        let owner = self.signed_up_owner_with_checkins().await;
        let organization = owner.organization_id.parse().expect("an id");
        let mut conn = self.database.pool.get().await.expect("a connection");
        turn_checkins_off(&mut conn, organization, self.now()).await;
        owner
    }

    /// Signs up a user whose organization is asked if its invoices were paid.
    pub async fn signed_up_owner_with_checkins(&self) -> Owner<'_> {
        let owner = self.unverified_owner().await;
        let user = owner.user_id.parse().expect("an id");
        let mut conn = self.database.pool.get().await.expect("a connection");
        rubis_lifecycle::mark_address_verified(&mut conn, user, self.now())
            .await
            .expect("the address is verified");
        owner
    }

    /// Signs up a user who has not verified their address; their organization is asked if its invoices were paid.
    pub async fn unverified_owner(&self) -> Owner<'_> {
        let number = self.owners.fetch_add(1, Ordering::Relaxed) + 1;
        let email = format!("claire.martin{number}@exemple.fr");
        let body = json!({
            "email": email,
            "password": PASSWORD,
            "fullName": "Claire Martin",
            "organizationName": format!("Menuiserie Martin {number}"),
        });
        let answer = self.post("/api/v1/auth/signup", body).await.expect(201);
        Owner::new(self, email, &answer)
    }

    /// Runs every job that is due now.
    pub async fn run_due_jobs(&self) -> RunReport {
        self.worker.run_due().await
    }

    /// Moves the clock forward by this much, and runs every job on the way at the instant it is due.
    pub async fn advance(&self, by: Duration) {
        self.advance_to(self.now() + by).await;
    }

    /// Moves the clock to an instant, and runs every job on the way at the instant it is due.
    pub async fn advance_to(&self, instant: OffsetDateTime) {
        self.worker.run_until(instant).await;
    }

    /// Returns all mails sent so far.
    #[must_use]
    pub fn mails(&self) -> Vec<Email> {
        self.worker.mailer.outbox()
    }

    /// Returns the recipients of the reminders sent so far, in the order of sending.
    #[must_use]
    pub fn relances_received(&self) -> Vec<String> {
        let mails = self.mails();
        let relances = mails.iter().filter(|mail| mail.idempotency_key.starts_with("relance/"));
        relances.map(|mail| mail.to.address.to_string()).collect()
    }

    /// Ends the test: asserts that there is no dead letter and that the server stops on request.
    pub async fn finish(mut self) {
        let mut conn = self.database.pool.get().await.expect("a connection");
        let dead: Vec<DeadJob> = diesel::sql_query(
            "SELECT id, coalesce(last_error, '') AS last_error FROM jobs WHERE state = 'dead'",
        )
        .load(&mut conn)
        .await
        .expect("the jobs can be read");
        drop(conn);
        let told: Vec<String> = dead.iter().map(|job| format!("{}: {}", job.id, job.last_error)).collect();
        assert!(told.is_empty(), "dead letters: {}", told.join(", "));
        self.stop();
    }

    fn stop(&mut self) {
        self.shutdown.request();
        if let Some(server) = self.server.take()
            && server.join().is_err()
            && !thread::panicking()
        {
            panic!("the server failed");
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop();
    }
}
