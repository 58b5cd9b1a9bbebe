use rubis_invoices::{
    NewInvoiceInput, NewPayment, Transition, open_invoices_of_client, record_payment, statement, transition,
    void_settlement,
};
use time::macros::date;

use crate::{Fixture, NOW, TODAY, client, input, put_in};

#[tokio::test]
async fn a_statement_reports_what_is_owed_in_each_currency_and_what_of_it_is_late() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let petit = client(&mut conn, fixture.ours, "Boulangerie Petit").await;
    let mut late = put_in(&mut conn, fixture.ours, input(petit.id, "F-1")).await.invoice;
    let due_today = NewInvoiceInput { due_date: TODAY, ..input(petit.id, "F-2") };
    let due_today = put_in(&mut conn, fixture.ours, due_today).await.invoice;
    let francs = NewInvoiceInput {
        currency: Some("CHF".to_owned()),
        due_date: date!(2026 - 02 - 15),
        ..input(petit.id, "F-3")
    };
    let francs = put_in(&mut conn, fixture.ours, francs).await.invoice;
    let mut paid = put_in(&mut conn, fixture.ours, input(petit.id, "F-4")).await.invoice;
    let mut cancelled = put_in(&mut conn, fixture.ours, input(petit.id, "F-5")).await.invoice;
    let mut reopened = put_in(&mut conn, fixture.ours, input(petit.id, "F-6")).await.invoice;
    let part = NewPayment { amount_cents: Some(20_000), ..NewPayment::of_balance(TODAY, "") };
    record_payment(&mut conn, &mut late, &part, NOW).await.unwrap();
    record_payment(&mut conn, &mut paid, &NewPayment::of_balance(TODAY, ""), NOW).await.unwrap();
    transition(&mut conn, &mut cancelled, Transition::Cancelled, NOW).await.unwrap();
    record_payment(&mut conn, &mut reopened, &NewPayment::of_balance(TODAY, ""), NOW).await.unwrap();
    void_settlement(&mut conn, &mut reopened, NOW).await.unwrap();

    let told = statement(&mut conn, fixture.ours, petit.id, TODAY).await.unwrap().unwrap();
    assert_eq!(told.client, petit);
    let balances: Vec<_> = told
        .balances
        .iter()
        .map(|balance| {
            let currency = balance.outstanding.currency.as_str();
            (currency, balance.outstanding.cents, balance.overdue.cents, balance.open_invoices)
        })
        .collect();
    assert_eq!(balances, [("CHF", 120_000, 120_000, 1), ("EUR", 340_000, 220_000, 3)]);
    let open: Vec<_> = told.open_invoices.iter().map(|invoice| invoice.id).collect();
    assert_eq!(open, [francs.id, late.id, reopened.id, due_today.id]);
    assert!(!told.more_open_invoices);
    let payments: Vec<_> =
        told.recent_payments.iter().map(|paid| (paid.numero.as_str(), paid.amount.cents)).collect();
    assert_eq!(payments, [("F-4", 120_000), ("F-1", 20_000)]);

    let after = Some((late.due_date, late.id));
    let behind = open_invoices_of_client(&mut conn, fixture.ours, petit.id, after, 10).await.unwrap();
    assert_eq!(behind.iter().map(|invoice| invoice.id).collect::<Vec<_>>(), [reopened.id, due_today.id]);
}

#[tokio::test]
async fn a_client_who_owes_nothing_has_an_empty_statement() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let petit = client(&mut conn, fixture.ours, "Boulangerie Petit").await;
    let told = statement(&mut conn, fixture.ours, petit.id, TODAY).await.unwrap().unwrap();
    assert!(told.balances.is_empty() && told.open_invoices.is_empty() && told.recent_payments.is_empty());
}
