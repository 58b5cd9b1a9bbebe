//! `GET /healthz`

use actix_web::get;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Reply;

/// The health of the process.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthBody {
    /// Always `alive`.
    pub status: &'static str,
}

/// Reports that the process responds, whatever the state of its dependencies.
#[utoipa::path(
    tag = "operations",
    responses((status = 200, description = "The process answers.", body = HealthBody)),
    security(()),
)]
#[get("/healthz")]
pub async fn healthz() -> Reply<HealthBody> {
    Reply(HealthBody { status: "alive" })
}
