use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::RunQueryDsl as _;
use rubis_db::AsyncPgConnection;
use rubis_invoices::{InvoiceFilter, InvoicePosition, InvoiceSort, LineInput, list_invoices, statement};

use crate::{Fixture, TODAY, client, input, put_in};

#[derive(QueryableByName)]
struct Prepared {
    #[diesel(sql_type = Text)]
    statement: String,
}

/// Returns the texts of the statements that the connection caches.
async fn kept(conn: &mut AsyncPgConnection) -> Vec<String> {
    let rows: Vec<Prepared> =
        sql_query("SELECT statement FROM pg_prepared_statements").load(conn).await.unwrap();
    rows.into_iter().map(|row| row.statement).collect()
}

fn count(kept: &[String], part: &str) -> usize {
    kept.iter().filter(|statement| statement.contains(part)).count()
}

#[tokio::test]
async fn a_connection_prepares_once_what_a_new_invoice_a_page_and_a_statement_take() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let petit = client(&mut conn, fixture.ours, "Boulangerie Petit").await;
    for number in 0..3 {
        let items = vec![LineInput { description: "Pose".to_owned(), ..LineInput::default() }];
        let new = rubis_invoices::NewInvoiceInput { items, ..input(petit.id, &format!("F-{number}")) };
        put_in(&mut conn, fixture.ours, new).await;
        statement(&mut conn, fixture.ours, petit.id, TODAY).await.unwrap();
    }
    let none = InvoiceFilter::default();
    let mut after = None;
    // Pages of almost the same size share their statement; the first has its own.
    for limit in [1, 1, 2, 2, 3] {
        let page = list_invoices(&mut conn, fixture.ours, &none, InvoiceSort::default(), after, limit)
            .await
            .unwrap();
        after = page.items.as_slice().first().map(|listed| InvoicePosition::from(&listed.invoice)).or(after);
    }
    let kept = kept(&mut conn).await;
    assert_eq!(count(&kept, r#"INSERT INTO "clients""#), 1, "{kept:#?}");
    assert_eq!(count(&kept, r#"INSERT INTO "invoices""#), 1, "{kept:#?}");
    assert_eq!(count(&kept, r#"INSERT INTO "invoice_lines""#), 1, "{kept:#?}");
    assert_eq!(count(&kept, "sum(amount_ttc_cents - settled_cents)"), 1, "{kept:#?}");
    assert_eq!(count(&kept, "SELECT i.id FROM invoices i"), 3, "{kept:#?}");
    assert_eq!(count(&kept, "LIKE"), 0, "a search is planned for its words: {kept:#?}");
}
