//! `GET /healthz`

use actix_web::get;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Reply;

/// The process answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthBody {
    /// Always `alive`.
    pub status: &'static str,
}

/// Tells that the process answers, whatever else does.
#[utoipa::path(
    tag = "operations",
    responses((status = 200, description = "The process answers.", body = HealthBody)),
    security(()),
)]
#[get("/healthz")]
pub async fn healthz() -> Reply<HealthBody> {
    Reply(HealthBody { status: "alive" })
}
