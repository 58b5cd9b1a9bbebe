//! Lists an organization's invoices: filtered, searched, sorted, a page at a time.

use rubis_accounts::Page;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{ClientId, InvoiceId, OrganizationId};
use serde::{Deserialize, Serialize};
use time::Date;

use crate::{Invoice, InvoiceStatus, SearchTerms, queries};

/// Conditions that a listed invoice has to meet, all of them.
#[derive(Clone, Debug, Default)]
pub struct InvoiceFilter {
    /// In one of these states; any if empty.
    pub statuses: Vec<InvoiceStatus>,
    /// Owed by this client.
    pub client_id: Option<ClientId>,
    /// With these words in their number or their client's name.
    pub search: Option<SearchTerms>,
    /// Due on this day or later.
    pub due_from: Option<Date>,
    /// Due on this day or earlier.
    pub due_to: Option<Date>,
    /// Overdue on this day: due before it, with something outstanding.
    pub overdue_on: Option<Date>,
}

impl InvoiceFilter {
    /// Returns the states that pass the filter, including those of overdue invoices; `None` for any.
    pub(crate) fn effective_statuses(&self) -> Option<Vec<InvoiceStatus>> {
        let wanted = |status: &InvoiceStatus| self.statuses.is_empty() || self.statuses.contains(status);
        if self.overdue_on.is_some() {
            return Some(InvoiceStatus::OPEN.into_iter().filter(wanted).collect());
        }
        (!self.statuses.is_empty()).then(|| InvoiceStatus::ALL.iter().copied().filter(wanted).collect())
    }
}

/// Order of a list. Equal values are ordered by id, descending if the values are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum InvoiceSort {
    /// Earliest due date first.
    DueDate,
    /// Latest due date first.
    DueDateDescending,
    /// Oldest first.
    CreatedAt,
    /// Newest first.
    #[default]
    CreatedAtDescending,
    /// Smallest amount first.
    Amount,
    /// Largest amount first.
    AmountDescending,
}

impl InvoiceSort {
    pub const ALL: [Self; 6] = [
        Self::DueDate,
        Self::DueDateDescending,
        Self::CreatedAt,
        Self::CreatedAtDescending,
        Self::Amount,
        Self::AmountDescending,
    ];

    /// Returns the name used by the API: a field, with a dash before it if descending.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DueDate => "dueDate",
            Self::DueDateDescending => "-dueDate",
            Self::CreatedAt => "createdAt",
            Self::CreatedAtDescending => "-createdAt",
            Self::Amount => "amount",
            Self::AmountDescending => "-amount",
        }
    }

    /// Parses the name used by the API.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.as_str() == text)
    }
}

/// Position of an invoice in any order: the content of a cursor, taken from the last invoice of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoicePosition {
    pub due_date: Date,
    /// Total, in cents.
    pub amount_cents: i64,
    /// Id, which follows the order of creation.
    pub id: InvoiceId,
}

impl From<&Invoice> for InvoicePosition {
    fn from(invoice: &Invoice) -> Self {
        Self { due_date: invoice.due_date, amount_cents: invoice.amount.cents, id: invoice.id }
    }
}

/// An invoice in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedInvoice {
    pub invoice: Invoice,
    pub client_name: String,
}

/// Returns a page of the organization's invoices that pass a filter, after the position of the last one seen.
pub async fn list_invoices(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    filter: &InvoiceFilter,
    sort: InvoiceSort,
    after: Option<InvoicePosition>,
    limit: u32,
) -> Result<Page<ListedInvoice>, diesel::result::Error> {
    let ids = queries::invoice_list::ids(conn, organization, filter, sort, after, limit).await?;
    let page = Page::from_one_more(ids, limit);
    let items = queries::invoice_list::with_clients(conn, organization, &page.items).await?;
    Ok(Page { items, more: page.more })
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn an_order_is_read_as_it_is_written() {
        for sort in InvoiceSort::ALL {
            assert_eq!(InvoiceSort::parse(sort.as_str()), Some(sort));
        }
        assert_eq!(InvoiceSort::parse("numero"), None);
    }

    #[test]
    fn late_invoices_have_something_outstanding() {
        let overdue_on = Some(date!(2026 - 03 - 10));
        let late = InvoiceFilter { overdue_on, ..InvoiceFilter::default() };
        assert_eq!(late.effective_statuses(), Some(InvoiceStatus::OPEN.to_vec()));
        let paid =
            InvoiceFilter { overdue_on, statuses: vec![InvoiceStatus::Paid], ..InvoiceFilter::default() };
        assert_eq!(paid.effective_statuses(), Some(Vec::new()));
        assert_eq!(InvoiceFilter::default().effective_statuses(), None);
        let twice = InvoiceFilter {
            statuses: vec![InvoiceStatus::Paid, InvoiceStatus::Pending, InvoiceStatus::Paid],
            ..InvoiceFilter::default()
        };
        assert_eq!(twice.effective_statuses(), Some(vec![InvoiceStatus::Pending, InvoiceStatus::Paid]));
    }
}
