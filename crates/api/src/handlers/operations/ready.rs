//! `GET /readyz`

use std::{future::Future, time::Duration};

use actix_web::{HttpResponse, get, web::Data};
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;

/// Time after which a server that has not responded counts as unavailable.
const PATIENCE: Duration = Duration::from_millis(1500);

/// The readiness to serve requests.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadinessBody {
    /// `ready` or `not_ready`.
    pub status: &'static str,
    /// The result of each check.
    pub checks: ChecksBody,
}

/// Results of the checks: `ok`, `unavailable`, or `pending` for migrations that have not run.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChecksBody {
    /// Result of the check of the database.
    pub postgres: &'static str,
    /// Result of the check of the migrations: the database has every table that this release needs.
    pub migrations: &'static str,
    /// Result of the check of Redis.
    pub redis: &'static str,
}

/// Reports if requests can be served: the database and Redis respond, and the migrations have run.
#[utoipa::path(
    tag = "operations",
    responses(
        (status = 200, description = "Requests can be served.", body = ReadinessBody),
        (status = 503, description = "A dependency is unavailable or migrations are pending; `checks` has the results.", body = ReadinessBody),
    ),
    security(()),
)]
#[get("/readyz")]
pub async fn readyz(app: Data<App>) -> HttpResponse {
    let ((postgres, migrations), redis) = tokio::join!(database(&app), redis(&app));
    let checks = ChecksBody { postgres, migrations, redis };
    if [checks.postgres, checks.migrations, checks.redis] == ["ok"; 3] {
        HttpResponse::Ok().json(ReadinessBody { status: "ready", checks })
    } else {
        HttpResponse::ServiceUnavailable().json(ReadinessBody { status: "not_ready", checks })
    }
}

async fn database(app: &App) -> (&'static str, &'static str) {
    let answer = within_patience(async {
        let mut conn = app.probes.db.get().await.ok()?;
        // A database without a table of migrations responds with an error.
        let pending = rubis_db::has_pending_migrations(&mut conn).await.unwrap_or(true);
        Some(if pending { "pending" } else { "ok" })
    });
    match answer.await {
        Some(migrations) => ("ok", migrations),
        None => ("unavailable", "unavailable"),
    }
}

async fn redis(app: &App) -> &'static str {
    match within_patience(async { rubis_runtime::redis::ping(&app.probes.redis).await.ok() }).await {
        Some(()) => "ok",
        None => "unavailable",
    }
}

async fn within_patience<T>(answer: impl Future<Output = Option<T>>) -> Option<T> {
    actix_web::rt::time::timeout(PATIENCE, answer).await.ok().flatten()
}
