//! `POST /plans/{planId}/preview`

use actix_web::{post, web::Data};
use rubis_invoices::ClientKind;
use rubis_kernel::{InvoiceId, PlanId};
use rubis_relances::{ListedStep, PreviewSubject, PreviewedRelance, preview};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{
    ApiError, ApiResult, App, Reply, Tenant, bodies::ListedPlanStepBody, day::Day, json_body::Json, labels,
    path_param::PathParam,
};

/// The basis of a preview: a due date, or an invoice.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "dueDate": "2026-12-15" }))]
pub struct PreviewPlan {
    /// The due date of an imaginary invoice.
    #[schema(value_type = Option<Date>)]
    due_date: Option<Day>,
    /// The kind of the imaginary client; a company if left out.
    #[schema(value_type = Option<labels::ClientKind>)]
    client_kind: Option<String>,
    /// An invoice, previewed as if nothing had been sent for it yet.
    #[schema(value_type = Option<Uuid>)]
    invoice_id: Option<InvoiceId>,
}

/// The mails that a plan would send.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewBody {
    /// Its reminders, in the plan's order.
    pub relances: Vec<PreviewedRelanceBody>,
}

/// A reminder as it would be sent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewedRelanceBody {
    /// The step of the plan.
    pub step: ListedPlanStepBody,
    /// Time at which it would be sent; `null` if the catch-up policy skips it.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub send_at: Option<OffsetDateTime>,
    /// The sender's name in the mail.
    pub from_name: String,
    /// The mailbox that replies would be sent to: the owner's.
    #[schema(required)]
    pub reply_to: Option<String>,
    /// The subject with its variables replaced.
    pub subject: String,
    /// The text with its variables replaced.
    pub body: String,
    /// The HTML with its variables replaced, a whole document. Show it in a sandboxed frame.
    pub html: String,
}

impl From<PreviewedRelance> for PreviewedRelanceBody {
    fn from(relance: PreviewedRelance) -> Self {
        let (subject, body, html) = relance.content.into_parts();
        Self {
            step: ListedStep::from(&relance.step).into(),
            send_at: relance.send_at,
            from_name: relance.from_name,
            reply_to: relance.reply_to.map(|mailbox| mailbox.address.to_string()),
            subject,
            body,
            html,
        }
    }
}

/// Renders the mails that a plan would send, with their times, and stores nothing.
#[utoipa::path(
    tag = "plans",
    responses(
        (status = 200, description = "The reminders, with their dates and texts.", body = PreviewBody),
        (status = 409, description = "`mail_too_long`, `mail_empty`: a text is longer than a mail may be, or has nothing to read."),
    ),
)]
#[post("/plans/{planId}/preview")]
pub async fn preview_plan(
    tenant: Tenant,
    id: PathParam<PlanId>,
    body: Json<PreviewPlan>,
    app: Data<App>,
) -> ApiResult<PreviewBody> {
    let now = app.clock.now();
    let mut conn = app.db.get().await?;
    let plan =
        rubis_relances::plan(&conn, tenant.organization, id.0).await?.ok_or_else(ApiError::not_found)?;
    let organization =
        rubis_accounts::organization(&conn, tenant.organization).await?.ok_or_else(ApiError::not_found)?;
    let owner = rubis_accounts::owner_of(&conn, tenant.organization).await?;
    let previewed = match (body.0.due_date, body.0.invoice_id) {
        (Some(Day(date)), None) => {
            let kind = imaginary_kind(body.0.client_kind.as_deref())?;
            preview(&organization, owner.as_ref(), &plan, PreviewSubject::DueDate(date, kind), now)
        }
        (None, Some(invoice)) => {
            let unknown = || {
                ApiError::invalid_field(
                    "invoiceId",
                    "unknown_invoice",
                    "must be an invoice of the organization",
                )
            };
            let invoice = rubis_invoices::invoice(&mut conn, tenant.organization, invoice)
                .await?
                .ok_or_else(unknown)?;
            let client = rubis_invoices::client(&conn, tenant.organization, invoice.client_id)
                .await?
                .ok_or_else(unknown)?;
            let subject = PreviewSubject::Invoice { invoice: &invoice, client: &client };
            preview(&organization, owner.as_ref(), &plan, subject, now)
        }
        (None, None) => {
            return Err(ApiError::invalid_field("dueDate", "required", "must be given, or else invoiceId"));
        }
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid_field(
                "invoiceId",
                "ambiguous",
                "must not be given beside dueDate",
            ));
        }
    };
    let relances = previewed?;
    Ok(Reply(PreviewBody { relances: relances.into_iter().map(PreviewedRelanceBody::from).collect() }))
}

fn imaginary_kind(given: Option<&str>) -> Result<ClientKind, ApiError> {
    let Some(given) = given else { return Ok(ClientKind::Company) };
    let known = ClientKind::ALL.iter().copied().find(|kind| kind.as_str() == given);
    known.ok_or_else(|| ApiError::invalid_field("clientKind", "unknown_value", "must be company or person"))
}
