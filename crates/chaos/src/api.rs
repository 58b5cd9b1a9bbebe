//! The API as a process, and somebody who uses it.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result, ensure};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    PASSWORD, SeededOrganization,
    process::{Launch, Process},
};

/// How long the API may take to be ready for the first time.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How long a request may take.
const REQUEST_LIMIT: Duration = Duration::from_secs(15);

/// A running `rubis-api`. Dropping it kills it.
pub struct Api {
    launch: Launch,
    process: Option<Process>,
    caller: Caller,
}

/// Somebody who calls the API.
#[derive(Clone)]
pub struct Caller {
    url: String,
    client: Client,
}

/// What the API answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Value,
}

impl Api {
    /// Starts it, and returns when it says that it is ready. `url` is where `launch` tells it to listen.
    ///
    /// # Errors
    /// When it does not, with the end of its log.
    pub async fn start(launch: Launch, url: String) -> Result<Self> {
        // Only the first of a process installs it; they are all the same.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        // Each request has a connection of its own: what happens to one says nothing of the next.
        let client = Client::builder().timeout(REQUEST_LIMIT).pool_max_idle_per_host(0).build()?;
        let mut api = Self { launch, process: None, caller: Caller { url, client } };
        api.start_again().await?;
        Ok(api)
    }

    /// Starts it, and returns when it says that it is ready.
    ///
    /// # Errors
    /// When it does not, with the end of its log.
    pub async fn start_again(&mut self) -> Result<()> {
        self.process = Some(self.launch.start()?);
        self.ready_within(START_LIMIT).await.map(drop)
    }

    /// Kills it: `kill -9`.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.kill())
    }

    /// The id of its process, while it runs.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// Whether `/readyz` answers well.
    pub async fn is_ready(&self) -> bool {
        let Caller { url, client } = &self.caller;
        let answer = client.get(format!("{url}/readyz")).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// Waits until `/readyz` answers well, and says how long that took.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn ready_within(&mut self, within: Duration) -> Result<Duration> {
        let started = Instant::now();
        while !self.is_ready().await {
            if let Some(process) = &mut self.process {
                process.check()?;
            }
            ensure!(started.elapsed() < within, "the API is not ready after {within:?}");
            sleep(Duration::from_millis(50)).await;
        }
        Ok(started.elapsed())
    }

    /// Somebody who calls it.
    #[must_use]
    pub fn caller(&self) -> Caller {
        self.caller.clone()
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Never: the address was made here.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.caller.url.trim_start_matches("http://").parse()?)
    }
}

impl Caller {
    /// Signs the owner of an organization in.
    ///
    /// # Errors
    /// When the API refuses.
    pub async fn sign_in(&self, organization: &SeededOrganization) -> Result<String> {
        let body = json!({ "email": organization.email, "password": PASSWORD });
        let request = self.client.post(format!("{}/api/v1/auth/login", self.url)).json(&body);
        let answer = request.send().await?.error_for_status()?.json::<Value>().await?;
        let token = answer.get("accessToken").and_then(Value::as_str).context("no access token")?;
        Ok(token.to_owned())
    }

    /// Posts to a path below `/api/v1`, perhaps by way of another address than the API's own.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn post(
        &self,
        through: Option<&str>,
        path: &str,
        token: &str,
        idempotency_key: Option<&str>,
        body: &Value,
    ) -> Result<Answer> {
        let url = through.unwrap_or(&self.url);
        let mut request = self.client.post(format!("{url}/api/v1{path}")).bearer_auth(token).json(body);
        if let Some(key) = idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        let answer = request.send().await?;
        let status = answer.status();
        Ok(Answer { status, body: answer.json().await.unwrap_or_default() })
    }
}
