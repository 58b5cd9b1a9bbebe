//! `GET /clients/{clientId}/statement`

use actix_web::{get, web::Data};
use rubis_invoices::{CurrencyBalance, Statement, StatementPayment};
use rubis_kernel::ClientId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    ApiError, ApiResult, App, Reply, Tenant,
    bodies::{ClientBody, InvoiceBody, PaymentBody},
    path_param::PathParam,
};

/// The amounts that a client owes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatementBody {
    /// The client.
    pub client: ClientBody,
    /// The balance in each currency.
    pub balances: Vec<BalanceBody>,
    /// Their open invoices, the earliest due date first, 200 at most.
    pub open_invoices: Vec<InvoiceBody>,
    /// True if there are more open invoices than these.
    pub more_open_invoices: bool,
    /// Their latest payments and credit notes, the latest first, 20 at most.
    pub recent_payments: Vec<StatementPaymentBody>,
}

/// The amounts that a client owes in one currency.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BalanceBody {
    /// The currency's ISO 4217 code.
    pub currency: &'static str,
    /// Everything outstanding, in minor units of the currency.
    pub outstanding_cents: i64,
    /// The part of it that is late, in minor units of the currency.
    pub overdue_cents: i64,
    /// The number of open invoices.
    pub open_invoices: i64,
    /// Payments beyond the amounts of their invoices, in minor units of the currency, which the client is
    /// owed.
    pub credit_cents: i64,
}

/// A payment, and the number of its invoice.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatementPaymentBody {
    /// The payment.
    #[serde(flatten)]
    pub payment: PaymentBody,
    /// The ISO 4217 code of its currency.
    pub currency: &'static str,
    /// The number of its invoice.
    pub numero: String,
}

impl From<Statement> for StatementBody {
    fn from(statement: Statement) -> Self {
        Self {
            client: statement.client.into(),
            balances: statement.balances.into_iter().map(BalanceBody::from).collect(),
            open_invoices: statement.open_invoices.into_iter().map(InvoiceBody::from).collect(),
            more_open_invoices: statement.more_open_invoices,
            recent_payments: statement.recent_payments.into_iter().map(StatementPaymentBody::from).collect(),
        }
    }
}

impl From<CurrencyBalance> for BalanceBody {
    fn from(balance: CurrencyBalance) -> Self {
        Self {
            currency: balance.outstanding.currency.as_str(),
            outstanding_cents: balance.outstanding.cents,
            overdue_cents: balance.overdue.cents,
            open_invoices: balance.open_invoices,
            credit_cents: balance.credit.cents,
        }
    }
}

impl From<StatementPayment> for StatementPaymentBody {
    fn from(payment: StatementPayment) -> Self {
        Self {
            currency: payment.amount.currency.as_str(),
            numero: payment.numero,
            payment: payment.payment.into(),
        }
    }
}

/// Returns the amounts that a client owes, and their latest payments.
#[utoipa::path(
    tag = "clients",
    responses((status = 200, description = "The client's statement.", body = StatementBody)),
)]
#[get("/clients/{clientId}/statement")]
pub async fn get_client_statement(
    tenant: Tenant,
    id: PathParam<ClientId>,
    app: Data<App>,
) -> ApiResult<StatementBody> {
    let mut conn = app.db.get().await?;
    let organization =
        rubis_accounts::organization(&conn, tenant.organization).await?.ok_or_else(ApiError::not_found)?;
    let today = organization.time_zone.local_date(app.clock.now());
    let statement = rubis_invoices::statement(&mut conn, tenant.organization, id.0, today)
        .await?
        .ok_or_else(ApiError::not_found)?;
    Ok(Reply(statement.into()))
}
