//! The API as a process, and a user who calls it.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use rubis_devkit::http::{Client, Response, text};
use rubis_devkit::{Launch, Process, ports};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{APP_KEY, PASSWORD, Paths, SeededOrganization};

const START_LIMIT: Duration = Duration::from_secs(30);

const REQUEST_LIMIT: Duration = Duration::from_secs(15);

/// A running `rubis-api`. Dropping it kills it.
pub struct Api {
    launch: Launch,
    process: Option<Process>,
    pub address: SocketAddr,
}

/// A user of the API, at one address: its own, or that of a proxy.
#[derive(Clone, Copy)]
pub struct Caller(SocketAddr);

impl Api {
    /// Starts it, and returns when it is ready.
    pub(crate) fn start(
        paths: &Paths,
        name: &str,
        database_url: &str,
        redis_url: &str,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let [port, metrics] = ports::several()?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let launch = Launch::new("rubis-api", &paths.api)
            .log(paths.logs.join(format!("{name}.log")))
            .directory(&paths.logs)
            .environment([
                ("HOST", "127.0.0.1"),
                ("PORT", &port.to_string()),
                ("METRICS_ADDR", &format!("127.0.0.1:{metrics}")),
                ("APP_KEY", APP_KEY),
                ("APP_URL", &format!("http://{address}")),
                ("DATABASE_URL", database_url),
                ("REDIS_URL", redis_url),
                ("COOKIE_SECURE", "false"),
            ])
            .environment(settings.iter().copied());
        let mut api = Self { launch, process: None, address };
        api.start_again()?;
        Ok(api)
    }

    /// Starts it after it was killed, and returns when it is ready.
    pub fn start_again(&mut self) -> Result<()> {
        let client = client(self.address, "");
        let process = self.process.insert(self.launch.start()?);
        process.wait_until(START_LIMIT, || is_ready(&client))
    }

    pub fn kill(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), Process::kill)
    }

    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    pub async fn is_ready(&self) -> bool {
        let client = client(self.address, "");
        tokio::task::spawn_blocking(move || is_ready(&client)).await.unwrap_or(false)
    }

    pub async fn ready_within(&mut self, within: Duration) -> Result<Duration> {
        let started = Instant::now();
        while !self.is_ready().await {
            self.process.as_mut().map_or(Ok(()), Process::check)?;
            ensure!(started.elapsed() < within, "the API is not ready after {within:?}");
            sleep(Duration::from_millis(50)).await;
        }
        Ok(started.elapsed())
    }

    pub const fn caller(&self) -> Caller {
        Caller(self.address)
    }
}

fn client(address: SocketAddr, path: &str) -> Client {
    Client::with_limit(format!("http://{address}{path}"), REQUEST_LIMIT)
}

fn is_ready(client: &Client) -> bool {
    client.try_get("/readyz").is_ok_and(|response| response.is_success())
}

impl Caller {
    /// The same user, by way of a proxy.
    pub const fn through(self, proxy: SocketAddr) -> Self {
        Self(proxy)
    }

    pub async fn sign_in(self, organization: &SeededOrganization) -> Result<String> {
        let body = json!({ "email": organization.email, "password": PASSWORD });
        let response = self.post("/auth/login", None, &[], body).await?;
        Ok(text(&response.expected("POST", "/auth/login")?, "accessToken")?.to_owned())
    }

    /// Posts to a path below `/api/v1`.
    pub async fn post(
        self,
        path: &str,
        token: Option<&str>,
        headers: &[(&'static str, String)],
        body: Value,
    ) -> Result<Response> {
        let mut client = client(self.0, "/api/v1");
        if let Some(token) = token {
            client.sign_in_with(token.to_owned());
        }
        let (path, headers) = (path.to_owned(), headers.to_vec());
        let post = move || {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            client.try_post_with(&path, &body, &headers)
        };
        tokio::task::spawn_blocking(post).await?
    }
}
