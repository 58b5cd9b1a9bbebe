//! HTTP server: a page for people, JSON for tools.

mod api;
mod html;
mod pages;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::DefaultHeaders;
use actix_web::{App, HttpServer, web};

use crate::inbox::Shared;

/// Maximum size of a JSON body (a behaviour), in bytes.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// Restricts these pages to this server, and scripts to one file.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
     frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// State of the handlers.
struct State {
    shared: Arc<Shared>,
    smtp_addr: SocketAddr,
}

/// A running HTTP server; dropping it stops it.
#[derive(Debug)]
pub(crate) struct RunningServer {
    addr: SocketAddr,
    handle: ServerHandle,
}

impl RunningServer {
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) async fn stop(&self) {
        self.handle.stop(false).await;
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        // The call itself sends the command; no task has to wait for the end.
        drop(self.handle.stop(false));
    }
}

/// Listens and serves in the background.
pub(crate) fn start(
    addr: SocketAddr,
    smtp_addr: SocketAddr,
    shared: Arc<Shared>,
) -> io::Result<RunningServer> {
    let state = web::Data::new(State { shared, smtp_addr });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .app_data(web::JsonConfig::default().limit(MAX_BODY_BYTES).error_handler(api::refused_body))
            .app_data(web::QueryConfig::default().error_handler(api::refused_query))
            .wrap(
                DefaultHeaders::new()
                    .add(("Content-Security-Policy", CONTENT_SECURITY_POLICY))
                    .add(("X-Content-Type-Options", "nosniff"))
                    .add(("Referrer-Policy", "no-referrer"))
                    .add(("Cache-Control", "no-store")),
            )
            .configure(pages::routes)
            .configure(api::routes)
    })
    .workers(1)
    .shutdown_timeout(1)
    .keep_alive(Duration::from_secs(30))
    .disable_signals()
    .bind(addr)?;
    let addr = server.addrs().first().copied().unwrap_or(addr);
    let running = server.run();
    let handle = running.handle();
    tokio::spawn(running);
    Ok(RunningServer { addr, handle })
}
