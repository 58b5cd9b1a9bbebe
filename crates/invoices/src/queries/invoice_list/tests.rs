use diesel::sql_types::Text;
use diesel_async::SimpleAsyncConnection;
use rubis_testkit::TestDatabase;
use time::macros::date;

use super::*;
use crate::search::text_of_invoice;

/// Creates two hundred invoices: with equal due dates and amounts among them, some words frequent and some rare, and
/// only the late numbers outstanding.
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
    // Along the order alone, by sorting, and as PostgreSQL plans it.
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

/// Numbers and client names that searches could get wrong.
const ODD: [(&str, &str); 14] = [
    ("F-2026-0042", "Boulangerie Petit"),
    ("F-2026-0421", "Boulangerie Petit"),
    ("2026/042", "Petit & Fils"),
    ("20260042", "42 rue des Lilas"),
    ("FA 2026 0042 bis", "A B C"),
    ("7", "X"),
    ("n°12-345", "Ébénisterie Œuvre"),
    ("100%", "1000 Bio_Pain"),
    (r"A\B_C", r"\"),
    ("000000000042", "aaaa"),
    ("日本-42", "東京 株式会社"),
    ("😀1234", "İstanbul ﬁn"),
    ("--042--", "- -"),
    ("f 0 0 4 2", "o'neil  \t 42"),
];

/// Returns the invoices with a text that contains these patterns, by reading all of them.
async fn read_through(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    terms: &SearchTerms,
) -> Vec<InvoiceId> {
    let mut query = diesel::sql_query(format!(
        "SELECT id FROM invoices WHERE organization_id = '{organization}'{} ORDER BY id DESC",
        (1..=terms.patterns().len()).map(|n| format!(" AND search_text LIKE ${n}")).collect::<String>()
    ))
    .into_boxed();
    for pattern in terms.patterns() {
        query = query.bind::<Text, _>(pattern);
    }
    let rows: Vec<IdRow> = query.load(conn).await.unwrap();
    rows.into_iter().map(|row| row.id.into()).collect()
}

#[tokio::test]
async fn every_piece_of_a_number_or_name_finds_what_reading_all_texts_finds() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    conn.batch_execute(FILL).await.unwrap();
    let ours: OrganizationId = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001).into();
    // Another organization has invoices with the same texts.
    conn.batch_execute(&FILL.replace("-0000000000", "-0000000001").replace("-0001'", "-0002'"))
        .await
        .unwrap();
    for (index, (numero, name)) in ODD.iter().enumerate() {
        for owner in ["-8000-0001", "-8000-0002"] {
            diesel::sql_query(format!(
                "UPDATE invoices SET search_text = $1 WHERE id = '00000000-0000-7000{owner}{index:08x}'"
            ))
            .bind::<Text, _>(text_of_invoice(numero, name))
            .execute(&mut conn)
            .await
            .unwrap();
        }
    }
    let mut typed: Vec<String> = Vec::new();
    for (numero, name) in ODD {
        for text in [numero, name, &format!("{numero} {name}"), &format!("{name} {numero}")] {
            let letters: Vec<char> = text.chars().collect();
            typed.push(text.to_owned());
            for length in [1, 2, 3, 4, 6] {
                typed.extend(letters.windows(length).map(|piece| piece.iter().collect::<String>()));
            }
        }
    }
    typed.extend(
        ["0042 petit", "petit 404", "042 042", "2026 42", "4242", "frequent 0042"].map(str::to_owned),
    );
    typed.sort();
    typed.dedup();
    let mut found_some = 0;
    for typed in typed {
        let Some(terms) = SearchTerms::parse(&typed) else { continue };
        let filter = InvoiceFilter { search: Some(terms.clone()), ..InvoiceFilter::default() };
        let expected = read_through(&mut conn, ours, &terms).await;
        found_some += usize::from(!expected.is_empty());
        let sort = InvoiceSort::CreatedAtDescending;
        let parts = Parts::new(ours, &filter, None, sort, None, 499);
        let by_keys = run_sorted(&mut conn, &parts, 1000).await.unwrap().unwrap();
        assert_eq!(by_keys, expected, "{typed:?}");
        let listed = ids_within(&mut conn, &filter, &parts, BOUNDS).await.unwrap();
        assert_eq!(listed, expected, "{typed:?}");
    }
    assert!(found_some > 300, "{found_some}");
}
