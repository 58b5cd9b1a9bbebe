use diesel_async::SimpleAsyncConnection;
use rubis_testkit::TestDatabase;
use time::macros::date;

use super::*;

/// Two hundred invoices: equal due dates and amounts among them, some words frequent and some rare, the late
/// numbers alone outstanding.
const FILL: &str = "
    INSERT INTO organizations (id, name, created_at, updated_at)
        VALUES ('00000000-0000-7000-8000-000000000001', 'Martin', now(), now());
    INSERT INTO clients (id, organization_id, name, email, search_text, created_at, updated_at)
        VALUES ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001',
                'Petit', 'petit@example.fr', ' petit', now(), now());
    INSERT INTO invoices (id, organization_id, client_id, numero, amount_ttc_cents, settled_cents, currency,
                          issue_date, due_date, status, paid_at, search_text, created_at, updated_at)
        SELECT ('00000000-0000-7000-8000-0001' || lpad(to_hex(n), 8, '0'))::uuid,
               '00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002', 'F-' || n,
               1 + n * 7919 % 11, CASE WHEN n < 150 THEN 1 + n * 7919 % 11 ELSE 0 END, 'EUR',
               '2026-01-01', date '2026-01-01' + n / 10,
               (CASE WHEN n < 150 THEN 'paid' ELSE 'pending' END)::invoice_status,
               CASE WHEN n < 150 THEN now() END,
               CASE WHEN n % 50 = 0 THEN ' rare petit' ELSE ' frequent petit' END, now(), now()
          FROM generate_series(0, 199) AS n;";

#[tokio::test]
async fn every_way_of_finding_a_page_finds_the_same() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    conn.batch_execute(FILL).await.unwrap();
    let organization: OrganizationId = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001).into();
    let word = |typed: &str| InvoiceFilter { search: SearchTerms::parse(typed), ..InvoiceFilter::default() };
    let filters = [
        (word("frequent"), 196),
        (word("rare"), 4),
        (word("rare frequent"), 0),
        (InvoiceFilter { statuses: vec![InvoiceStatus::Pending], ..word("petit") }, 50),
        (InvoiceFilter { due_to: Some(date!(2026 - 01 - 03)), ..InvoiceFilter::default() }, 30),
        (InvoiceFilter { statuses: vec![InvoiceStatus::Pending], ..InvoiceFilter::default() }, 50),
    ];
    // By looking along the order alone, by sorting, and by what PostgreSQL thinks best.
    let ways = [(1000, 1000), (5, 1000), (5, 10)].map(|(nearby, sorted)| Bounds { nearby, sorted });
    for (filter, count) in &filters {
        for sort in InvoiceSort::ALL {
            let mut after = None;
            let mut found = 0;
            loop {
                let parts = Parts::new(organization, filter, filter.effective_statuses(), sort, after, 7);
                let mut pages = Vec::new();
                for bounds in ways {
                    pages.push(ids_within(&mut conn, filter, &parts, bounds).await.unwrap());
                }
                assert!(pages.windows(2).all(|two| two[0] == two[1]), "{filter:?} by {sort:?}: {pages:?}");
                let page = &pages[0];
                found += page.len().min(7);
                if page.len() < 8 {
                    break;
                }
                let last = with_clients(&mut conn, organization, &page[6..7]).await.unwrap();
                after = Some(InvoicePosition::from(&last[0].invoice));
            }
            assert_eq!(found, *count, "{filter:?} by {sort:?}");
        }
    }
}
