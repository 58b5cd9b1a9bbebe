//! The table `payments`.

use diesel::{
    ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper, result::Error,
};
use diesel_async::RunQueryDsl;
use rubis_db::{AsyncPgConnection, schema::payments};
use rubis_kernel::{InvoiceId, OrganizationId, PaymentId};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::{Invoice, NewPayment, Payment, PaymentKind, PaymentMethod};

/// A row of the table.
#[derive(Queryable, Selectable)]
#[diesel(table_name = payments, check_for_backend(diesel::pg::Pg))]
pub(crate) struct PaymentRow {
    id: Uuid,
    invoice_id: Uuid,
    kind: PaymentKind,
    amount_cents: i64,
    method: PaymentMethod,
    paid_on: Date,
    label: String,
    voided_at: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
}

impl From<PaymentRow> for Payment {
    fn from(row: PaymentRow) -> Self {
        Self {
            id: row.id.into(),
            invoice_id: row.invoice_id.into(),
            kind: row.kind,
            amount_cents: row.amount_cents,
            method: row.method,
            paid_on: row.paid_on,
            label: row.label,
            voided_at: row.voided_at,
            created_at: row.created_at,
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = payments, treat_none_as_default_value = false)]
struct NewRow<'payment> {
    id: Uuid,
    organization_id: Uuid,
    invoice_id: Uuid,
    kind: PaymentKind,
    amount_cents: i64,
    method: PaymentMethod,
    paid_on: Date,
    label: &'payment str,
    created_at: OffsetDateTime,
}

pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    invoice: &Invoice,
    payment: &NewPayment,
    amount_cents: i64,
    now: OffsetDateTime,
) -> Result<Payment, Error> {
    diesel::insert_into(payments::table)
        .values(NewRow {
            id: PaymentId::new().into(),
            organization_id: invoice.organization_id.into(),
            invoice_id: invoice.id.into(),
            kind: payment.kind,
            amount_cents,
            method: payment.method,
            paid_on: payment.paid_on,
            label: &payment.label,
            created_at: now,
        })
        .returning(PaymentRow::as_returning())
        .get_result(conn)
        .await
        .map(Into::into)
}

/// Makes the last payment that counts count no more. The invoice is locked, so its payments don't change.
pub(crate) async fn void_last(
    conn: &mut AsyncPgConnection,
    invoice: &Invoice,
    now: OffsetDateTime,
) -> Result<Payment, Error> {
    let last: Uuid = payments::table
        .filter(payments::organization_id.eq(invoice.organization_id.as_uuid()))
        .filter(payments::invoice_id.eq(invoice.id.as_uuid()))
        .filter(payments::voided_at.is_null())
        .order(payments::id.desc())
        .select(payments::id)
        .first(conn)
        .await?;
    diesel::update(payments::table.find(last))
        .set(payments::voided_at.eq(now))
        .returning(PaymentRow::as_returning())
        .get_result(conn)
        .await
        .map(Into::into)
}

/// The latest payments of an invoice, in the order in which they were recorded.
pub(crate) async fn latest_of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    limit: u32,
) -> Result<Vec<Payment>, Error> {
    let rows: Vec<PaymentRow> = payments::table
        .filter(payments::organization_id.eq(organization.as_uuid()))
        .filter(payments::invoice_id.eq(invoice.as_uuid()))
        .order(payments::id.desc())
        .limit(limit.into())
        .select(PaymentRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().rev().map(Into::into).collect())
}

/// The payments of an invoice behind one, in the order in which they were recorded.
pub(crate) async fn page_of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    after: Option<PaymentId>,
    limit: i64,
) -> Result<Vec<Payment>, Error> {
    let rows: Vec<PaymentRow> = payments::table
        .filter(payments::organization_id.eq(organization.as_uuid()))
        .filter(payments::invoice_id.eq(invoice.as_uuid()))
        .filter(payments::id.gt(after.map_or(Uuid::nil(), Uuid::from)))
        .order(payments::id)
        .limit(limit)
        .select(PaymentRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

pub(crate) async fn of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
) -> Result<Vec<Payment>, Error> {
    let rows: Vec<PaymentRow> = payments::table
        .filter(payments::organization_id.eq(organization.as_uuid()))
        .filter(payments::invoice_id.eq(invoice.as_uuid()))
        .order(payments::id)
        .select(PaymentRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}
