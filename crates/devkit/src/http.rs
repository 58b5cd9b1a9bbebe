//! A small HTTP client that calls the API and reads the inbox, as a user's own program would.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use ureq::{Agent, RequestBuilder, http};

const LIMIT: Duration = Duration::from_secs(60);

/// A client of one base address, with an access token or without. Each request has a connection of its own.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
    base: String,
    token: Option<String>,
}

/// A status and a JSON body, which is null if there was none.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub body: Value,
}

impl Client {
    /// A client for paths below `base`.
    pub fn new(base: impl Into<String>) -> Self {
        Self::with_limit(base, LIMIT)
    }

    /// A client whose requests fail after `limit`.
    pub fn with_limit(base: impl Into<String>, limit: Duration) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_idle_connections(0)
            .timeout_global(Some(limit))
            .build();
        Self { agent: config.into(), base: base.into(), token: None }
    }

    /// Sends this access token with all further requests.
    pub fn sign_in_with(&mut self, token: String) {
        self.token = Some(token);
    }

    /// Returns the body of a 2xx response to a GET.
    pub fn get(&self, path: &str) -> Result<Value> {
        self.try_get(path)?.expected("GET", path)
    }

    /// Returns the body of a 2xx response to a POST.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.try_post(path, body)?.expected("POST", path)
    }

    /// Returns the body of a 2xx response to a PATCH.
    pub fn patch(&self, path: &str, body: &Value) -> Result<Value> {
        let response = self.prepared(self.agent.patch(self.url(path))).send_json(body);
        Response::read("PATCH", path, response)?.expected("PATCH", path)
    }

    /// Returns the response to a GET, whatever its status.
    pub fn try_get(&self, path: &str) -> Result<Response> {
        Response::read("GET", path, self.prepared(self.agent.get(self.url(path))).call())
    }

    /// Returns the response to a POST, whatever its status.
    pub fn try_post(&self, path: &str, body: &Value) -> Result<Response> {
        self.try_post_with(path, body, &[])
    }

    /// As [`Client::try_post`], with further headers.
    pub fn try_post_with(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Result<Response> {
        let mut request = self.prepared(self.agent.post(self.url(path)));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Response::read("POST", path, request.send_json(body))
    }

    fn prepared<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
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

impl Response {
    fn read(
        method: &str,
        path: &str,
        response: Result<http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Self> {
        let mut response = response.with_context(|| format!("{method} {path} gets no response"))?;
        let status = response.status().as_u16();
        let text = response.body_mut().read_to_string().context("a response breaks off")?;
        let body = match text.as_str() {
            "" => Value::Null,
            json => serde_json::from_str(json).unwrap_or(Value::String(text)),
        };
        Ok(Self { status, body })
    }

    /// Returns true if the status is a 2xx.
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// Returns the body of a 2xx. The error has the problem document.
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
pub fn text<'a>(object: &'a Value, key: &str) -> Result<&'a str> {
    object.get(key).and_then(Value::as_str).with_context(|| format!("no `{key}` in {object}"))
}

/// A member of a JSON object, empty if it is no text.
pub fn field<'a>(object: &'a Value, key: &str) -> &'a str {
    text(object, key).unwrap_or_default()
}

/// A member of a JSON object that has to be a list.
pub fn list<'a>(object: &'a Value, key: &str) -> Result<&'a [Value]> {
    let list = object.get(key).and_then(Value::as_array).map(Vec::as_slice);
    list.with_context(|| format!("no list `{key}` in {object}"))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;

    use serde_json::json;

    use super::*;

    /// A client of a server that gives these responses in turn, and the requests of that server.
    fn served(responses: Vec<String>) -> (Client, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let serving = move || {
            let respond = |response: String| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
                let first = lines.next().unwrap();
                let _head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
                stream.write_all(response.as_bytes()).unwrap();
                first
            };
            responses.into_iter().map(respond).collect()
        };
        (Client::new(base), std::thread::spawn(serving))
    }

    fn response(status: &str, body: &str) -> String {
        let length = body.len();
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
    }

    #[test]
    fn a_refusal_is_an_error_with_its_problem_and_a_body_that_is_no_json_is_a_text() {
        let problem = r#"{"code":"unknown_plan","detail":"There is no such plan."}"#;
        let (client, server) = served(vec![
            response("200 OK", r#"{"id":"a"}"#),
            response("404 Not Found", problem),
            response("502 Bad Gateway", "out of order"),
        ]);
        assert_eq!(client.get("/plans/a").unwrap(), json!({ "id": "a" }));
        let refused = client.get("/plans/b").unwrap_err().to_string();
        assert_eq!(refused, "GET /plans/b answers 404 unknown_plan: There is no such plan.");
        let broken = client.try_get("/plans").unwrap();
        assert_eq!((broken.status, broken.body), (502, json!("out of order")));
        assert_eq!(server.join().unwrap().len(), 3);
    }
}
