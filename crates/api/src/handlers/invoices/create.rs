//! `POST /invoices`

use actix_web::{HttpResponse, post, web::Data};
use rubis_invoices::{InvoicedClientInput, LineInput, NewInvoice, NewInvoiceInput};
use rubis_kernel::{ClientId, PlanId};
use rubis_lifecycle::PlanChoice;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ApiError, App, Tenant,
    bodies::{InvoiceDetailBody, LineRequest},
    day::Day,
    idempotency::{Creation, IdempotencyHeader},
    json_body::Json,
    labels, nullable,
};

/// A new invoice. Either `clientId` or `client` is given.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "client": { "name": "Boulangerie Petit", "email": "compta@boulangerie-petit.fr" },
    "numero": "F-2026-042",
    "amountTtcCents": 129_000,
    "currency": "EUR",
    "issueDate": "2026-11-02",
    "dueDate": "2026-12-02",
    "items": [
        { "description": "Pose d'un plan de travail", "quantity": "2.5", "unitPriceCents": 43_000, "vatRateBasisPoints": 2000 },
    ],
}))]
pub struct CreateInvoice {
    /// A client of the organization.
    #[schema(value_type = Option<Uuid>)]
    client_id: Option<ClientId>,
    /// A client by name and address together: the one that has both, or a new one.
    client: Option<InvoicedClientRequest>,
    /// The number printed on the invoice, unique for the client without case, width, spaces, dashes and
    /// invisible characters.
    #[schema(min_length = 1, max_length = 64)]
    numero: String,
    /// The total, VAT included, in minor units of the currency: cents of EUR, francs of XPF, millimes of TND.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_i64)]
    amount_ttc_cents: i64,
    /// An ISO 4217 code with a minor unit, so no metal, `XXX` or `XTS`; left out: `EUR`.
    currency: Option<String>,
    /// The date of issue.
    #[schema(value_type = Date)]
    issue_date: Day,
    /// The due date, not before the date of issue.
    #[schema(value_type = Date)]
    due_date: Day,
    /// The plan that chases it; left out: the default one; `null`: it is not chased.
    #[serde(default, deserialize_with = "nullable::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    plan_id: Option<Option<PlanId>>,
    /// Its lines, 200 at most.
    #[serde(default)]
    #[schema(max_items = 200)]
    items: Vec<LineRequest>,
}

/// A client as an invoice names them.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InvoicedClientRequest {
    /// Their name, compared without case, accents, spaces and invisible characters.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Address that their reminders go to, compared without case. Several clients may share an address.
    #[schema(format = "email")]
    email: String,
    /// Kind of a client that is created, `person` if it is left out. A client that exists keeps theirs.
    #[schema(value_type = Option<labels::ClientKind>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// True if a new client is to be created even if others have similar names. Use it after
    /// `ambiguous_client` if none of the candidates is meant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    create_new: bool,
}

impl CreateInvoice {
    fn plan(&self) -> PlanChoice {
        match self.plan_id {
            None => PlanChoice::Default,
            Some(None) => PlanChoice::NotChased,
            Some(Some(id)) => PlanChoice::Plan(id),
        }
    }
}

impl From<CreateInvoice> for NewInvoiceInput {
    fn from(body: CreateInvoice) -> Self {
        Self {
            client_id: body.client_id,
            client: body.client.map(|client| InvoicedClientInput {
                name: client.name,
                email: client.email,
                kind: client.kind,
                create_new: client.create_new,
            }),
            numero: body.numero,
            amount_ttc_cents: body.amount_ttc_cents,
            currency: body.currency,
            issue_date: body.issue_date.into(),
            due_date: body.due_date.into(),
            items: body.items.into_iter().map(LineInput::from).collect(),
        }
    }
}

/// Creates an invoice and plans its reminders.
///
/// Reminders whose date has passed are sent by the organization's catch-up policy.
#[utoipa::path(
    tag = "invoices",
    params(IdempotencyHeader),
    responses(
        (status = 201, description = "The new invoice.", body = InvoiceDetailBody),
        (status = 402, description = "`plan_limit_reached`: as many invoices are chased as the subscription allows; `limit` and `usage` are the figures, `upgradeUrl` is the page of the subscription."),
        (status = 409, description = "`duplicate_numero`: the client has an invoice with this number, perhaps written with other dashes, spaces or case. `ambiguous_client`: `client` may be one of the `candidates`; repeat the request with the `clientId` of one, or with `client.createNew`. `idempotency_mismatch`: the key was used for another request."),
    ),
)]
#[post("/invoices")]
pub async fn create_invoice(
    tenant: Tenant,
    creation: Creation,
    body: Json<CreateInvoice>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let plan = body.0.plan();
    let new = NewInvoice::parse(body.0.clone().into())?;
    let (actor, rules, now) = (Some(tenant.user), app.billing.rules, app.clock.now());
    creation
        .run(&app, &tenant, &body.0, async |conn| {
            let created =
                rubis_lifecycle::create_invoice(conn, tenant.organization, &new, plan, actor, &rules, now)
                    .await
                    .map_err(|error| ApiError::of_chasing(error, &app.billing.links))?;
            Ok(InvoiceDetailBody::from(created))
        })
        .await
}
