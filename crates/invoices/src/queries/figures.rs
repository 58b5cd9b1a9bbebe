//! What came of an organization's invoices in a time.

use diesel::{
    QueryableByName,
    result::Error,
    sql_types::{BigInt, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use rubis_db::{
    AsyncPgConnection,
    statement::{Bind as _, prepared, statement},
};
use rubis_kernel::{Currency, Money, OrganizationId};
use time::OffsetDateTime;

use super::unreadable;

statement!(
    CountInvoices,
    "SELECT count(*) FILTER (WHERE created_at >= time.start AND created_at < time.stop) AS imported,
            count(*) FILTER (WHERE paid_at >= time.start AND paid_at < time.stop) AS paid
     FROM invoices, (SELECT ?::timestamptz AS start, ?::timestamptz AS stop) AS time
     WHERE organization_id = ?"
);

#[derive(QueryableByName)]
struct Counts {
    #[diesel(sql_type = BigInt)]
    imported: i64,
    #[diesel(sql_type = BigInt)]
    paid: i64,
}

/// How many invoices were put in, and how many settled.
pub(crate) async fn counts(
    mut conn: &AsyncPgConnection,
    organization: OrganizationId,
    from: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<(u64, u64), Error> {
    let row: Counts = prepared::<CountInvoices>()
        .bind::<Timestamptz, _>(from)
        .bind::<Timestamptz, _>(until)
        .bind::<SqlUuid, _>(organization.as_uuid())
        .get_result(&mut conn)
        .await?;
    Ok((u64::try_from(row.imported).map_err(unreadable)?, u64::try_from(row.paid).map_err(unreadable)?))
}

statement!(
    SumPayments,
    "SELECT invoices.currency::text AS currency, sum(payments.amount_cents)::bigint AS cents
     FROM payments JOIN invoices
         ON invoices.organization_id = payments.organization_id AND invoices.id = payments.invoice_id
     WHERE payments.organization_id = ? AND payments.kind = 'payment' AND payments.voided_at IS NULL
       AND payments.created_at >= ? AND payments.created_at < ?
     GROUP BY invoices.currency
     ORDER BY cents DESC, currency"
);

#[derive(QueryableByName)]
struct Sum {
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    cents: i64,
}

/// What was paid, one amount for each currency.
pub(crate) async fn recovered(
    mut conn: &AsyncPgConnection,
    organization: OrganizationId,
    from: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<Vec<Money>, Error> {
    let rows: Vec<Sum> = prepared::<SumPayments>()
        .bind::<SqlUuid, _>(organization.as_uuid())
        .bind::<Timestamptz, _>(from)
        .bind::<Timestamptz, _>(until)
        .load(&mut conn)
        .await?;
    let money = |row: Sum| {
        let currency = Currency::from_stored(&row.currency).map_err(unreadable)?;
        Ok(Money::new(row.cents, currency))
    };
    rows.into_iter().map(money).collect()
}
