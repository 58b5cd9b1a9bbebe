//! Serves the metrics and a health check on a separate address.
//!
//! Two paths and one method do not need an HTTP framework: the worker has none.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tracing::debug;

use super::metrics::Metrics;
use crate::shutdown::Shutdown;

/// Maximum size of a request head; longer ones do not come from Prometheus.
const MAX_HEAD: usize = 8 * 1024;
/// Timeout for a whole exchange.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(5);
/// Number of exchanges at once; further connections wait to be accepted.
const MAX_EXCHANGES: usize = 32;

/// State that the exchanges share.
struct Exposition {
    metrics: Metrics,
    token: Option<SecretString>,
    /// One rendering at a time: each takes a processor, and memory for the whole text.
    rendering: Arc<Semaphore>,
}

struct Response {
    status: &'static str,
    headers: &'static str,
    body: String,
}

/// Serves `GET /metrics`, to clients with the token if there is one, and `GET /healthz` until the process stops; spawn
/// it once.
pub async fn serve_metrics(
    listener: TcpListener,
    metrics: Metrics,
    token: Option<SecretString>,
    shutdown: Shutdown,
) {
    let exposition = Arc::new(Exposition { metrics, token, rendering: Arc::new(Semaphore::new(1)) });
    let exchanges = Arc::new(Semaphore::new(MAX_EXCHANGES));
    loop {
        let accepted = async {
            let permit = Arc::clone(&exchanges).acquire_owned().await;
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            accepted = accepted => accepted,
            () = shutdown.requested() => return,
        };
        match accepted {
            Ok((stream, _peer)) => {
                let exposition = Arc::clone(&exposition);
                tokio::spawn(async move {
                    let exchange = tokio::time::timeout(EXCHANGE_TIMEOUT, exposition.answer(stream));
                    if let Ok(Err(error)) = exchange.await {
                        debug!(%error, "metrics request failed");
                    }
                    drop(permit);
                });
            }
            Err(error) => {
                debug!(%error, "metrics connection not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

impl Exposition {
    async fn answer(&self, mut stream: TcpStream) -> io::Result<()> {
        let mut head = Vec::new();
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            if head.len() > MAX_HEAD || stream.read_buf(&mut head).await? == 0 {
                return Ok(());
            }
        }
        let Response { status, headers, body } = self.respond(&String::from_utf8_lossy(&head)).await;
        let length = body.len();
        let response = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n{headers}\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(response.as_bytes()).await?;
        stream.shutdown().await
    }

    async fn respond(&self, head: &str) -> Response {
        let plain = |status, text: &str| Response { status, headers: "", body: format!("{text}\n") };
        let mut words = head.split_ascii_whitespace();
        let method = words.next();
        let path = words.next().and_then(|target| target.split('?').next());
        match (method, path) {
            (Some("GET"), Some("/healthz")) => plain("200 OK", "alive"),
            (Some("GET"), Some("/metrics")) if self.may_read(head) => match self.render().await {
                Some(body) => Response { status: "200 OK", headers: "", body },
                None => plain("503 Service Unavailable", "The metrics cannot be rendered."),
            },
            (Some("GET"), Some("/metrics")) => Response {
                headers: "WWW-Authenticate: Bearer realm=\"metrics\"\r\n",
                ..plain("401 Unauthorized", "Send the token of METRICS_TOKEN: Authorization: Bearer.")
            },
            (Some("GET"), _) => {
                plain("404 Not Found", "Metrics are at /metrics, the health check is at /healthz.")
            }
            _ => plain("405 Method Not Allowed", "Metrics can only be read."),
        }
    }

    /// Renders on a thread for blocking work, because many series occupy a processor for a while. The permit is moved
    /// along, so that clients which give up early do not accumulate renderings.
    async fn render(&self) -> Option<String> {
        let permit = Arc::clone(&self.rendering).acquire_owned().await.ok()?;
        let metrics = self.metrics.clone();
        tokio::task::spawn_blocking(move || {
            let text = metrics.render();
            drop(permit);
            text
        })
        .await
        .ok()
    }

    /// Reports whether the head of a request has the token, compared in constant time.
    fn may_read(&self, head: &str) -> bool {
        let Some(token) = &self.token else { return true };
        let sent = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let (scheme, sent) = value.trim().split_once(' ')?;
            let is_bearer =
                name.eq_ignore_ascii_case("authorization") && scheme.eq_ignore_ascii_case("bearer");
            is_bearer.then(|| sent.trim())
        });
        sent.is_some_and(|sent| token.expose_secret().as_bytes().ct_eq(sent.as_bytes()).into())
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    async fn ask(addr: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        response
    }

    async fn start(metrics: Metrics, token: Option<&str>) -> (SocketAddr, Shutdown) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let shutdown = Shutdown::manual();
        let token = token.map(SecretString::from);
        tokio::spawn(serve_metrics(listener, metrics, token, shutdown.clone()));
        (addr, shutdown)
    }

    #[tokio::test]
    async fn metrics_are_shown_with_the_state_of_the_process_and_nothing_else_is() {
        let metrics = Metrics::install("test", "1.2.3").unwrap();
        assert!(Metrics::install("test", "1.2.3").is_err(), "there is one recorder a process");
        metrics::histogram!("rubis_test_duration_seconds").record(0.3);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let shutdown = Shutdown::manual();
        let server = tokio::spawn(serve_metrics(listener, metrics, None, shutdown.clone()));

        let shown = ask(addr, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(shown.starts_with("HTTP/1.1 200 OK\r\n"), "{shown}");
        assert!(shown.contains("rubis_build_info{binary=\"test\",version=\"1.2.3\"} 1"), "{shown}");
        assert!(shown.contains("process_resident_memory_bytes "), "{shown}");
        assert!(shown.contains("rubis_test_duration_seconds_bucket{le=\"0.5\"} 1"), "{shown}");
        assert!(ask(addr, "GET / HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 404"));
        assert!(ask(addr, "POST /metrics HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 405"));

        shutdown.request();
        server.await.unwrap();
        assert!(TcpStream::connect(addr).await.is_err());
    }

    #[tokio::test]
    async fn metrics_ask_for_the_token_and_the_health_check_does_not() {
        let (addr, shutdown) = start(Metrics::detached(), Some("a-long-secret-token")).await;
        let get = |path: &str, header: &str| {
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n{header}\r\n");
            async move { ask(addr, &request).await }
        };
        for refused in [
            "",
            "Authorization: Bearer a-long-secret-toke\r\n",
            "Authorization: Bearer a-long-secret-token2\r\n",
            "Authorization: Basic a-long-secret-token\r\n",
            "X-Authorization: Bearer a-long-secret-token\r\n",
        ] {
            let response = get("/metrics", refused).await;
            assert!(response.starts_with("HTTP/1.1 401 "), "{refused}: {response}");
            assert!(response.contains("WWW-Authenticate: Bearer"), "{response}");
        }
        let shown = get("/metrics", "authorization: bearer a-long-secret-token\r\n").await;
        assert!(shown.starts_with("HTTP/1.1 200 OK\r\n"), "{shown}");
        assert!(get("/healthz", "").await.starts_with("HTTP/1.1 200 OK\r\n"));
        shutdown.request();
    }

    #[tokio::test]
    async fn the_health_check_answers_while_the_metrics_are_being_rendered() {
        let exposition = Arc::new(Exposition {
            metrics: Metrics::detached(),
            token: None,
            rendering: Arc::new(Semaphore::new(1)),
        });
        // A rendering that never ends.
        let rendering = Arc::clone(&exposition.rendering).acquire_owned().await.unwrap();
        let waiting = tokio::spawn({
            let exposition = Arc::clone(&exposition);
            async move { exposition.respond("GET /metrics HTTP/1.1\r\n\r\n").await.status }
        });
        assert_eq!(exposition.respond("GET /healthz HTTP/1.1\r\n\r\n").await.body, "alive\n");
        assert!(!waiting.is_finished(), "one rendering at a time");
        drop(rendering);
        assert_eq!(waiting.await.unwrap(), "200 OK");
    }
}
