//! Shows the metrics on an address of their own.
//!
//! One path and one method do not need an HTTP framework: the worker has none.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tracing::debug;

use super::metrics::Metrics;
use crate::shutdown::Shutdown;

/// A request head longer than this is not Prometheus.
const MAX_HEAD: usize = 8 * 1024;
/// Time for a whole exchange.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(5);

/// Answers `GET /metrics` until the process stops; spawn it once.
pub async fn serve_metrics(listener: TcpListener, metrics: Metrics, shutdown: Shutdown) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.requested() => return,
        };
        match accepted {
            Ok((stream, _peer)) => {
                let metrics = metrics.clone();
                tokio::spawn(async move {
                    let exchange = tokio::time::timeout(EXCHANGE_TIMEOUT, answer(stream, &metrics));
                    if let Ok(Err(error)) = exchange.await {
                        debug!(%error, "a metrics request broke off");
                    }
                });
            }
            Err(error) => {
                debug!(%error, "a metrics request could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn answer(mut stream: TcpStream, metrics: &Metrics) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() > MAX_HEAD || stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&head);
    let mut words = head.split_ascii_whitespace();
    let method = words.next();
    let path = words.next().and_then(|target| target.split('?').next());
    let (status, body) = match (method, path) {
        (Some("GET"), Some("/metrics")) => ("200 OK", metrics.render()),
        (Some("GET"), _) => ("404 Not Found", "Metrics are at /metrics.\n".to_owned()),
        _ => ("405 Method Not Allowed", "Metrics can only be read.\n".to_owned()),
    };
    let length = body.len();
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(response.as_bytes()).await?;
    stream.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asked(addr: std::net::SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn metrics_are_shown_with_the_state_of_the_process_and_nothing_else_is() {
        let metrics = Metrics::install("test", "1.2.3").unwrap();
        assert!(Metrics::install("test", "1.2.3").is_err(), "there is one recorder a process");
        metrics::histogram!("rubis_test_duration_seconds").record(0.3);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let shutdown = Shutdown::manual();
        let server = tokio::spawn(serve_metrics(listener, metrics, shutdown.clone()));

        let shown = asked(addr, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(shown.starts_with("HTTP/1.1 200 OK\r\n"), "{shown}");
        assert!(shown.contains("rubis_build_info{binary=\"test\",version=\"1.2.3\"} 1"), "{shown}");
        assert!(shown.contains("process_resident_memory_bytes "), "{shown}");
        assert!(shown.contains("rubis_test_duration_seconds_bucket{le=\"0.5\"} 1"), "{shown}");
        assert!(asked(addr, "GET / HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 404"));
        assert!(asked(addr, "POST /metrics HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 405"));

        shutdown.request();
        server.await.unwrap();
        assert!(TcpStream::connect(addr).await.is_err());
    }
}
