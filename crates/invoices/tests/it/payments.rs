use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::{
    InvoiceStatus, NewPayment, Payment, PaymentKind, RecordPaymentError, Transition, VoidSettlementError,
    lock_invoice, payments_of, record_payment, relance_sent, transition, void_settlement,
};
use rubis_kernel::{InvoiceId, OrganizationId};
use time::Duration;

use crate::{Fixture, NOW, TODAY, invoice, locked};

fn of(cents: i64) -> NewPayment {
    NewPayment { amount_cents: Some(cents), ..NewPayment::of_balance(TODAY, "virement") }
}

#[tokio::test]
async fn part_payments_leave_the_invoice_where_it_stands_until_nothing_is_outstanding() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let mut invoice = invoice(&mut conn, fixture.ours).await;
    relance_sent(&conn, &mut invoice, NOW).await.unwrap();

    let first = record_payment(&mut conn, &mut invoice, &of(20_000), NOW).await.unwrap();
    assert!(!first.settled_in_full);
    assert_eq!((invoice.status, invoice.balance().cents), (InvoiceStatus::InRelance, 100_000));
    let credit = NewPayment { kind: PaymentKind::CreditNote, ..of(30_000) };
    assert!(!record_payment(&mut conn, &mut invoice, &credit, NOW).await.unwrap().settled_in_full);

    let later = NOW + Duration::HOUR;
    let rest = NewPayment::of_balance(TODAY, "via check-in");
    let last = record_payment(&mut conn, &mut invoice, &rest, later).await.unwrap();
    assert!(last.settled_in_full);
    assert_eq!((last.payment.amount_cents, last.payment.label.as_str()), (70_000, "via check-in"));
    assert_eq!((invoice.status, invoice.paid_at), (InvoiceStatus::Paid, Some(later)));
    assert_eq!((invoice.balance().cents, invoice.rubis_earned), (0, 2));
    assert_eq!(locked(&mut conn, fixture.ours, invoice.id).await, invoice);
    let payments = payments_of(&mut conn, fixture.ours, invoice.id).await.unwrap();
    assert_eq!(payments, [first.payment, payments[1].clone(), last.payment]);
}

#[tokio::test]
async fn nobody_pays_more_than_is_outstanding() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let mut invoice = invoice(&mut conn, fixture.ours).await;
    record_payment(&mut conn, &mut invoice, &of(100_000), NOW).await.unwrap();
    let refused = record_payment(&mut conn, &mut invoice, &of(20_001), NOW).await;
    assert!(
        matches!(refused, Err(RecordPaymentError::AmountExceedsBalance { balance }) if balance.cents == 20_000)
    );
    assert!(record_payment(&mut conn, &mut invoice, &of(20_000), NOW).await.unwrap().settled_in_full);
    let refused = record_payment(&mut conn, &mut invoice, &of(1), NOW).await;
    assert!(
        matches!(refused, Err(RecordPaymentError::Illegal(illegal)) if illegal.from == InvoiceStatus::Paid)
    );
}

#[tokio::test]
async fn a_cancelled_invoice_takes_no_payment_and_a_disputed_one_does() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let mut invoice = invoice(&mut conn, fixture.ours).await;
    transition(&mut conn, &mut invoice, Transition::Disputed, NOW).await.unwrap();
    record_payment(&mut conn, &mut invoice, &of(1), NOW).await.unwrap();
    assert_eq!(invoice.status, InvoiceStatus::Litigation);
    transition(&mut conn, &mut invoice, Transition::Cancelled, NOW).await.unwrap();
    let refused = record_payment(&mut conn, &mut invoice, &of(1), NOW).await;
    assert!(matches!(refused, Err(RecordPaymentError::Illegal(_))));
}

/// Records a payment as a request does: locks the invoice and pays, in one transaction.
async fn pay(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    id: InvoiceId,
    cents: i64,
) -> Result<Payment, RecordPaymentError> {
    conn.transaction(async |conn| {
        let mut invoice = lock_invoice(conn, organization, id).await?.unwrap();
        Ok(record_payment(conn, &mut invoice, &of(cents), NOW).await?.payment)
    })
    .await
}

#[tokio::test]
async fn two_payments_at_once_never_add_up_to_more_than_is_owed() {
    let fixture = Fixture::new().await;
    let (mut one, mut other) = (fixture.conn().await, fixture.conn().await);
    let invoice = invoice(&mut one, fixture.ours).await;
    let both = tokio::join!(
        pay(&mut one, fixture.ours, invoice.id, 80_000),
        pay(&mut other, fixture.ours, invoice.id, 80_000)
    );
    assert!(matches!(
        both,
        (Ok(_), Err(RecordPaymentError::AmountExceedsBalance { .. }))
            | (Err(RecordPaymentError::AmountExceedsBalance { .. }), Ok(_))
    ));
    let both = tokio::join!(
        pay(&mut one, fixture.ours, invoice.id, 30_000),
        pay(&mut other, fixture.ours, invoice.id, 10_000)
    );
    assert!(both.0.is_ok() && both.1.is_ok());
    let settled = locked(&mut one, fixture.ours, invoice.id).await;
    assert_eq!((settled.status, settled.settled.cents), (InvoiceStatus::Paid, 120_000));
    let recorded = payments_of(&mut one, fixture.ours, invoice.id).await.unwrap();
    assert_eq!(recorded.iter().map(|payment| payment.amount_cents).sum::<i64>(), 120_000);
}

#[tokio::test]
async fn a_settlement_that_is_undone_takes_back_its_last_payment_alone() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let mut invoice = invoice(&mut conn, fixture.ours).await;
    relance_sent(&conn, &mut invoice, NOW).await.unwrap();
    record_payment(&mut conn, &mut invoice, &of(20_000), NOW).await.unwrap();
    let last = record_payment(&mut conn, &mut invoice, &of(100_000), NOW).await.unwrap().payment;

    let later = NOW + Duration::HOUR;
    let undone = void_settlement(&mut conn, &mut invoice, later).await.unwrap();
    assert_eq!(undone, Payment { voided_at: Some(later), ..last });
    assert_eq!((invoice.status, invoice.paid_at), (InvoiceStatus::InRelance, None));
    assert_eq!((invoice.balance().cents, invoice.rubis_earned), (100_000, 1));
    assert_eq!(locked(&mut conn, fixture.ours, invoice.id).await, invoice);

    // Settled and undone again, the payment undone before is passed over.
    let again = record_payment(&mut conn, &mut invoice, &of(100_000), later).await.unwrap();
    assert!(again.settled_in_full);
    assert_eq!(invoice.rubis_earned, 2);
    assert_eq!(void_settlement(&mut conn, &mut invoice, later).await.unwrap().id, again.payment.id);
    let refused = void_settlement(&mut conn, &mut invoice, later).await;
    assert!(matches!(refused, Err(VoidSettlementError::Illegal(_))));
}
