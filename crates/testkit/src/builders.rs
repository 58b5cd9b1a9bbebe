//! Clients and invoices, created over HTTP.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use time::{Date, Duration};

use crate::Owner;

/// Counter that makes the names of all clients and invoices of a process different.
static NUMBER: AtomicU32 = AtomicU32::new(1);

fn next_number() -> u32 {
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// A client to be created.
pub struct ClientBuilder<'owner> {
    owner: &'owner Owner<'owner>,
    body: Value,
}

/// A created client.
#[derive(Clone, Debug)]
pub struct CreatedClient {
    pub id: String,
    /// Recipient of its reminders.
    pub email: String,
    /// Response of the API.
    pub json: Value,
}

impl<'owner> ClientBuilder<'owner> {
    pub(crate) fn new(owner: &'owner Owner<'owner>) -> Self {
        let number = next_number();
        let body = json!({
            "name": format!("Boulangerie Petit {number}"),
            "email": format!("compta{number}@boulangerie-petit.fr"),
        });
        Self { owner, body }
    }

    /// Gives the client this name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.body["name"] = name.into();
        self
    }

    /// Gives the client this address.
    #[must_use]
    pub fn at(mut self, email: &str) -> Self {
        self.body["email"] = email.into();
        self
    }

    /// Creates the client.
    pub async fn create(self) -> CreatedClient {
        let answer = self.owner.post("/clients", self.body).await.expect(201);
        CreatedClient { id: answer.text_at("/id"), email: answer.text_at("/email"), json: answer.json }
    }
}

/// An invoice to be created: of 1 200 €, issued 30 days before it is due, on the default plan.
pub struct InvoiceBuilder<'owner> {
    owner: &'owner Owner<'owner>,
    body: Value,
    due_date: Date,
}

/// A created invoice.
#[derive(Clone, Debug)]
pub struct CreatedInvoice {
    pub id: String,
    pub numero: String,
    pub client_id: String,
    /// Recipient of its reminders.
    pub client_email: String,
    /// Response of the API.
    pub json: Value,
}

impl<'owner> InvoiceBuilder<'owner> {
    pub(crate) fn new(owner: &'owner Owner<'owner>) -> Self {
        let number = next_number();
        let body = json!({
            "client": {
                "name": format!("Boulangerie Petit {number}"),
                "email": format!("compta{number}@boulangerie-petit.fr"),
            },
            "numero": format!("F-2026-{number:03}"),
            "amountTtcCents": 120_000,
        });
        Self { owner, body, due_date: owner.app.today() }
    }

    /// Makes it due today.
    #[must_use]
    pub fn due_today(self) -> Self {
        self.due_in(0)
    }

    /// Makes it due this many days from today; if negative, it is overdue.
    #[must_use]
    pub fn due_in(mut self, days: i64) -> Self {
        self.due_date = self.owner.app.today() + Duration::days(days);
        self
    }

    /// Makes it due on a day.
    #[must_use]
    pub fn due_on(mut self, date: Date) -> Self {
        self.due_date = date;
        self
    }

    /// Gives it this total.
    #[must_use]
    pub fn amount(mut self, cents: i64) -> Self {
        self.body["amountTtcCents"] = cents.into();
        self
    }

    /// Gives it this number.
    #[must_use]
    pub fn numero(mut self, numero: &str) -> Self {
        self.body["numero"] = numero.into();
        self
    }

    /// Assigns it to a client.
    #[must_use]
    pub fn of_client(mut self, client: &str) -> Self {
        self.body["clientId"] = client.into();
        if let Some(body) = self.body.as_object_mut() {
            body.remove("client");
        }
        self
    }

    /// Sets its plan; `null` for none.
    #[must_use]
    pub fn on_plan(mut self, plan: impl Into<Value>) -> Self {
        self.body["planId"] = plan.into();
        self
    }

    /// Returns the body of the request that creates it.
    #[must_use]
    pub fn body(self) -> Value {
        let mut body = self.body;
        body["issueDate"] = (self.due_date - Duration::days(30)).to_string().into();
        body["dueDate"] = self.due_date.to_string().into();
        body
    }

    /// Creates the invoice.
    pub async fn create(self) -> CreatedInvoice {
        let owner = self.owner;
        let answer = owner.post("/invoices", self.body()).await.expect(201);
        CreatedInvoice {
            id: answer.text_at("/id"),
            numero: answer.text_at("/numero"),
            client_id: answer.text_at("/clientId"),
            client_email: answer.text_at("/client/email"),
            json: answer.json,
        }
    }
}
