//! The server around the handlers.

use std::{io, net::TcpListener, time::Duration};

use actix_web::{
    App as ActixApp, HttpServer, guard,
    middleware::{Compress, from_fn},
    web::{self, Bytes, Data},
};
use rubis_runtime::Shutdown;
use tracing_actix_web::TracingLogger;
use utoipa_actix_web::AppExt;

use crate::{
    App,
    audit::describe_audit,
    docs,
    handlers::webhooks::describe_events,
    middleware::{
        RequestSpan, admit, audit, cors, describe_measurements, identify, measure, refuse_unknown_methods,
        secure,
    },
    openapi,
    pages::CheckinPage,
    routes,
    unmatched::{KnownPaths, unmatched},
};

/// The time in which the head of a request has to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The time for which an idle connection is kept for the next request.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// The reason why the server ended before `shutdown` asked it to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The OpenAPI document cannot be serialized.
    #[error("the OpenAPI document cannot be serialized")]
    Document(#[from] serde_json::Error),
    #[error("the socket failed")]
    Socket(#[from] io::Error),
}

/// Serves an application until `shutdown` asks it to stop; then accepts no more connections and finishes
/// running requests within the grace of the settings. Without a number of `workers` it starts one for
/// each processor.
pub async fn serve(
    app: Data<App>,
    listener: TcpListener,
    workers: Option<usize>,
    shutdown: Shutdown,
) -> Result<(), ServeError> {
    describe_measurements();
    describe_events();
    describe_audit();
    let grace = app.settings.process.shutdown_grace.as_secs();
    let checkin_page = CheckinPage::of(&app.settings.process);
    let mut known_paths = KnownPaths::of(&openapi::document());
    if let Some(page) = &checkin_page {
        known_paths = known_paths.with(page.path(), &["GET", "HEAD", "POST"]);
    }
    let known_paths = Data::new(known_paths);
    let document = Data::new(Bytes::from(openapi::document_json()?));
    let mut server = HttpServer::new(move || {
        let origins = &app.settings.http.cors_origins;
        let checkin_page = checkin_page.clone();
        // Registered before the operations, whose scope takes everything below its prefix.
        let (routes, _) = ActixApp::new()
            .service(web::resource(openapi::PATH).guard(guard::Get()).to(openapi::serve))
            .into_utoipa_app()
            .configure(routes::configure)
            .split_for_parts();
        // The middleware that is wrapped last handles a request first.
        routes
            .app_data(app.clone())
            .app_data(known_paths.clone())
            .app_data(document.clone())
            .configure(|config| checkin_page.into_iter().for_each(|page| page.register(config)))
            .service(web::redirect(docs::PATH, docs::INDEX))
            .service(docs::page())
            .default_service(web::to(unmatched))
            .wrap(from_fn(admit))
            .wrap(cors(origins))
            .wrap(Compress::default())
            .wrap(from_fn(refuse_unknown_methods))
            .wrap(from_fn(secure))
            .wrap(from_fn(audit))
            .wrap(from_fn(measure))
            .wrap(TracingLogger::<RequestSpan>::new())
            .wrap(from_fn(identify))
    })
    .client_request_timeout(HEAD_TIMEOUT)
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(grace)
    .disable_signals();
    if let Some(workers) = workers {
        server = server.workers(workers);
    }
    let server = server.listen(listener)?.run();
    let handle = server.handle();
    let stopping = async {
        shutdown.requested().await;
        handle.stop(true).await;
    };
    let (served, ()) = tokio::join!(server, stopping);
    Ok(served?)
}
