//! Figures about an organization's invoices in a period.

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
            count(*) FILTER (WHERE paid_at >= time.start AND paid_at < time.stop AND NOT credited) AS paid
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

/// Counts the invoices created, and those settled otherwise than by credit notes alone.
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
    "SELECT currency::text AS currency, sum(cents)::bigint AS cents FROM (
         SELECT invoices.currency, payments.amount_cents AS cents
         FROM payments JOIN invoices
             ON invoices.organization_id = payments.organization_id AND invoices.id = payments.invoice_id
         WHERE payments.organization_id = ? AND payments.kind = 'payment' AND payments.voided_at IS NULL
           AND payments.created_at >= ? AND payments.created_at < ?
         UNION ALL
         SELECT currency, -overpaid_cents FROM invoices
         WHERE organization_id = ? AND overpaid_cents > 0 AND paid_at >= ? AND paid_at < ?
     ) AS recovered
     GROUP BY currency
     ORDER BY 2 DESC, 1"
);

#[derive(QueryableByName)]
struct Sum {
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    cents: i64,
}

/// Sums the amounts paid, without the clients' credit, one amount per currency. The payment that overpaid an invoice
/// is the one that settled it.
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
