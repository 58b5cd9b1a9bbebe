//! Figures about an organization's invoices in a period.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{Money, OrganizationId};
use time::OffsetDateTime;

use crate::queries;

/// Figures about an organization's invoices in a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvoiceFigures {
    /// Number of invoices created.
    pub imported: u64,
    /// Number of invoices settled in full, without those settled by credit notes alone.
    pub paid: u64,
    /// Amounts paid, without credit notes, voided payments and clients' credit: one amount per currency, largest
    /// first.
    pub recovered: Vec<Money>,
}

/// Computes the figures from one instant until before another.
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
