//! What came of an organization's invoices in a time.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{Money, OrganizationId};
use time::OffsetDateTime;

use crate::queries;

/// What came of an organization's invoices in a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvoiceFigures {
    /// How many were put in.
    pub imported: u64,
    /// Number settled in full, without those that credit notes alone settled.
    pub paid: u64,
    /// Amounts paid, without credit notes, voided payments and the credit of clients: one amount for each currency, the largest first.
    pub recovered: Vec<Money>,
}

/// What came of the organization's invoices from one instant until before another.
///
/// # Errors
/// The database's.
pub async fn figures_between(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    from: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<InvoiceFigures, diesel::result::Error> {
    let (imported, paid) = queries::figures::counts(conn, organization, from, until).await?;
    let recovered = queries::figures::recovered(conn, organization, from, until).await?;
    Ok(InvoiceFigures { imported, paid, recovered })
}
