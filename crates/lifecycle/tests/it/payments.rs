//! Payments that are voided, credit notes that end a chain, and disputes that outlive a settlement.

use rubis_accounts::OrganizationInput;
use rubis_checkins::{CheckinAnswer, CheckinStatus};
use rubis_invoices::{
    Invoice, InvoiceInput, InvoiceOutcome, InvoiceStatus, NewPayment, PaymentKind, VoidReason,
};
use rubis_lifecycle::{ReopenError, dispute_invoice, record_payment, void_payment};
use rubis_relances::RelanceStatus;
use rubis_testkit::{Chain, no_limits};
use time::{
    Date, Duration, OffsetDateTime,
    macros::{date, datetime},
};

/// A Tuesday at ten in Paris.
const TUESDAY: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);
const DUE: Date = date!(2026 - 12 - 01);
const LATE: Date = date!(2026 - 11 - 20);

async fn dispute(chain: &Chain, invoice: &Invoice) {
    let (organization, now) = (chain.organization, chain.now());
    dispute_invoice(&mut *chain.conn().await, organization, invoice.id, None, now).await.unwrap();
}

/// Voids the payment of an invoice at this place in the order of the payments.
async fn void(chain: &Chain, invoice: &Invoice, place: usize) -> Result<Invoice, ReopenError> {
    let mut conn = chain.conn().await;
    let payments = rubis_invoices::payments_of(&mut conn, chain.organization, invoice.id).await.unwrap();
    let ids = (invoice.id, payments[place].id);
    let reason = VoidReason::parse("chèque sans provision").unwrap();
    let owner = Some(chain.owner);
    let (organization, now) = (chain.organization, chain.now());
    let voided = void_payment(&mut conn, organization, ids, &reason, owner, &no_limits(), now).await?;
    assert_eq!(voided.payment.voided_at, Some(now));
    Ok(voided.invoice)
}

async fn rubis_of(chain: &Chain) -> i64 {
    let conn = chain.conn().await;
    rubis_accounts::organization(&conn, chain.organization).await.unwrap().unwrap().rubis_count
}

#[tokio::test]
async fn an_invoice_that_was_settled_while_it_was_disputed_is_not_chased_when_it_is_reopened() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let disputed = chain.invoice_due(DUE).await;
    let other = chain.invoice_due(DUE).await;
    dispute(&chain, &disputed).await;
    for invoice in [&disputed, &other] {
        chain.pay(invoice.id, None).await;
        chain.reopen(invoice.id).await;
    }
    assert_eq!(chain.invoice(disputed.id).await.status, InvoiceStatus::Litigation);
    assert_eq!(chain.invoice(other.id).await.status, InvoiceStatus::Pending);

    // None of what plans again plans a disputed invoice.
    chain.plan_again().await;
    let later = InvoiceInput { due_date: Some(DUE + Duration::days(1)), ..InvoiceInput::default() };
    chain.correct(disputed.id, later).await;
    chain
        .set(OrganizationInput { sending_time: Some("11:00".to_owned()), ..OrganizationInput::default() })
        .await;
    assert!(chain.planned(disputed.id).await.is_empty());
    assert!(!chain.planned(other.id).await.is_empty());
    chain.worker.run_until(datetime!(2026-12-24 12:00 UTC)).await;
    let reminded = chain.reminders().iter().filter(|mail| mail.subject.contains(&disputed.numero)).count();
    assert_eq!((reminded, chain.invoice(disputed.id).await.status), (0, InvoiceStatus::Litigation));
    assert!(chain.checkins(disputed.id).await.iter().all(|task| task.status == CheckinStatus::Cancelled));
    assert!(!chain.reminders().is_empty(), "the other one is chased");
}

#[tokio::test]
async fn voiding_a_payment_of_a_check_in_undoes_all_that_followed_from_it() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let invoice = chain.invoice_due(LATE).await;
    chain.worker.run_until(TUESDAY + Duration::minutes(2)).await;
    let token = chain.token(invoice.id).await;
    chain.pay(invoice.id, Some(20_000)).await;
    chain.press(&token, CheckinAnswer::Paid).await;
    assert_eq!((chain.invoice(invoice.id).await.status, rubis_of(&chain).await), (InvoiceStatus::Paid, 1));

    let reopened = void(&chain, &invoice, 1).await.unwrap();
    assert_eq!((reopened.status, reopened.balance().cents), (InvoiceStatus::Pending, 100_000));
    assert_eq!((reopened.rubis_earned, rubis_of(&chain).await), (0, 0));
    let checkins = chain.checkins(invoice.id).await;
    let answered = &checkins[0];
    assert_eq!(answered.status, CheckinStatus::Answered);
    assert_eq!((answered.answer, answered.payment_id), (Some(CheckinAnswer::StillPending), None));
    assert_eq!(checkins[1].status, CheckinStatus::Scheduled, "the user is asked again");
    assert!(!chain.planned(invoice.id).await.is_empty());
    let events =
        rubis_accounts::events_of_invoice(&mut *chain.conn().await, chain.organization, invoice.id, 200)
            .await
            .unwrap();
    let reopened = events.iter().find(|event| event.kind == "invoice_reopened").unwrap();
    assert_eq!(reopened.meta["reason"], "chèque sans provision");

    let again = void(&chain, &invoice, 1).await;
    assert!(matches!(again, Err(ReopenError::Void(_))), "{again:?}");
    chain.worker.run_until(chain.now() + Duration::minutes(2)).await;
    assert!(chain.confirmations().is_empty(), "no mail says that it is paid");
}

#[tokio::test]
async fn voiding_a_payment_before_the_last_one_keeps_the_answer_that_recorded_the_last_one() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let invoice = chain.invoice_due(LATE).await;
    chain.worker.run_until(TUESDAY + Duration::minutes(2)).await;
    let token = chain.token(invoice.id).await;
    chain.pay(invoice.id, Some(20_000)).await;
    chain.press(&token, CheckinAnswer::Paid).await;
    let reopened = void(&chain, &invoice, 0).await.unwrap();
    assert_eq!((reopened.status, reopened.balance().cents), (InvoiceStatus::Pending, 20_000));
    let answered = chain.checkins(invoice.id).await.remove(0);
    assert_eq!(answered.answer, Some(CheckinAnswer::Paid), "its payment counts");
    assert_eq!(rubis_of(&chain).await, 0);
}

#[tokio::test]
async fn voiding_a_part_payment_leaves_the_chain_as_it_is() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(DUE).await;
    chain.pay(invoice.id, Some(20_000)).await;
    let planned = chain.planned(invoice.id).await;
    let after = void(&chain, &invoice, 0).await.unwrap();
    assert_eq!((after.status, after.balance().cents), (InvoiceStatus::Pending, 120_000));
    assert_eq!(chain.planned(invoice.id).await, planned);
    assert_eq!(chain.events(invoice.id).await.last().map(String::as_str), Some("payment_voided"));
}

#[tokio::test]
async fn a_full_credit_note_ends_the_chain_as_credited_and_earns_nothing() {
    let chain = Chain::start_at(TUESDAY).await;
    let credited = chain.invoice_due(DUE).await;
    let paid = chain.invoice_due(DUE).await;
    let note = NewPayment { kind: PaymentKind::CreditNote, ..NewPayment::of_balance(chain.today(), "avoir") };
    let (organization, now) = (chain.organization, chain.now());
    record_payment(&mut *chain.conn().await, organization, credited.id, &note, None, now).await.unwrap();
    assert_eq!(rubis_of(&chain).await, 0);
    chain.pay(paid.id, None).await;
    assert_eq!(rubis_of(&chain).await, 1);

    for (invoice, outcome, code) in [
        (&credited, InvoiceOutcome::Credited, "invoice_credited"),
        (&paid, InvoiceOutcome::Paid, "invoice_paid"),
    ] {
        assert_eq!(chain.invoice(invoice.id).await.outcome(), Some(outcome));
        for relance in chain.relances(invoice.id).await {
            assert_eq!((relance.status, relance.reason.as_deref()), (RelanceStatus::Cancelled, Some(code)));
        }
        assert_eq!(chain.events(invoice.id).await.last().map(String::as_str), Some(code));
    }
    chain.reopen(credited.id).await;
    assert_eq!(rubis_of(&chain).await, 1, "it had earned none");
    assert!(!chain.planned(credited.id).await.is_empty());
}
