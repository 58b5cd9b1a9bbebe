//! `POST /invoices/{invoiceId}/pause`

use actix_web::{post, web::Data};
use rubis_kernel::InvoiceId;

use crate::{
    ApiResult, App, Reply, Tenant,
    bodies::{InvoiceBody, PauseRequest},
    json_body::OptionalJson,
    path_param::PathParam,
};

/// Pauses an invoice's reminders.
///
/// Another pause replaces the first.
#[utoipa::path(
    tag = "invoices",
    request_body(content = Option<PauseRequest>),
    responses((status = 200, description = "The invoice as it is now.", body = InvoiceBody)),
)]
#[post("/invoices/{invoiceId}/pause")]
pub async fn pause_invoice(
    tenant: Tenant,
    id: PathParam<InvoiceId>,
    body: OptionalJson<PauseRequest>,
    app: Data<App>,
) -> ApiResult<InvoiceBody> {
    let mut conn = app.db.get().await?;
    let until = body.0.until();
    let (actor, now) = (Some(tenant.user), app.clock.now());
    let invoice =
        rubis_lifecycle::pause_invoice(&mut conn, tenant.organization, id.0, until, actor, now).await?;
    Ok(Reply(invoice.into()))
}
