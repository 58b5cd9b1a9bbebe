//! What the recap of a trial tells.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use rubis_billing::RecapFigures;
use rubis_invoices::{NewPayment, PaymentKind};
use rubis_kernel::{Currency, Money};
use rubis_lifecycle::{recap_figures, record_payment};
use rubis_testkit::Chain;
use time::{
    Duration, OffsetDateTime,
    macros::{date, datetime},
};

const TUESDAY: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);

async fn figures(chain: &Chain, from: OffsetDateTime, until: OffsetDateTime) -> RecapFigures {
    recap_figures(&*chain.conn().await, chain.organization, from, until).await.unwrap()
}

#[tokio::test]
async fn the_figures_of_a_trial_are_those_of_its_time() {
    let chain = Chain::start_at(TUESDAY - Duration::days(30)).await;
    // Before the trial: an invoice, a reminder, a payment.
    let old = chain.invoice_due(date!(2026 - 10 - 20)).await;
    chain.worker.run_until(TUESDAY - Duration::days(20)).await;
    let before = chain.reminders().len();
    assert!(before > 0);
    chain.pay(old.id, None).await;

    chain.clock.set(TUESDAY);
    let paid = chain.invoice_due(date!(2026 - 11 - 20)).await;
    let in_part = chain.invoice_due(date!(2026 - 11 - 20)).await;
    let waived = chain.invoice_due(date!(2026 - 12 - 30)).await;
    let undone = chain.invoice_due(date!(2026 - 12 - 30)).await;
    chain.worker.run_until(TUESDAY + Duration::days(2)).await;
    let sent = chain.reminders().len() - before;
    assert!(sent >= 2);
    chain.pay(paid.id, None).await;
    chain.pay(in_part.id, Some(20_050)).await;
    let credit =
        NewPayment { kind: PaymentKind::CreditNote, ..NewPayment::of_balance(chain.today(), "avoir") };
    record_payment(&mut *chain.conn().await, chain.organization, waived.id, &credit, None, chain.now())
        .await
        .unwrap();
    chain.pay(undone.id, None).await;
    chain.reopen(undone.id).await;

    let until = TUESDAY + Duration::days(11);
    let figures = figures(&chain, TUESDAY, until).await;
    assert_eq!(figures.invoices_imported, 4);
    assert_eq!(figures.relances_sent, u64::try_from(sent).unwrap());
    assert_eq!(figures.recovered, [Money::new(140_050, Currency::EUR)], "no credit note, nothing undone");
    assert_eq!(figures.rubis, figures.relances_sent + 2, "one for each invoice that is settled");
}

#[tokio::test]
async fn a_time_ends_before_its_last_instant() {
    let chain = Chain::start_at(TUESDAY).await;
    chain.invoice_due(date!(2026 - 12 - 30)).await;
    assert_eq!(figures(&chain, TUESDAY, TUESDAY + Duration::SECOND).await.invoices_imported, 1);
    assert_eq!(figures(&chain, TUESDAY - Duration::DAY, TUESDAY).await, RecapFigures::default());
    assert_eq!(
        figures(&chain, TUESDAY + Duration::SECOND, TUESDAY + Duration::DAY).await,
        RecapFigures::default()
    );
}
