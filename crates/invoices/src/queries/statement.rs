//! A client's debts and payments, from `invoices` and `payments`.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, QueryDsl, QueryableByName, SelectableHelper,
    result::Error,
    sql_types::{BigInt, Text},
};
use diesel_async::RunQueryDsl;
use rubis_db::{
    AsyncPgConnection,
    schema::{invoices, payments},
};
use rubis_kernel::{ClientId, Currency, Money, OrganizationId};
use time::Date;

use super::{
    payments::PaymentRow,
    unreadable,
    written::{Value, Written},
};
use crate::{CurrencyBalance, StatementPayment};

/// Casts the sums to `bigint`: PostgreSQL sums that type as `numeric`, and a client owes less than 92,000 billion.
const BALANCES: &str = "
    SELECT currency::text AS currency,
           coalesce(sum(amount_ttc_cents - settled_cents) FILTER (WHERE is_open), 0)::bigint AS outstanding,
           coalesce(sum(amount_ttc_cents - settled_cents) FILTER (WHERE is_open AND due_date < $3), 0)::bigint
               AS overdue,
           count(*) FILTER (WHERE is_open) AS open_invoices,
           sum(overpaid_cents)::bigint AS credit
      FROM (SELECT *, status IN ('pending', 'awaiting_user_confirmation', 'in_relance', 'litigation') AS is_open
              FROM invoices
             WHERE organization_id = $1 AND client_id = $2) AS of_client
     WHERE is_open OR overpaid_cents > 0
     GROUP BY currency
     ORDER BY currency";

#[derive(QueryableByName)]
struct BalanceRow {
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    outstanding: i64,
    #[diesel(sql_type = BigInt)]
    overdue: i64,
    #[diesel(sql_type = BigInt)]
    open_invoices: i64,
    #[diesel(sql_type = BigInt)]
    credit: i64,
}

pub(crate) async fn balances(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    today: Date,
) -> Result<Vec<CurrencyBalance>, Error> {
    let values = vec![Value::Uuid(organization.into()), Value::Uuid(client.into()), Value::Date(today)];
    let rows: Vec<BalanceRow> = Written::kept(BALANCES.to_owned(), values).load(conn).await?;
    rows.into_iter()
        .map(|row| {
            let currency = Currency::from_stored(&row.currency).map_err(unreadable)?;
            Ok(CurrencyBalance {
                outstanding: Money::new(row.outstanding, currency),
                overdue: Money::new(row.overdue, currency),
                open_invoices: row.open_invoices,
                credit: Money::new(row.credit, currency),
            })
        })
        .collect()
}

/// Returns the latest payments that count, the latest first.
pub(crate) async fn recent_payments(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    limit: i64,
) -> Result<Vec<StatementPayment>, Error> {
    let of_invoice =
        invoices::organization_id.eq(payments::organization_id).and(invoices::id.eq(payments::invoice_id));
    let rows: Vec<(PaymentRow, String, String)> = payments::table
        .inner_join(invoices::table.on(of_invoice))
        .filter(invoices::organization_id.eq(organization.as_uuid()))
        .filter(invoices::client_id.eq(client.as_uuid()))
        .filter(payments::voided_at.is_null())
        .order((payments::position.desc(), payments::id.desc()))
        .limit(limit)
        .select((PaymentRow::as_select(), invoices::numero, invoices::currency))
        .load(conn)
        .await?;
    rows.into_iter()
        .map(|(payment, numero, currency)| {
            let payment: crate::Payment = payment.into();
            let currency = Currency::from_stored(&currency).map_err(unreadable)?;
            let amount = Money::new(payment.amount_cents, currency);
            Ok(StatementPayment { payment, amount, numero })
        })
        .collect()
}
