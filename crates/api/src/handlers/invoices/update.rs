//! `PATCH /invoices/{invoiceId}`

use actix_web::{patch, web::Data};
use rubis_invoices::{InvoiceInput, InvoicePatch, LineInput};
use rubis_kernel::{ClientId, InvoiceId, PlanId};
use serde::Deserialize;
use time::Date;
use utoipa::ToSchema;

use crate::{
    ApiError, ApiResult, App, Reply, Tenant,
    bodies::{InvoiceBody, LineRequest},
    day::Day,
    json_body::Json,
    nullable,
    path_param::PathParam,
};

/// Changes to an invoice. A field that is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "dueDate": "2026-12-20", "amountTtcCents": 135_000 }))]
pub struct UpdateInvoice {
    /// The number on the invoice, unique for the client.
    #[schema(min_length = 1, max_length = 64)]
    numero: Option<String>,
    /// The total, VAT included, in minor units of the currency; more than is settled.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_i64)]
    amount_ttc_cents: Option<i64>,
    /// The date of issue.
    #[schema(value_type = Option<Date>)]
    issue_date: Option<Day>,
    /// The due date, not before the date of issue.
    #[schema(value_type = Option<Date>)]
    due_date: Option<Day>,
    /// True if the reminders start over at the first step for the new due date; by default they do for a
    /// date in the future. Given with `dueDate` alone.
    restart_chain: Option<bool>,
    /// Another client of the organization.
    #[schema(value_type = Option<Uuid>)]
    client_id: Option<ClientId>,
    /// Another plan; `null`: it is not chased any more.
    #[serde(default, deserialize_with = "nullable::given")]
    #[schema(value_type = Option<Uuid>)]
    plan_id: Option<Option<PlanId>>,
    /// The new lines, 200 at most, which replace all old ones.
    #[schema(max_items = 200)]
    items: Option<Vec<LineRequest>>,
}

impl From<UpdateInvoice> for InvoiceInput {
    fn from(body: UpdateInvoice) -> Self {
        Self {
            numero: body.numero,
            amount_ttc_cents: body.amount_ttc_cents,
            issue_date: body.issue_date.map(Date::from),
            due_date: body.due_date.map(Date::from),
            restart_chain: body.restart_chain,
            client_id: body.client_id,
            plan_id: body.plan_id,
            items: body.items.map(|items| items.into_iter().map(LineInput::from).collect()),
        }
    }
}

/// Corrects an invoice that is neither paid nor cancelled.
///
/// Another due date or another plan cancels what was planned and plans again. A due date in the future
/// starts over at the first step, unless `restartChain` is `false`, and so does another client; in any
/// other case reminders that were sent are not sent again.
#[utoipa::path(
    tag = "invoices",
    responses(
        (status = 200, description = "The invoice as it is now.", body = InvoiceBody),
        (status = 402, description = "`plan_limit_reached`: it was chased by no plan, and as many invoices are chased as the subscription allows; `limit` and `usage` are the figures, `upgradeUrl` is the page of the subscription."),
        (status = 409, description = "`duplicate_numero`: the client has another invoice with this number. `invoice_not_editable`: it is paid or cancelled."),
    ),
)]
#[patch("/invoices/{invoiceId}")]
pub async fn update_invoice(
    tenant: Tenant,
    id: PathParam<InvoiceId>,
    body: Json<UpdateInvoice>,
    app: Data<App>,
) -> ApiResult<InvoiceBody> {
    let patch = InvoicePatch::parse(body.0.into())?;
    let mut conn = app.db.get().await?;
    let (actor, rules, now) = (Some(tenant.user), app.billing.rules, app.clock.now());
    let invoice =
        rubis_lifecycle::update_invoice(&mut conn, tenant.organization, id.0, patch, actor, &rules, now)
            .await
            .map_err(|error| ApiError::of_chasing(error, &app.billing.links))?;
    Ok(Reply(invoice.into()))
}
