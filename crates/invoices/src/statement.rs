//! What a client owes, and what came in lately.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{ClientId, Money, OrganizationId};
use time::Date;

use crate::{Client, Invoice, Payment, queries};

/// How many open invoices a statement lists; its sums are of all.
const MAX_INVOICES: u32 = 200;
/// How many payments a statement lists.
const MAX_PAYMENTS: i64 = 20;

/// What a client owes.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Who.
    pub client: Client,
    /// How much, in each currency.
    pub balances: Vec<CurrencyBalance>,
    /// Their open invoices, those due first at the front, 200 at most.
    pub open_invoices: Vec<Invoice>,
    /// Whether there are more open invoices than are listed.
    pub more_open_invoices: bool,
    /// Their latest payments and credit notes that count, the latest first, 20 at most.
    pub recent_payments: Vec<StatementPayment>,
}

/// Debts and credit of a client in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrencyBalance {
    /// Everything outstanding.
    pub outstanding: Money,
    /// The part of it that is late.
    pub overdue: Money,
    /// On how many invoices.
    pub open_invoices: i64,
    /// Payments beyond the amounts of their invoices: what the organization owes the client.
    pub credit: Money,
}

/// A payment, and on which invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementPayment {
    /// The payment.
    pub payment: Payment,
    /// In which currency.
    pub amount: Money,
    /// The number of the invoice.
    pub numero: String,
}

/// What a client owes on this day; `None` when the organization has no such client.
///
/// # Errors
/// The database's.
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
