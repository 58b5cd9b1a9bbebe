//! The HTTP side: Stripe's API, its pages for people, and the fake's own controls.

mod api;
mod control;
mod pages;
mod wire;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};

use crate::shared::Shared;

/// Largest accepted body, in bytes.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// A bound address, before any request is answered on it.
pub(crate) struct Listener(TcpListener);

impl Listener {
    pub(crate) fn bind(addr: SocketAddr) -> io::Result<Self> {
        TcpListener::bind(addr).map(Self)
    }

    pub(crate) fn addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A running HTTP server; dropping it stops it.
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
        // The call itself sends the command, so the future is not awaited.
        drop(self.handle.stop(false));
    }
}

/// Serves in the background.
pub(crate) fn start(listener: Listener, shared: Arc<Shared>) -> io::Result<RunningServer> {
    let addr = listener.addr()?;
    let state = web::Data::from(shared);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .app_data(web::PayloadConfig::new(MAX_BODY_BYTES))
            .app_data(web::JsonConfig::default().limit(MAX_BODY_BYTES).error_handler(control::refused_body))
            .configure(api::routes)
            .configure(control::routes)
            .configure(pages::routes)
    })
    .on_connect(wire::remember)
    .workers(1)
    .shutdown_timeout(1)
    .keep_alive(Duration::from_secs(30))
    .disable_signals()
    .listen(listener.0)?;
    let running = server.run();
    let handle = running.handle();
    tokio::spawn(running);
    Ok(RunningServer { addr, handle })
}
