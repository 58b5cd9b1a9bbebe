use rubis_db::AsyncPgConnection;
use rubis_invoices::{
    Client, Invoice, InvoiceFilter, InvoicePosition, InvoiceSort, InvoiceStatus, NewInvoiceInput, NewPayment,
    SearchTerms, Transition, list_invoices, record_payment, transition,
};
use rubis_kernel::OrganizationId;
use time::{Date, Duration, macros::date};

use crate::{Fixture, NOW, TODAY, client, input, put_in};

/// Creates forty invoices of two clients in all states, many of them with equal amounts and due dates.
async fn filled(conn: &mut AsyncPgConnection, organization: OrganizationId) -> (Vec<Invoice>, [Client; 2]) {
    let clients = [
        client(conn, organization, "Boulangerie Petit").await,
        client(conn, organization, "Garage Roux").await,
    ];
    let mut invoices = Vec::new();
    for number in 0..40_u8 {
        let new = NewInvoiceInput {
            amount_ttc_cents: 1000 * i64::from(number % 7 + 1),
            due_date: date!(2026 - 03 - 01) + Duration::days(i64::from(number % 5) * 5),
            ..input(clients[usize::from(number % 2)].id, &format!("F-2026-{number:03}"))
        };
        let mut invoice = put_in(conn, organization, new).await.invoice;
        match number % 6 {
            1 => transition(conn, &mut invoice, Transition::Disputed, NOW).await.unwrap(),
            2 => transition(conn, &mut invoice, Transition::CheckinSent, NOW).await.unwrap(),
            3 => transition(conn, &mut invoice, Transition::Cancelled, NOW).await.unwrap(),
            4 => {
                let all = NewPayment::of_balance(TODAY, "");
                record_payment(conn, &mut invoice, &all, NOW).await.unwrap();
            }
            _ => {}
        }
        invoices.push(invoice);
    }
    (invoices, clients)
}

/// Returns the expected list, by sorting and filtering here.
fn expected(invoices: &[Invoice], sort: InvoiceSort, keep: impl Fn(&Invoice) -> bool) -> Vec<Invoice> {
    let mut kept: Vec<Invoice> = invoices.iter().filter(|invoice| keep(invoice)).cloned().collect();
    match sort {
        InvoiceSort::DueDate | InvoiceSort::DueDateDescending => {
            kept.sort_by_key(|invoice| (invoice.due_date, invoice.id));
        }
        InvoiceSort::Amount | InvoiceSort::AmountDescending => {
            kept.sort_by_key(|invoice| (invoice.amount.cents, invoice.id));
        }
        InvoiceSort::CreatedAt | InvoiceSort::CreatedAtDescending => kept.sort_by_key(|invoice| invoice.id),
    }
    if sort.as_str().starts_with('-') {
        kept.reverse();
    }
    kept
}

/// Reads all pages of three, one after the other.
async fn paged(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    filter: &InvoiceFilter,
    sort: InvoiceSort,
) -> Vec<Invoice> {
    let mut invoices = Vec::new();
    let mut after: Option<InvoicePosition> = None;
    loop {
        let page = list_invoices(conn, organization, filter, sort, after, 3).await.unwrap();
        assert!(page.items.len() == 3 || !page.more);
        after = page.last_if_more().map(|listed| InvoicePosition::from(&listed.invoice));
        invoices.extend(page.items.into_iter().map(|listed| listed.invoice));
        if after.is_none() {
            return invoices;
        }
    }
}

#[tokio::test]
async fn every_filter_in_every_order_lists_each_invoice_once_over_all_pages() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let (invoices, [petit, _]) = filled(&mut conn, fixture.ours).await;
    filled(&mut conn, fixture.theirs).await;
    let none = InvoiceFilter::default;
    let (from, to): (Date, Date) = (date!(2026 - 03 - 06), date!(2026 - 03 - 16));
    let petits = petit.id;
    let late = |invoice: &Invoice| invoice.is_overdue_on(TODAY);
    type Keep<'keep> = Box<dyn Fn(&Invoice) -> bool + 'keep>;
    let filters: Vec<(InvoiceFilter, Keep<'_>)> = vec![
        (none(), Box::new(|_| true)),
        (
            InvoiceFilter { statuses: vec![InvoiceStatus::Paid], ..none() },
            Box::new(|invoice| invoice.status == InvoiceStatus::Paid),
        ),
        (
            InvoiceFilter { statuses: vec![InvoiceStatus::Litigation, InvoiceStatus::Pending], ..none() },
            Box::new(|invoice| matches!(invoice.status, InvoiceStatus::Litigation | InvoiceStatus::Pending)),
        ),
        (
            InvoiceFilter { client_id: Some(petits), ..none() },
            Box::new(|invoice| invoice.client_id == petits),
        ),
        (
            InvoiceFilter { due_from: Some(from), due_to: Some(to), ..none() },
            Box::new(|invoice| (from..=to).contains(&invoice.due_date)),
        ),
        (InvoiceFilter { overdue_on: Some(TODAY), ..none() }, Box::new(late)),
        (
            InvoiceFilter { overdue_on: Some(TODAY), statuses: vec![InvoiceStatus::Litigation], ..none() },
            Box::new(|invoice| late(invoice) && invoice.status == InvoiceStatus::Litigation),
        ),
        (
            InvoiceFilter { overdue_on: Some(TODAY), statuses: vec![InvoiceStatus::Paid], ..none() },
            Box::new(|_| false),
        ),
        (
            InvoiceFilter { search: SearchTerms::parse("PETIT 2026-00"), ..none() },
            Box::new(|invoice| invoice.client_id == petits && invoice.numero.starts_with("F-2026-00")),
        ),
        (
            InvoiceFilter {
                search: SearchTerms::parse("bo"),
                statuses: vec![InvoiceStatus::Pending],
                client_id: Some(petits),
                due_from: Some(from),
                overdue_on: Some(TODAY),
                ..none()
            },
            Box::new(|invoice| {
                late(invoice)
                    && invoice.client_id == petits
                    && invoice.due_date >= from
                    && invoice.status == InvoiceStatus::Pending
            }),
        ),
    ];
    for (filter, keep) in &filters {
        for sort in InvoiceSort::ALL {
            let listed = paged(&mut conn, fixture.ours, filter, sort).await;
            assert_eq!(listed, expected(&invoices, sort, keep), "{filter:?} by {sort:?}");
        }
    }
}

#[tokio::test]
async fn a_listed_invoice_names_its_client() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let (_, [petit, roux]) = filled(&mut conn, fixture.ours).await;
    let page =
        list_invoices(&mut conn, fixture.ours, &InvoiceFilter::default(), InvoiceSort::default(), None, 50)
            .await
            .unwrap();
    assert_eq!((page.items.len(), page.more), (40, false));
    for listed in page.items {
        let name = if listed.invoice.client_id == petit.id { &petit.name } else { &roux.name };
        assert_eq!(&listed.client_name, name);
    }
}

#[tokio::test]
async fn the_signs_of_a_pattern_are_searched_as_they_are() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let petit = client(&mut conn, fixture.ours, "100% Bio_Pain").await;
    let id = put_in(&mut conn, fixture.ours, input(petit.id, r"A\B")).await.invoice.id;
    let other = client(&mut conn, fixture.ours, "1000 Biorpain").await;
    put_in(&mut conn, fixture.ours, input(other.id, "AxB")).await;
    for typed in ["100%", "bio_p", r"a\b"] {
        let filter = InvoiceFilter { search: SearchTerms::parse(typed), ..InvoiceFilter::default() };
        let page =
            list_invoices(&mut conn, fixture.ours, &filter, InvoiceSort::default(), None, 50).await.unwrap();
        let found: Vec<_> = page.items.into_iter().map(|listed| listed.invoice.id).collect();
        assert_eq!(found, [id], "{typed}");
    }
}
