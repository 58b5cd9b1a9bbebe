//! The table `payments`.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable,
    SelectableHelper, dsl::exists, result::Error,
};
use diesel_async::RunQueryDsl;
use rubis_db::{AsyncPgConnection, schema::payments};
use rubis_kernel::{InvoiceId, OrganizationId, PaymentId};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::{Invoice, NewPayment, Payment, PaymentKind, PaymentMethod, PaymentPosition};

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
    position: i64,
    void_reason: Option<String>,
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
            void_reason: row.void_reason,
            position: row.position,
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

/// Returns the payment of an invoice with this id.
pub(crate) async fn find(
    conn: &mut AsyncPgConnection,
    invoice: &Invoice,
    id: PaymentId,
) -> Result<Option<Payment>, Error> {
    let row: Option<PaymentRow> = payments::table
        .filter(payments::organization_id.eq(invoice.organization_id.as_uuid()))
        .filter(payments::invoice_id.eq(invoice.id.as_uuid()))
        .filter(payments::id.eq(id.as_uuid()))
        .select(PaymentRow::as_select())
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(Into::into))
}

/// Returns the last payment of an invoice that counts.
pub(crate) async fn last_of(
    conn: &mut AsyncPgConnection,
    invoice: &Invoice,
) -> Result<Option<Payment>, Error> {
    let row: Option<PaymentRow> = payments::table
        .filter(payments::organization_id.eq(invoice.organization_id.as_uuid()))
        .filter(payments::invoice_id.eq(invoice.id.as_uuid()))
        .filter(payments::voided_at.is_null())
        .order((payments::position.desc(), payments::id.desc()))
        .select(PaymentRow::as_select())
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(Into::into))
}

/// Reports whether an invoice has a payment of money that counts.
pub(crate) async fn has_money(conn: &mut AsyncPgConnection, invoice: &Invoice) -> Result<bool, Error> {
    let counting = payments::table
        .filter(payments::organization_id.eq(invoice.organization_id.as_uuid()))
        .filter(payments::invoice_id.eq(invoice.id.as_uuid()))
        .filter(payments::kind.eq(PaymentKind::Payment))
        .filter(payments::voided_at.is_null());
    diesel::select(exists(counting)).get_result(conn).await
}

/// Voids a payment. Its invoice is locked, so that the payment does not change meanwhile.
pub(crate) async fn void(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    id: PaymentId,
    reason: Option<&str>,
    now: OffsetDateTime,
) -> Result<Payment, Error> {
    let one = payments::table
        .filter(payments::organization_id.eq(organization.as_uuid()))
        .filter(payments::id.eq(id.as_uuid()));
    diesel::update(one)
        .set((payments::voided_at.eq(now), payments::void_reason.eq(reason)))
        .returning(PaymentRow::as_returning())
        .get_result(conn)
        .await
        .map(Into::into)
}

/// Returns the latest payments of an invoice, in the order in which they were recorded.
pub(crate) async fn latest_of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    limit: u32,
) -> Result<Vec<Payment>, Error> {
    let rows: Vec<PaymentRow> = payments::table
        .filter(payments::organization_id.eq(organization.as_uuid()))
        .filter(payments::invoice_id.eq(invoice.as_uuid()))
        .order((payments::position.desc(), payments::id.desc()))
        .limit(limit.into())
        .select(PaymentRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().rev().map(Into::into).collect())
}

/// Returns the payments of an invoice after a position, in the order in which they were recorded.
pub(crate) async fn page_of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    after: Option<PaymentPosition>,
    limit: i64,
) -> Result<Vec<Payment>, Error> {
    let (position, id) = after.map_or((0, Uuid::nil()), |after| (after.position, after.id.into()));
    let behind = payments::position.gt(position).or(payments::position.eq(position).and(payments::id.gt(id)));
    let rows: Vec<PaymentRow> = payments::table
        .filter(payments::organization_id.eq(organization.as_uuid()))
        .filter(payments::invoice_id.eq(invoice.as_uuid()))
        .filter(behind)
        .order((payments::position, payments::id))
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
        .order((payments::position, payments::id))
        .select(PaymentRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}
