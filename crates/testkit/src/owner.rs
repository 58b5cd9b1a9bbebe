//! A signed-in user.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{Answer, ClientBuilder, InvoiceBuilder, TestApp, app::PASSWORD};

/// A signed-in user, in their organization.
#[derive(Clone)]
pub struct Owner<'app> {
    /// Application that they use.
    pub app: &'app TestApp,
    /// Mail address for the sign-in.
    pub email: String,
    pub password: String,
    pub access_token: String,
    /// Cookie with their refresh token, as they send it.
    pub cookie: String,
    /// Cookie by which their account recognises their device.
    pub device: String,
    pub user_id: String,
    pub organization_id: String,
}

impl<'app> Owner<'app> {
    /// Creates the user from the response to a sign-up or a sign-in.
    #[must_use]
    pub fn new(app: &'app TestApp, email: String, session: &Answer) -> Self {
        Self {
            app,
            email,
            password: PASSWORD.to_owned(),
            access_token: session.text_at("/accessToken"),
            cookie: session.cookie("rubis_refresh"),
            device: session.cookie("rubis_device"),
            user_id: session.text_at("/user/id"),
            organization_id: session.text_at("/organization/id"),
        }
    }

    /// Signs the same user in again: an access token lives for half an hour.
    pub async fn signed_in_again(&self) -> Self {
        let body = json!({ "email": self.email, "password": self.password });
        let session = self.app.post("/api/v1/auth/login", body).await.expect(200);
        Self::new(self.app, self.email.clone(), &session)
    }

    /// Creates a request below `/api/v1` with the access token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.app.request(method, &format!("/api/v1{path}")).bearer_auth(&self.access_token)
    }

    /// Sends a request without a body.
    pub async fn send(&self, method: Method, path: &str) -> Answer {
        self.app.send(self.request(method, path)).await
    }

    /// Gets a path below `/api/v1`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path).await
    }

    /// Posts a body to a path below `/api/v1`.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.app.send(self.request(Method::POST, path).json(&body)).await
    }

    /// Posts an empty body to a path below `/api/v1`.
    pub async fn act(&self, path: &str) -> Answer {
        self.send(Method::POST, path).await
    }

    /// Puts a body to a path below `/api/v1`.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.app.send(self.request(Method::PUT, path).json(&body)).await
    }

    /// Patches a path below `/api/v1`.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.app.send(self.request(Method::PATCH, path).json(&body)).await
    }

    /// Deletes a path below `/api/v1`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path).await
    }

    /// Starts building a client.
    #[must_use]
    pub fn client(&self) -> ClientBuilder<'_> {
        ClientBuilder::new(self)
    }

    /// Starts building an invoice.
    #[must_use]
    pub fn invoice(&self) -> InvoiceBuilder<'_> {
        InvoiceBuilder::new(self)
    }

    /// Returns the organization's default plan, with its texts.
    pub async fn default_plan(&self) -> Value {
        let plans = self.get("/plans").await.expect(200);
        let items = plans.json["items"].as_array().expect("a page").clone();
        let default = items.iter().find(|plan| plan["isDefault"] == true).expect("a default plan");
        let id = default["id"].as_str().expect("an id");
        self.get(&format!("/plans/{id}")).await.expect(200).json
    }

    /// Returns the reminders of an invoice from its timeline.
    pub async fn relances(&self, invoice: &str) -> Vec<Value> {
        let timeline = self.get(&format!("/invoices/{invoice}/timeline")).await.expect(200);
        timeline.json["relances"].as_array().expect("reminders").clone()
    }

    /// Marks the invoice as paid in full.
    pub async fn mark_paid(&self, invoice: &str) -> Answer {
        self.post(&format!("/invoices/{invoice}/mark-paid"), json!({})).await.expect(200)
    }
}
