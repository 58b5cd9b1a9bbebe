//! The list of an organization's invoices: filtered, searched, sorted, a page at a time.

use rubis_accounts::Page;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{ClientId, InvoiceId, OrganizationId};
use serde::{Deserialize, Serialize};
use time::Date;

use crate::{Invoice, InvoiceStatus, SearchTerms, queries};

/// Which invoices are listed: those that meet all of it.
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
    /// Late on this day: due before it, with something outstanding.
    pub overdue_on: Option<Date>,
}

impl InvoiceFilter {
    /// The states that the filter leaves, those of late invoices included; `None` for any.
    pub(crate) fn effective_statuses(&self) -> Option<Vec<InvoiceStatus>> {
        let wanted = |status: &InvoiceStatus| self.statuses.is_empty() || self.statuses.contains(status);
        if self.overdue_on.is_some() {
            return Some(InvoiceStatus::OPEN.into_iter().filter(wanted).collect());
        }
        (!self.statuses.is_empty()).then(|| InvoiceStatus::ALL.iter().copied().filter(wanted).collect())
    }
}

/// The order of a list. Equal values are put in the order of ids, descending where the values are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum InvoiceSort {
    /// Due first at the front.
    DueDate,
    /// Due last at the front.
    DueDateDescending,
    /// Put in first at the front.
    CreatedAt,
    /// Put in last at the front.
    #[default]
    CreatedAtDescending,
    /// The smallest at the front.
    Amount,
    /// The largest at the front.
    AmountDescending,
}

impl InvoiceSort {
    /// Every order.
    pub const ALL: [Self; 6] = [
        Self::DueDate,
        Self::DueDateDescending,
        Self::CreatedAt,
        Self::CreatedAtDescending,
        Self::Amount,
        Self::AmountDescending,
    ];

    /// How the API writes it: a field, with a dash before it when descending.
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

    /// The order that the API writes so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.as_str() == text)
    }
}

/// Where an invoice stands in every order: what a cursor carries of the last invoice of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoicePosition {
    /// When it is due.
    pub due_date: Date,
    /// Its total, in cents.
    pub amount_cents: i64,
    /// Its id, in the order in which invoices were put in.
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
    /// The invoice.
    pub invoice: Invoice,
    /// Who owes it.
    pub client_name: String,
}

/// A page of the organization's invoices that a filter leaves, after the position of the last one seen.
///
/// # Errors
/// The database's.
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
