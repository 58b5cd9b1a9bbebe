//! Companies, and Stripe's events about their subscriptions.

use diesel::{QueryableByName, sql_types::Text};
use diesel_async::RunQueryDsl;
use rubis_accounts::{NewAccount, NewAccountInput, PasswordHash};
use rubis_billing::{Applied, EventOutcome, Subscription, apply_event, create_subscription, subscription_of};
use rubis_db::PooledConnection;
use rubis_jobs::{Job, JobRow};
use rubis_kernel::OrganizationId;
use rubis_stripe::{Event, parse_subscription};
use rubis_testkit::TestDatabase;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, macros::datetime};

/// An ordinary Tuesday, nine in the morning in Paris.
pub const TUESDAY: OffsetDateTime = datetime!(2026-11-24 08:00 UTC);

/// The end of a trial that began on [`TUESDAY`].
pub const TRIAL_END: OffsetDateTime = datetime!(2026-12-08 08:00 UTC);

/// A company in a database of its own.
pub struct Company {
    pub database: TestDatabase,
    pub id: OrganizationId,
}

impl Company {
    pub async fn new() -> Self {
        let database = TestDatabase::create().await;
        let id = sign_up(&database, "jeanne.vasseur@menuiserie-vasseur.example", "Menuiserie Vasseur").await;
        Self { database, id }
    }

    /// Returns a company that began its trial on [`TUESDAY`], as `sub_1` of `cus_1`.
    pub async fn on_trial() -> Self {
        let company = Self::new().await;
        let created = company.created(TUESDAY, &company.trial());
        let outcome = company.deliver_asking(&created, &company.trial(), TUESDAY).await;
        assert_eq!(outcome, EventOutcome::Applied);
        company
    }

    /// Returns a company that pays since [`TUESDAY`], as `sub_1` of `cus_1`.
    pub async fn paying() -> Self {
        let company = Self::new().await;
        let created = company.created(TUESDAY, &company.paid());
        let outcome = company.deliver_asking(&created, &company.paid(), TUESDAY).await;
        assert_eq!(outcome, EventOutcome::Applied);
        company
    }

    /// Creates another company in the same database.
    pub async fn neighbour(&self) -> OrganizationId {
        sign_up(&self.database, "paul.durand@durand.example", "Durand").await
    }

    pub async fn conn(&self) -> PooledConnection<'_> {
        self.database.pool.get().await.unwrap()
    }

    pub async fn subscription(&self) -> Subscription {
        self.subscription_of(self.id).await
    }

    pub async fn subscription_of(&self, organization: OrganizationId) -> Subscription {
        subscription_of(&*self.conn().await, organization).await.unwrap()
    }

    /// Returns a subscription to Pro, each month, on trial.
    pub fn trial(&self) -> Told {
        Told::new(self.id, "trialing").with("trial_end", TRIAL_END).with("current_period_end", TRIAL_END)
    }

    /// Returns a subscription to Pro, each month, paid for.
    pub fn paid(&self) -> Told {
        Told::new(self.id, "active")
    }

    pub fn created(&self, at: OffsetDateTime, told: &Told) -> Event {
        event("customer.subscription.created", at, told.object())
    }

    pub fn updated(&self, at: OffsetDateTime, told: &Told) -> Event {
        event("customer.subscription.updated", at, told.object())
    }

    pub fn deleted(&self, at: OffsetDateTime, told: &Told) -> Event {
        event("customer.subscription.deleted", at, told.object())
    }

    pub fn trial_will_end(&self, at: OffsetDateTime, told: &Told) -> Event {
        event("customer.subscription.trial_will_end", at, told.object())
    }

    /// Returns the event of a failed payment for `sub_1`.
    pub fn payment_failed(&self, at: OffsetDateTime, invoice: &str) -> Event {
        event("invoice.payment_failed", at, self.invoice(invoice))
    }

    /// Returns Stripe's invoice for `sub_1`.
    pub fn invoice(&self, id: &str) -> Value {
        json!({
            "id": id, "object": "invoice", "customer": "cus_1", "amount_due": 2900, "currency": "eur",
            "attempt_count": 1,
            "parent": { "subscription_details": {
                "subscription": "sub_1", "metadata": { "organization_id": self.id },
            } },
        })
    }

    /// Delivers a failed payment for `sub_1`, after which the subscription is past due.
    pub async fn fail_payment(&self, at: OffsetDateTime, invoice: &str) -> EventOutcome {
        let past_due = self.paid().set("status", "past_due");
        self.deliver_asking(&self.payment_failed(at, invoice), &past_due, at).await
    }

    /// Delivers the deletion of a subscription, which has ended.
    pub async fn end(&self, at: OffsetDateTime, told: &Told) -> EventOutcome {
        let ended = told.clone().set("status", "canceled");
        self.deliver_asking(&self.deleted(at, told), &ended, at).await
    }

    /// Delivers an event about which Stripe does not have to be asked.
    pub async fn deliver(&self, event: &Event, now: OffsetDateTime) -> EventOutcome {
        match apply_event(&mut *self.conn().await, event, None, now).await.unwrap() {
            Applied::Done(outcome) => outcome,
            Applied::Ask(question) => panic!("Stripe has to be asked for {}", question.subscription),
        }
    }

    /// Delivers an event about which Stripe has to be asked, and answers this.
    pub async fn deliver_asking(&self, event: &Event, answer: &Told, now: OffsetDateTime) -> EventOutcome {
        self.deliver_asking_beside(event, answer, &[], now).await
    }

    /// Delivers an event about which Stripe has to be asked, and confirms it.
    pub async fn deliver_confirmed(&self, event: &Event, now: OffsetDateTime) -> EventOutcome {
        self.deliver_asking(event, &Told(event.object.clone()), now).await
    }

    /// Works as `deliver_asking`, with these being the customer's subscriptions.
    pub async fn deliver_asking_beside(
        &self,
        event: &Event,
        answer: &Told,
        others: &[Told],
        now: OffsetDateTime,
    ) -> EventOutcome {
        let mut conn = self.conn().await;
        let Applied::Ask(question) = apply_event(&mut conn, event, None, now).await.unwrap() else {
            panic!("Stripe does not have to be asked");
        };
        let read = |told: &Told| parse_subscription(&told.object()).unwrap();
        let answer = question.answered(Some(read(answer))).beside(others.iter().map(read).collect());
        match apply_event(&mut conn, event, Some(&answer), now).await.unwrap() {
            Applied::Done(outcome) => outcome,
            Applied::Ask(_) => panic!("Stripe has to be asked once more"),
        }
    }

    /// Delivers an event about which Stripe has to be asked, and has no such subscription.
    pub async fn deliver_asking_in_vain(&self, event: &Event, now: OffsetDateTime) -> EventOutcome {
        let mut conn = self.conn().await;
        let Applied::Ask(question) = apply_event(&mut conn, event, None, now).await.unwrap() else {
            panic!("Stripe does not have to be asked");
        };
        match apply_event(&mut conn, event, Some(&question.answered(None)), now).await.unwrap() {
            Applied::Done(outcome) => outcome,
            Applied::Ask(_) => panic!("Stripe has to be asked once more"),
        }
    }

    pub async fn job(&self, job: &impl Job) -> Option<JobRow> {
        rubis_jobs::find(&mut *self.conn().await, &job.id()).await.unwrap()
    }

    /// Returns the ids of all jobs, in their order.
    pub async fn jobs(&self) -> Vec<String> {
        texts(&mut self.conn().await, "SELECT id AS text FROM jobs ORDER BY id").await
    }

    /// Returns the outcomes of the events, in the order of their ids.
    pub async fn outcomes(&self) -> Vec<String> {
        texts(&mut self.conn().await, "SELECT outcome AS text FROM stripe_events ORDER BY id").await
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    text: String,
}

async fn texts(conn: &mut PooledConnection<'_>, query: &str) -> Vec<String> {
    let rows: Vec<Row> = diesel::sql_query(query).load(conn).await.unwrap();
    rows.into_iter().map(|row| row.text).collect()
}

async fn sign_up(database: &TestDatabase, email: &str, name: &str) -> OrganizationId {
    let input = NewAccountInput {
        email: email.to_owned(),
        password: "un mot de passe solide".to_owned(),
        full_name: "Jeanne Vasseur".to_owned(),
        organization_name: name.to_owned(),
    };
    let account = NewAccount::parse(&input).unwrap();
    let hash = PasswordHash::hash(&account.password).unwrap();
    let mut conn = database.pool.get().await.unwrap();
    let signed_up = rubis_accounts::sign_up(&mut conn, &account, &hash, TUESDAY).await.unwrap();
    rubis_accounts::mark_address_verified(&mut conn, signed_up.user.id, TUESDAY).await.unwrap();
    let id = signed_up.organization.id;
    create_subscription(&mut conn, id, TUESDAY).await.unwrap();
    id
}

/// Stripe's description of a subscription.
#[derive(Clone)]
pub struct Told(Value);

impl Told {
    pub fn new(organization: OrganizationId, status: &str) -> Self {
        let month_later = (TUESDAY + Duration::days(30)).unix_timestamp();
        Self(json!({
            "id": "sub_1", "object": "subscription", "customer": "cus_1", "status": status,
            "created": TUESDAY.unix_timestamp(), "cancel_at_period_end": false, "trial_end": null,
            "current_period_end": month_later,
            "items": { "data": [{ "price": { "lookup_key": "rubis_pro_monthly" } }] },
            "metadata": { "organization_id": organization, "plan": "pro" },
        }))
    }

    pub fn with(mut self, field: &str, at: OffsetDateTime) -> Self {
        self.0[field] = at.unix_timestamp().into();
        self
    }

    pub fn set(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0[field] = value.into();
        self
    }

    pub fn price(mut self, lookup_key: &str) -> Self {
        self.0["items"]["data"][0]["price"]["lookup_key"] = lookup_key.into();
        self
    }

    pub fn object(&self) -> Value {
        self.0.clone()
    }
}

/// Returns an event at an instant of whole seconds. Its id is made of the time, the kind, and the
/// object's id and status.
pub fn event(kind: &str, created: OffsetDateTime, object: Value) -> Event {
    let about = object["id"].as_str().unwrap().to_owned();
    let status = object["status"].as_str().unwrap_or_default().to_owned();
    let id = format!("evt_{}_{kind}_{about}_{status}", created.unix_timestamp());
    Event { id, kind: kind.to_owned(), created, account: None, livemode: None, object }
}
