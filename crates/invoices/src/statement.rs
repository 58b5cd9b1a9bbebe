//! Statement of a client's debts and latest payments.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{ClientId, Money, OrganizationId};
use time::Date;

use crate::{Client, Invoice, Payment, queries};

/// Maximum number of open invoices listed on a statement; its sums cover all of them.
const MAX_INVOICES: u32 = 200;
/// Maximum number of payments listed on a statement.
const MAX_PAYMENTS: i64 = 20;

/// A client's debts and latest payments.
#[derive(Clone, Debug)]
pub struct Statement {
    pub client: Client,
    /// Debts and credit in each currency.
    pub balances: Vec<CurrencyBalance>,
    /// Open invoices, earliest due date first, at most 200.
    pub open_invoices: Vec<Invoice>,
    /// True if there are more open invoices than are listed.
    pub more_open_invoices: bool,
    /// Latest payments and credit notes that count, latest first, at most 20.
    pub recent_payments: Vec<StatementPayment>,
}

/// Debts and credit of a client in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrencyBalance {
    /// Total outstanding amount.
    pub outstanding: Money,
    /// Part of it that is overdue.
    pub overdue: Money,
    /// Number of open invoices.
    pub open_invoices: i64,
    /// Payments beyond the amounts of their invoices: the organization's debt to the client.
    pub credit: Money,
}

/// A payment and its invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementPayment {
    pub payment: Payment,
    /// Amount with its currency.
    pub amount: Money,
    pub numero: String,
}

/// Returns a client's statement on this day; `None` if the organization has no such client.
pub async fn statement(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    today: Date,
) -> Result<Option<Statement>, diesel::result::Error> {
    let Some(found) = queries::clients::find(conn, organization, client).await? else {
        return Ok(None);
    };
    let balances = queries::statement::balances(conn, organization, client, today).await?;
    let open = queries::invoices::open_of_client(conn, organization, client, None, MAX_INVOICES + 1).await?;
    let open = rubis_accounts::Page::from_one_more(open, MAX_INVOICES);
    let recent_payments =
        queries::statement::recent_payments(conn, organization, client, MAX_PAYMENTS).await?;
    Ok(Some(Statement {
        client: found,
        balances,
        open_invoices: open.items,
        more_open_invoices: open.more,
        recent_payments,
    }))
}
