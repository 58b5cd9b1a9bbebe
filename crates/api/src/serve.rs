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

/// How long the head of a request may take to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept for the next request.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Why the server ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The OpenAPI document can't be written.
    #[error("the OpenAPI document can't be written")]
    Document(#[from] serde_json::Error),
    /// The socket failed.
    #[error("the socket failed")]
    Socket(#[from] io::Error),
}

/// Serves an application until `shutdown` asks it to stop; then takes no more connections and finishes what
/// it has begun, within the grace of the settings. Without a number of `workers` there is one a processor.
///
/// # Errors
/// See [`ServeError`].
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
        // Before the operations, whose scope takes everything below its prefix.
        let (routes, _) = ActixApp::new()
            .service(web::resource(openapi::PATH).guard(guard::Get()).to(openapi::serve))
            .into_utoipa_app()
            .configure(routes::configure)
            .split_for_parts();
        // The last one wrapped is the first that a request meets.
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
