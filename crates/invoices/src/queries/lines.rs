//! The table `invoice_lines`.

use diesel::{
    ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper, result::Error,
};
use diesel_async::RunQueryDsl;
use rubis_db::{AsyncPgConnection, schema::invoice_lines};
use rubis_kernel::{InvoiceId, InvoiceLineId, OrganizationId};
use uuid::Uuid;

use super::{all, unreadable};
use crate::{InvoiceLine, NewLine, Quantity};

#[derive(Queryable, Selectable)]
#[diesel(table_name = invoice_lines, check_for_backend(diesel::pg::Pg))]
struct LineRow {
    id: Uuid,
    position: i32,
    description: String,
    quantity_thousandths: i64,
    unit_price_cents: i64,
    vat_rate_basis_points: i32,
    service_location_id: Option<Uuid>,
}

impl TryFrom<LineRow> for InvoiceLine {
    type Error = Error;

    fn try_from(row: LineRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.id.into(),
            position: row.position,
            description: row.description,
            quantity: Quantity::from_thousandths(row.quantity_thousandths).map_err(unreadable)?,
            unit_price_cents: row.unit_price_cents,
            vat_rate_basis_points: row.vat_rate_basis_points,
            service_location_id: row.service_location_id.map(Into::into),
        })
    }
}

#[derive(Insertable)]
#[diesel(table_name = invoice_lines, treat_none_as_default_value = false)]
struct NewRow<'line> {
    id: Uuid,
    organization_id: Uuid,
    invoice_id: Uuid,
    position: i32,
    description: &'line str,
    quantity_thousandths: i64,
    unit_price_cents: i64,
    vat_rate_basis_points: i32,
    service_location_id: Option<Uuid>,
}

#[diesel::dsl::auto_type]
fn of(organization: Uuid, invoice: Uuid) -> _ {
    invoice_lines::table
        .filter(invoice_lines::organization_id.eq(organization))
        .filter(invoice_lines::invoice_id.eq(invoice))
}

/// Inserts lines in the given order, numbered from 0.
pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    lines: &[NewLine],
) -> Result<Vec<InvoiceLine>, Error> {
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<NewRow<'_>> = (0..)
        .zip(lines)
        .map(|(position, line)| NewRow {
            id: InvoiceLineId::new().into(),
            organization_id: organization.into(),
            invoice_id: invoice.into(),
            position,
            description: &line.description,
            quantity_thousandths: line.quantity.thousandths(),
            unit_price_cents: line.unit_price_cents,
            vat_rate_basis_points: line.vat_rate_basis_points,
            service_location_id: line.service_location_id.map(Into::into),
        })
        .collect();
    // The text of a statement for several rows depends on their number, so it is prepared each time.
    let inserted = if let [only] = rows.as_slice() {
        let insert = diesel::insert_into(invoice_lines::table).values(only);
        insert.returning(LineRow::as_returning()).get_results(conn).await?
    } else {
        let insert = diesel::insert_into(invoice_lines::table).values(rows);
        insert.returning(LineRow::as_returning()).get_results(conn).await?
    };
    all(inserted)
}

pub(crate) async fn of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
) -> Result<Vec<InvoiceLine>, Error> {
    all(of(organization.into(), invoice.into())
        .order(invoice_lines::position)
        .select(LineRow::as_select())
        .load(conn)
        .await?)
}

pub(crate) async fn delete(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
) -> Result<(), Error> {
    diesel::delete(of(organization.into(), invoice.into())).execute(conn).await?;
    Ok(())
}

pub(crate) async fn forget_service_locations(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
) -> Result<(), Error> {
    diesel::update(of(organization.into(), invoice.into()))
        .set(invoice_lines::service_location_id.eq(None::<Uuid>))
        .execute(conn)
        .await?;
    Ok(())
}
