//! The small HTTP client that drives the API and reads the inbox, as a user's own program would.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use ureq::{Agent, RequestBuilder};

/// A client of one base address, signed in or not.
pub struct Client {
    agent: Agent,
    base: String,
    token: Option<String>,
}

/// A status and a JSON body (null when there was none).
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Client {
    /// `base` is what every path is put behind.
    pub fn new(base: impl Into<String>) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Self { agent: config.into(), base: base.into(), token: None }
    }

    /// Sends this access token from now on.
    pub fn sign_in_with(&mut self, token: String) {
        self.token = Some(token);
    }

    /// Gets `path`, and takes a 2xx for the only good answer.
    ///
    /// # Errors
    /// When the server cannot be reached or answers otherwise, with its problem in words.
    pub fn get(&self, path: &str) -> Result<Value> {
        self.try_get(path)?.expected("GET", path)
    }

    /// Posts `body`, and takes a 2xx for the only good answer.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.try_post(path, body)?.expected("POST", path)
    }

    /// Gets `path`, whatever the status.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub fn try_get(&self, path: &str) -> Result<Answer> {
        let answer = self.signed(self.agent.get(self.url(path))).call();
        Answer::read(answer.with_context(|| format!("GET {path} gets no answer"))?)
    }

    /// Posts `body`, whatever the status.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub fn try_post(&self, path: &str, body: &Value) -> Result<Answer> {
        let answer = self.signed(self.agent.post(self.url(path))).send_json(body);
        Answer::read(answer.with_context(|| format!("POST {path} gets no answer"))?)
    }

    /// The body of the answer to a PATCH.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub fn patch(&self, path: &str, body: &Value) -> Result<Value> {
        let answer = self.signed(self.agent.patch(self.url(path))).send_json(body);
        let answer = Answer::read(answer.with_context(|| format!("PATCH {path} gets no answer"))?)?;
        answer.expected("PATCH", path)
    }

    fn signed<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        let request = request.header("accept", "application/json");
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

impl Answer {
    fn read(mut response: ureq::http::Response<ureq::Body>) -> Result<Self> {
        let status = response.status().as_u16();
        let text = response.body_mut().read_to_string().context("an answer breaks off")?;
        // A body that is not JSON says something to a person still.
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        };
        Ok(Self { status, body })
    }

    /// Whether the status is a 2xx.
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// The body of a 2xx.
    ///
    /// # Errors
    /// For any other status, with what the problem document says.
    pub fn expected(self, method: &str, path: &str) -> Result<Value> {
        if self.is_success() {
            return Ok(self.body);
        }
        bail!("{method} {path} answers {} {}", self.status, self.problem())
    }

    fn problem(&self) -> String {
        let text = |key: &str| self.body.get(key).and_then(Value::as_str);
        match (text("code"), text("detail").or_else(|| text("title"))) {
            (Some(code), Some(detail)) => {
                let errors = self.body.get("errors").map(|errors| format!(" {errors}")).unwrap_or_default();
                format!("{code}: {detail}{errors}")
            }
            _ => self.body.to_string(),
        }
    }
}

/// A member of a JSON object that has to be a text.
///
/// # Errors
/// When it is not, with the object.
pub fn text<'a>(object: &'a Value, key: &str) -> Result<&'a str> {
    object.get(key).and_then(Value::as_str).with_context(|| format!("no `{key}` in {object}"))
}

/// A member of a JSON object that has to be a list.
///
/// # Errors
/// When it is not, with the object.
pub fn list<'a>(object: &'a Value, key: &str) -> Result<&'a [Value]> {
    object
        .get(key)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .with_context(|| format!("no list `{key}` in {object}"))
}
