use rubis_accounts::Pause;
use rubis_invoices::{
    InvoiceStatus, NewPayment, Transition, TransitionError, clear_invoice_pause, record_payment,
    relance_sent, set_invoice_pause, transition, void_settlement,
};
use time::{Duration, macros::date};

use crate::{Fixture, NOW, TODAY, invoice, locked};

#[tokio::test]
async fn a_dispute_suspends_an_invoice_and_it_goes_back_to_where_it_stood() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let mut silent = invoice(&mut conn, fixture.ours).await;
    transition(&mut conn, &mut silent, Transition::Disputed, NOW).await.unwrap();
    assert_eq!(silent.status, InvoiceStatus::Litigation);
    assert_eq!(locked(&mut conn, fixture.ours, silent.id).await, silent);
    transition(&mut conn, &mut silent, Transition::Resumed, NOW).await.unwrap();
    assert_eq!(silent.status, InvoiceStatus::Pending);

    relance_sent(&conn, &mut silent, NOW).await.unwrap();
    transition(&mut conn, &mut silent, Transition::Disputed, NOW).await.unwrap();
    transition(&mut conn, &mut silent, Transition::Resumed, NOW).await.unwrap();
    assert_eq!(silent.status, InvoiceStatus::InRelance);
}

#[tokio::test]
async fn an_invoice_settled_while_it_was_disputed_is_disputed_again_when_it_is_reopened() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let mut invoice = invoice(&mut conn, fixture.ours).await;
    relance_sent(&conn, &mut invoice, NOW).await.unwrap();
    let everything = NewPayment::of_balance(TODAY, "");
    transition(&mut conn, &mut invoice, Transition::Disputed, NOW).await.unwrap();
    record_payment(&mut conn, &mut invoice, &everything, NOW).await.unwrap();
    assert_eq!(
        locked(&mut conn, fixture.ours, invoice.id).await.settled_from,
        Some(InvoiceStatus::Litigation)
    );
    void_settlement(&mut conn, &mut invoice, NOW).await.unwrap();
    assert_eq!((invoice.status, invoice.settled_from), (InvoiceStatus::Litigation, None));
    assert_eq!(locked(&mut conn, fixture.ours, invoice.id).await, invoice);

    // After the dispute it is chased, whether it was settled meanwhile or not.
    transition(&mut conn, &mut invoice, Transition::Resumed, NOW).await.unwrap();
    record_payment(&mut conn, &mut invoice, &everything, NOW).await.unwrap();
    void_settlement(&mut conn, &mut invoice, NOW).await.unwrap();
    assert_eq!(invoice.status, InvoiceStatus::InRelance);
}

#[tokio::test]
async fn a_cancelled_invoice_remembers_when_and_takes_nothing_more() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let mut invoice = invoice(&mut conn, fixture.ours).await;
    let later = NOW + Duration::HOUR;
    transition(&mut conn, &mut invoice, Transition::Cancelled, later).await.unwrap();
    assert_eq!((invoice.status, invoice.cancelled_at), (InvoiceStatus::Cancelled, Some(later)));
    let before = invoice.clone();
    let refused = transition(&mut conn, &mut invoice, Transition::Disputed, later).await;
    assert!(
        matches!(refused, Err(TransitionError::Illegal(illegal)) if illegal.from == InvoiceStatus::Cancelled)
    );
    assert_eq!(invoice, before);
}

#[tokio::test]
async fn being_paid_follows_from_payments_alone() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let mut invoice = invoice(&mut conn, fixture.ours).await;
    for by_payment in [Transition::SettledInFull, Transition::Reopened] {
        let refused = transition(&mut conn, &mut invoice, by_payment, NOW).await;
        assert!(matches!(refused, Err(TransitionError::DecidedByPayments)));
    }
}

#[tokio::test]
async fn each_reminder_earns_a_rubis_and_the_first_puts_a_silent_invoice_in_relance() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let mut invoice = invoice(&mut conn, fixture.ours).await;
    relance_sent(&conn, &mut invoice, NOW).await.unwrap();
    assert_eq!((invoice.status, invoice.chased, invoice.rubis_earned), (InvoiceStatus::InRelance, true, 1));
    relance_sent(&conn, &mut invoice, NOW).await.unwrap();
    assert_eq!(invoice.rubis_earned, 2);
    assert_eq!(locked(&mut conn, fixture.ours, invoice.id).await, invoice);
}

#[tokio::test]
async fn a_reminder_that_crosses_a_settlement_leaves_the_invoice_paid() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let mut invoice = invoice(&mut conn, fixture.ours).await;
    let all = NewPayment::of_balance(TODAY, "");
    record_payment(&mut conn, &mut invoice, &all, NOW).await.unwrap();
    relance_sent(&conn, &mut invoice, NOW).await.unwrap();
    assert_eq!((invoice.status, invoice.chased, invoice.rubis_earned), (InvoiceStatus::Paid, true, 2));
}

#[tokio::test]
async fn an_invoice_is_paused_and_resumed_whatever_else_happens_to_it() {
    let fixture = Fixture::new().await;
    let mut conn = fixture.conn().await;
    let mut before = invoice(&mut conn, fixture.ours).await;
    let pause = Pause { since: NOW, until: Some(date!(2026 - 04 - 01)) };
    let paused = set_invoice_pause(&mut conn, fixture.ours, before.id, pause, NOW).await.unwrap().unwrap();
    assert_eq!(paused.pause, Some(pause));
    transition(&mut conn, &mut before, Transition::Disputed, NOW).await.unwrap();
    assert_eq!(before.pause, Some(pause), "saving where it stands does not touch the pause");
    let resumed = clear_invoice_pause(&mut conn, fixture.ours, before.id, NOW).await.unwrap().unwrap();
    assert_eq!(resumed.pause, None);
}
