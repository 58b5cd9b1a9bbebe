//! A free organization writes to a limited number of recipients: of each reminder, and of each day.

use diesel_async::RunQueryDsl;
use rubis_invoices::{NewContact, NewContactInput};
use rubis_kernel::{ClientId, InvoiceId};
use rubis_lifecycle::{SubscriptionLimits, WhyNot};
use rubis_mailer::SendError;
use rubis_testkit::{Chain, TestWorker};
use rubis_worker::HandlerParts;
use time::{
    OffsetDateTime,
    macros::{date, datetime},
};

/// A Tuesday at ten in Paris.
const TUESDAY: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);

/// A company whose organization may write to so many recipients on a day without a subscription.
async fn limited_to(recipients: u32) -> Chain {
    let mut chain = Chain::start_at(TUESDAY).await;
    chain.worker =
        TestWorker::with_parts(&chain.database, &chain.redis, chain.clock.clone(), |parts| HandlerParts {
            limits: SubscriptionLimits { free_recipients_per_day: Some(recipients), ..parts.limits },
            ..parts
        });
    chain
}

async fn add_contacts(chain: &Chain, client: ClientId, count: usize) {
    for number in 1..=count {
        let contact = NewContact::parse(&NewContactInput {
            name: format!("Contact {number}"),
            email: format!("contact{number}@boulangerie-martin.example"),
            phone: None,
            job_title: None,
            receives_relances: true,
        })
        .unwrap();
        let now = chain.now();
        rubis_invoices::add_contact(&mut *chain.conn().await, chain.organization, client, &contact, now)
            .await
            .unwrap();
    }
}

async fn subscribe(chain: &Chain) {
    let statement =
        "UPDATE subscriptions SET plan = 'pro', status = 'active', stripe_subscription_id = 'sub_1',
        state_at = '2026-11-24 09:00Z', subscription_created_at = '2026-11-24 09:00Z'";
    diesel::sql_query(statement).execute(&mut *chain.conn().await).await.unwrap();
}

/// Four invoices of four clients, each with a first reminder on Friday 4 December at nine in Paris.
async fn four_invoices(chain: &Chain) -> Vec<InvoiceId> {
    let mut invoices = Vec::new();
    for number in 1..=4 {
        let email = format!("compta@client{number}.example");
        let invoice = chain.invoice_to(&format!("Client {number}"), &email, date!(2026 - 12 - 01)).await;
        invoices.push(invoice.id);
    }
    invoices
}

#[tokio::test]
async fn a_free_reminder_has_five_copies_at_most_and_a_paid_one_has_all() {
    let chain = limited_to(50).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    add_contacts(&chain, invoice.client_id, 8).await;
    chain.worker.run_until(datetime!(2026-12-04 12:00 UTC)).await;
    let free = chain.reminders();
    assert_eq!((free.len(), free[0].cc.len()), (1, 5));

    subscribe(&chain).await;
    chain.worker.run_until(datetime!(2026-12-11 12:00 UTC)).await;
    let paid = chain.reminders();
    assert_eq!((paid.len(), paid[1].cc.len()), (2, 8));
}

#[tokio::test]
async fn what_exceeds_the_recipients_of_a_day_is_sent_on_the_next_business_day_and_says_why() {
    let chain = limited_to(3).await;
    let invoices = four_invoices(&chain).await;

    chain.worker.run_until(datetime!(2026-12-04 12:00 UTC)).await;

    assert_eq!(chain.reminders().len(), 3);
    let mut held = Vec::new();
    for invoice in invoices {
        let task = chain.relances(invoice).await.remove(0);
        if task.sent_at.is_none() {
            held.push((invoice, task));
        }
    }
    let [(invoice, task)] = held.as_slice() else { panic!("{held:?}") };
    let monday = datetime!(2026-12-07 08:00 UTC);
    assert_eq!((task.send_at, task.reason.as_deref()), (monday, Some("daily_limit")));
    let timeline =
        rubis_lifecycle::timeline(&mut *chain.conn().await, chain.organization, *invoice, chain.now())
            .await
            .unwrap()
            .unwrap();
    assert_eq!(timeline.relances[0].why_not, Some(WhyNot::DailyLimit(monday)));

    chain.worker.run_until(datetime!(2026-12-07 07:59 UTC)).await;
    assert_eq!(chain.reminders().len(), 3, "not before");
    chain.worker.run_until(monday).await;
    assert_eq!(chain.reminders().len(), 4);
    let sent = chain.relances(*invoice).await.remove(0);
    assert_eq!((sent.sent_at, sent.reason), (Some(monday), None));
}

#[tokio::test]
async fn copies_count_and_a_subscription_has_no_such_limit() {
    let chain = limited_to(3).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    add_contacts(&chain, invoice.client_id, 2).await;
    chain.invoice_to("Garage Lopez", "contact@garage-lopez.example", date!(2026 - 12 - 01)).await;
    chain.worker.run_until(datetime!(2026-12-04 12:00 UTC)).await;
    let recipients: usize = chain.reminders().iter().map(|mail| 1 + mail.cc.len()).sum();
    assert!(recipients <= 3, "{recipients}");
    assert_eq!(chain.reminders().len(), 1);

    let paying = limited_to(1).await;
    subscribe(&paying).await;
    four_invoices(&paying).await;
    paying.worker.run_until(datetime!(2026-12-04 12:00 UTC)).await;
    assert_eq!(paying.reminders().len(), 4);
}

#[tokio::test]
async fn a_reminder_that_is_tried_again_is_counted_once() {
    let chain = limited_to(2).await;
    four_invoices(&chain).await;
    let busy = SendError::deferred("451 busy");
    chain.worker.mailer.fail_next(2, &busy);

    chain.worker.run_until(datetime!(2026-12-04 12:00 UTC)).await;

    assert_eq!(chain.reminders().len(), 2, "as many as without the failures");
    chain.worker.run_until(datetime!(2026-12-07 12:00 UTC)).await;
    assert_eq!(chain.reminders().len(), 4);
}

#[tokio::test]
async fn recipients_that_are_added_between_two_attempts_are_counted() {
    let chain = limited_to(3).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    chain.invoice_to("Garage Lopez", "contact@garage-lopez.example", date!(2026 - 12 - 01)).await;
    chain.worker.mailer.fail_next(2, &SendError::deferred("451 busy"));
    chain.worker.run_until(datetime!(2026-12-04 08:00 UTC)).await;
    assert!(chain.reminders().is_empty(), "both first attempts failed");
    add_contacts(&chain, invoice.client_id, 2).await;

    chain.worker.run_until(datetime!(2026-12-04 12:00 UTC)).await;

    let recipients: usize = chain.reminders().iter().map(|mail| 1 + mail.cc.len()).sum();
    assert_eq!(
        recipients, 1,
        "the reminder without new recipients is sent, the other exceeds the day's limit"
    );
    chain.worker.run_until(datetime!(2026-12-07 12:00 UTC)).await;
    assert_eq!(chain.reminders().len(), 2);
}
