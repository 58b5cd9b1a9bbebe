use diesel_async::RunQueryDsl;
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::{
    InvoiceOutcome, InvoiceStatus, NewPayment, Payment, PaymentKind, PaymentPosition, RecordPaymentError,
    Transition, VoidPaymentError, VoidReason, figures_between, list_payments, lock_invoice, payments_of,
    record_payment, relance_sent, statement, transition, void_payment, void_settlement,
};
use rubis_kernel::{InvoiceId, OrganizationId};
use time::Duration;

use crate::{Fixture, NOW, TODAY, input, invoice, locked, put_in};

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
async fn what_is_paid_beyond_the_balance_settles_the_invoice_and_is_the_clients_credit() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let mut exact = invoice(&mut conn, fixture.ours).await;
    assert!(record_payment(&mut conn, &mut exact, &of(120_000), NOW).await.unwrap().settled_in_full);
    assert_eq!(exact.overpaid.cents, 0);

    let client = exact.client_id;
    let mut overpaid = put_in(&mut conn, fixture.ours, input(client, "F-2")).await.invoice;
    record_payment(&mut conn, &mut overpaid, &of(100_000), NOW).await.unwrap();
    let last = record_payment(&mut conn, &mut overpaid, &of(25_000), NOW).await.unwrap();
    assert!(last.settled_in_full);
    assert_eq!(last.payment.amount_cents, 25_000, "the whole of what came in stays on record");
    assert_eq!((overpaid.balance().cents, overpaid.overpaid.cents), (0, 5_000));
    assert_eq!(locked(&mut conn, fixture.ours, overpaid.id).await, overpaid);
    let told = statement(&mut conn, fixture.ours, client, TODAY).await.unwrap().unwrap();
    let balances: Vec<_> = told
        .balances
        .iter()
        .map(|balance| (balance.outstanding.cents, balance.open_invoices, balance.credit.cents))
        .collect();
    assert_eq!(balances, [(0, 0, 5_000)]);
    let refused = record_payment(&mut conn, &mut overpaid, &of(1), NOW).await;
    assert!(
        matches!(refused, Err(RecordPaymentError::Illegal(illegal)) if illegal.from == InvoiceStatus::Paid)
    );
}

#[tokio::test]
async fn no_more_is_waived_than_is_outstanding() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let mut invoice = invoice(&mut conn, fixture.ours).await;
    record_payment(&mut conn, &mut invoice, &of(100_000), NOW).await.unwrap();
    let credit = |cents| NewPayment { kind: PaymentKind::CreditNote, ..of(cents) };
    let refused = record_payment(&mut conn, &mut invoice, &credit(20_001), NOW).await;
    assert!(
        matches!(refused, Err(RecordPaymentError::AmountExceedsBalance { balance }) if balance.cents == 20_000)
    );
    assert!(record_payment(&mut conn, &mut invoice, &credit(20_000), NOW).await.unwrap().settled_in_full);
    assert_eq!(invoice.outcome(), Some(InvoiceOutcome::Paid), "money came in");
    assert_eq!(invoice.rubis_earned, 1);
}

#[tokio::test]
async fn an_invoice_that_credit_notes_alone_settle_is_credited_and_earns_no_rubis() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let mut invoice = invoice(&mut conn, fixture.ours).await;
    relance_sent(&conn, &mut invoice, NOW).await.unwrap();
    let money = record_payment(&mut conn, &mut invoice, &of(10_000), NOW).await.unwrap().payment;
    void_payment(&mut conn, &mut invoice, money.id, None, NOW).await.unwrap();
    let part = NewPayment { kind: PaymentKind::CreditNote, ..of(40_000) };
    record_payment(&mut conn, &mut invoice, &part, NOW).await.unwrap();
    assert_eq!(invoice.outcome(), None);
    let rest = NewPayment { amount_cents: None, ..part };
    assert!(record_payment(&mut conn, &mut invoice, &rest, NOW).await.unwrap().settled_in_full);
    assert_eq!(invoice.outcome(), Some(InvoiceOutcome::Credited));
    assert_eq!((invoice.status, invoice.rubis_earned), (InvoiceStatus::Paid, 1), "one of the reminder alone");
    assert_eq!(locked(&mut conn, fixture.ours, invoice.id).await, invoice);
    let figures = figures_between(&conn, fixture.ours, NOW, NOW + Duration::DAY).await.unwrap();
    assert_eq!((figures.paid, figures.recovered), (0, Vec::new()));

    let voided = void_settlement(&mut conn, &mut invoice, NOW).await.unwrap();
    assert!(voided.reopened && !voided.gave_back_rubis);
    assert_eq!((invoice.outcome(), invoice.rubis_earned), (None, 1));
    // Control: the same invoice settled by money.
    record_payment(&mut conn, &mut invoice, &NewPayment::of_balance(TODAY, ""), NOW).await.unwrap();
    assert_eq!((invoice.outcome(), invoice.rubis_earned), (Some(InvoiceOutcome::Paid), 2));
    let figures = figures_between(&conn, fixture.ours, NOW, NOW + Duration::DAY).await.unwrap();
    assert_eq!((figures.paid, figures.recovered[0].cents), (1, 80_000));
}

#[tokio::test]
async fn any_payment_is_voided_with_its_reason_and_the_balance_follows() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let mut invoice = invoice(&mut conn, fixture.ours).await;
    let first = record_payment(&mut conn, &mut invoice, &of(50_000), NOW).await.unwrap().payment;
    let credit = NewPayment { kind: PaymentKind::CreditNote, ..of(30_000) };
    let credit = record_payment(&mut conn, &mut invoice, &credit, NOW).await.unwrap().payment;
    let last = record_payment(&mut conn, &mut invoice, &of(60_000), NOW).await.unwrap().payment;
    assert_eq!((invoice.status, invoice.overpaid.cents), (InvoiceStatus::Paid, 20_000));

    let reason = VoidReason::parse(" chèque sans provision ").unwrap();
    let voided = void_payment(&mut conn, &mut invoice, first.id, Some(&reason), NOW).await.unwrap();
    assert_eq!(voided.payment.void_reason.as_deref(), Some("chèque sans provision"));
    assert!(voided.reopened && voided.gave_back_rubis);
    assert_eq!((invoice.status, invoice.paid_at), (InvoiceStatus::Pending, None));
    let figures = (invoice.balance().cents, invoice.overpaid.cents, invoice.rubis_earned);
    assert_eq!(figures, (30_000, 0, 0), "the credit covers a part of it");
    assert_eq!(locked(&mut conn, fixture.ours, invoice.id).await, invoice);

    let again = void_payment(&mut conn, &mut invoice, first.id, Some(&reason), NOW).await;
    assert!(matches!(again, Err(VoidPaymentError::AlreadyVoided)));
    let other = put_in(&mut conn, fixture.ours, input(invoice.client_id, "F-2")).await.invoice;
    let of_another = void_payment(&mut conn, &mut other.clone(), last.id, Some(&reason), NOW).await;
    assert!(matches!(of_another, Err(VoidPaymentError::NotFound)));

    // On an open and on a cancelled invoice only the balance changes.
    let voided = void_payment(&mut conn, &mut invoice, credit.id, Some(&reason), NOW).await.unwrap();
    assert!(!voided.reopened);
    assert_eq!((invoice.status, invoice.balance().cents), (InvoiceStatus::Pending, 60_000));
    transition(&mut conn, &mut invoice, Transition::Cancelled, NOW).await.unwrap();
    void_payment(&mut conn, &mut invoice, last.id, Some(&reason), NOW).await.unwrap();
    assert_eq!((invoice.status, invoice.balance().cents), (InvoiceStatus::Cancelled, 120_000));
}

#[tokio::test]
async fn an_overpaid_invoice_stays_paid_as_long_as_what_is_left_covers_it() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let mut invoice = invoice(&mut conn, fixture.ours).await;
    let first = record_payment(&mut conn, &mut invoice, &of(20_000), NOW).await.unwrap().payment;
    record_payment(&mut conn, &mut invoice, &of(130_000), NOW).await.unwrap();
    assert_eq!(invoice.overpaid.cents, 30_000);
    let voided = void_payment(&mut conn, &mut invoice, first.id, None, NOW).await.unwrap();
    assert!(!voided.reopened && !voided.gave_back_rubis);
    assert_eq!((invoice.status, invoice.overpaid.cents), (InvoiceStatus::Paid, 10_000));
    let figures = figures_between(&conn, fixture.ours, NOW, NOW + Duration::DAY).await.unwrap();
    assert_eq!(figures.recovered[0].cents, 120_000, "the credit of the client is not recovered");
}

#[tokio::test]
async fn payments_are_in_the_order_of_the_database_whatever_the_clocks_said() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let mut invoice = invoice(&mut conn, fixture.ours).await;
    for cents in [20_000, 30_000, 70_000] {
        record_payment(&mut conn, &mut invoice, &of(cents), NOW).await.unwrap();
    }
    // The first one was recorded by a program whose clock is years ahead: its id sorts after the others.
    let ahead = "UPDATE payments SET id = 'ffffffff-ffff-7fff-bfff-ffffffffffff' WHERE amount_cents = 20000";
    diesel::sql_query(ahead).execute(&mut conn).await.unwrap();
    let recorded = payments_of(&mut conn, fixture.ours, invoice.id).await.unwrap();
    let amounts: Vec<_> = recorded.iter().map(|payment| payment.amount_cents).collect();
    assert_eq!(amounts, [20_000, 30_000, 70_000]);

    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let page = list_payments(&mut conn, fixture.ours, invoice.id, after, 1).await.unwrap();
        after = page.items.last().map(PaymentPosition::from);
        listed.extend(page.items);
        if !page.more {
            break;
        }
    }
    assert_eq!(listed, recorded);
    let voided = void_settlement(&mut conn, &mut invoice, NOW).await.unwrap();
    assert_eq!(voided.payment.amount_cents, 70_000, "the last one settled it");
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
async fn of_two_payments_at_once_the_later_one_finds_what_the_other_left() {
    let fixture = Fixture::new().await;
    let (mut one, mut other) = (fixture.conn().await, fixture.conn().await);
    let invoice = invoice(&mut one, fixture.ours).await;
    let both = tokio::join!(
        pay(&mut one, fixture.ours, invoice.id, 30_000),
        pay(&mut other, fixture.ours, invoice.id, 10_000)
    );
    assert!(both.0.is_ok() && both.1.is_ok());
    let both = tokio::join!(
        pay(&mut one, fixture.ours, invoice.id, 90_000),
        pay(&mut other, fixture.ours, invoice.id, 90_000)
    );
    assert!(matches!(
        both,
        (Ok(_), Err(RecordPaymentError::Illegal(_))) | (Err(RecordPaymentError::Illegal(_)), Ok(_))
    ));
    let settled = locked(&mut one, fixture.ours, invoice.id).await;
    assert_eq!((settled.status, settled.settled.cents), (InvoiceStatus::Paid, 120_000));
    assert_eq!(settled.overpaid.cents, 10_000);
    let recorded = payments_of(&mut one, fixture.ours, invoice.id).await.unwrap();
    assert_eq!(recorded.iter().map(|payment| payment.amount_cents).sum::<i64>(), 130_000);
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
    let undone = void_settlement(&mut conn, &mut invoice, later).await.unwrap().payment;
    assert_eq!(undone, Payment { voided_at: Some(later), ..last });
    assert_eq!((invoice.status, invoice.paid_at), (InvoiceStatus::InRelance, None));
    assert_eq!((invoice.balance().cents, invoice.rubis_earned), (100_000, 1));
    assert_eq!(locked(&mut conn, fixture.ours, invoice.id).await, invoice);

    // The payment voided before is skipped.
    let again = record_payment(&mut conn, &mut invoice, &of(100_000), later).await.unwrap();
    assert!(again.settled_in_full);
    assert_eq!(invoice.rubis_earned, 2);
    assert_eq!(void_settlement(&mut conn, &mut invoice, later).await.unwrap().payment.id, again.payment.id);
    let refused = void_settlement(&mut conn, &mut invoice, later).await;
    assert!(matches!(refused, Err(VoidPaymentError::Illegal(_))));
}
