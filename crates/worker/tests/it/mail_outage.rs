//! A mail server that is away delays mails, and fails none before a day has passed.

use diesel::{QueryableByName, sql_types::BigInt};
use diesel_async::RunQueryDsl as _;
use rubis_checkins::CheckinStatus;
use rubis_mailer::SendError;
use rubis_relances::RelanceStatus;
use rubis_testkit::Chain;
use time::{
    Duration, OffsetDateTime,
    macros::{date, datetime},
};

/// A Tuesday at ten in Paris.
const TUESDAY: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);

fn refused_connection() -> SendError {
    SendError::unavailable("connection refused")
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// The jobs that have lost an attempt.
async fn jobs_with_attempts(chain: &Chain) -> i64 {
    let rows: Vec<Count> = diesel::sql_query("SELECT count(*) AS count FROM jobs WHERE attempts > 0")
        .load(&mut *chain.conn().await)
        .await
        .unwrap();
    rows[0].count
}

/// Lets hours pass in which workers look once an hour: what is blocked comes back every two minutes otherwise.
async fn pass_hours(chain: &Chain, hours: u32) {
    for _ in 0..hours {
        chain.clock.advance(Duration::hours(1));
        chain.worker.run_due().await;
    }
}

#[tokio::test]
async fn an_outage_of_half_an_hour_delays_every_mail_and_fails_none() {
    let chain = Chain::start_at(TUESDAY).await;
    let mut invoices = Vec::new();
    for number in 0..12 {
        let email = format!("compta{number}@client.example");
        invoices.push(chain.invoice_to(&format!("Client {number}"), &email, date!(2026 - 11 - 20)).await.id);
    }
    chain.worker.mailer.go_away(refused_connection());
    let before = chain.worker.mailer.attempts();
    chain.worker.run_until(TUESDAY + Duration::minutes(31)).await;
    assert!(chain.reminders().is_empty());
    assert_eq!(jobs_with_attempts(&chain).await, 0, "an outage says nothing about the mails");
    let asked = chain.worker.mailer.attempts() - before;
    assert!(asked < 40, "the server was asked {asked} times in half an hour, for twelve mails");

    chain.worker.mailer.accept_everything();
    chain.worker.run_until(chain.now() + Duration::minutes(4)).await;
    assert_eq!(chain.reminders().len(), 12);
    for invoice in invoices {
        let events = chain.events(invoice).await;
        assert!(
            events.contains(&"relance_sent".to_owned()) && !events.contains(&"relance_failed".to_owned())
        );
    }
}

#[tokio::test]
async fn a_recipient_that_puts_a_mail_off_still_costs_it_its_attempts() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
    chain.worker.mailer.go_away(SendError::deferred("450 4.2.0 greylisted"));
    chain.worker.run_until(TUESDAY + Duration::hours(1)).await;
    let failed = chain.relances(invoice.id).await.remove(0);
    assert_eq!(
        (failed.status, failed.reason.as_deref()),
        (RelanceStatus::Failed, Some("attempts_exhausted"))
    );
    assert_eq!(chain.worker.mailer.attempts(), 5);
}

#[tokio::test]
async fn after_a_day_without_a_mail_server_reminders_fail_with_the_reason_and_one_mail_notifies_the_user() {
    let chain = Chain::start_at(TUESDAY).await;
    let first = chain.invoice_due(date!(2026 - 11 - 20)).await;
    let second = chain.invoice_to("Garage Nord", "garage@nord.example", date!(2026 - 11 - 20)).await;
    chain.worker.mailer.go_away(refused_connection());
    chain.worker.run_until(TUESDAY + Duration::minutes(2)).await;
    pass_hours(&chain, 23).await;
    assert_eq!(chain.relances(first.id).await[0].status, RelanceStatus::Scheduled, "not before a day");

    // The night, in which no reminder is sent, does not count.
    pass_hours(&chain, 14).await;
    for invoice in [first.id, second.id] {
        let failed = chain.relances(invoice).await.remove(0);
        let reason = failed.reason.as_deref();
        assert_eq!((failed.status, reason), (RelanceStatus::Failed, Some("mail_server_unavailable")));
        assert_eq!(chain.events(invoice).await.last().map(String::as_str), Some("relance_failed"));
    }
    chain.worker.mailer.accept_everything();
    chain.worker.run_until(chain.now() + Duration::minutes(10)).await;
    let mails = chain.account_mails();
    assert_eq!(mails.len(), 1, "one for both reminders");
    assert!(mails[0].text.contains("plus de 24\u{a0}heures"), "{}", mails[0].text);
}

#[tokio::test]
async fn check_ins_outlast_an_outage_as_reminders_do() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 24)).await;
    chain.worker.mailer.go_away(refused_connection());
    chain.worker.run_until(TUESDAY + Duration::minutes(40)).await;
    assert_eq!(chain.checkins(invoice.id).await[0].status, CheckinStatus::Scheduled);
    assert_eq!(jobs_with_attempts(&chain).await, 0);
    chain.worker.mailer.accept_everything();
    chain.worker.run_until(chain.now() + Duration::minutes(4)).await;
    assert_eq!(chain.checkin_mails().len(), 1);
    assert_eq!(chain.checkins(invoice.id).await[0].status, CheckinStatus::Sent);
}

#[tokio::test]
async fn a_reminder_waits_for_business_hours_if_the_mail_server_comes_back_on_a_weekend() {
    let chain = Chain::start_at(TUESDAY).await;
    // Due on Friday, the fourth of December.
    chain.invoice_due(date!(2026 - 12 - 01)).await;
    chain.worker.run_until(datetime!(2026-12-04 07:00 UTC)).await;
    chain.worker.mailer.go_away(refused_connection());
    chain.worker.run_until(datetime!(2026-12-04 08:10 UTC)).await;
    chain.clock.set(datetime!(2026-12-05 02:00 UTC));
    chain.worker.mailer.accept_everything();
    chain.worker.run_until(datetime!(2026-12-07 07:59 UTC)).await;
    assert!(chain.reminders().is_empty(), "neither at night nor on a weekend");
    chain.worker.run_until(datetime!(2026-12-07 08:30 UTC)).await;
    assert_eq!(chain.reminders().len(), 1);
}

#[tokio::test]
async fn a_pause_after_an_outage_does_not_count_as_one() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
    chain.worker.mailer.go_away(refused_connection());
    chain.worker.run_until(TUESDAY + Duration::minutes(5)).await;
    let until = Some(date!(2026 - 11 - 26));
    rubis_lifecycle::pause_invoice(
        &mut *chain.conn().await,
        chain.organization,
        invoice.id,
        until,
        None,
        chain.now(),
    )
    .await
    .unwrap();
    chain.worker.mailer.accept_everything();
    chain.worker.run_until(datetime!(2026-11-26 07:59 UTC)).await;
    assert!(chain.reminders().is_empty());
    chain.worker.mailer.go_away(refused_connection());
    chain.worker.run_until(datetime!(2026-11-26 08:02 UTC)).await;
    assert!(!chain.events(invoice.id).await.contains(&"relance_failed".to_owned()));
    chain.worker.mailer.accept_everything();
    chain.worker.run_until(datetime!(2026-11-26 08:30 UTC)).await;
    assert_eq!(chain.reminders().len(), 1);
}

#[tokio::test]
async fn a_mail_that_may_have_left_is_on_its_way_until_it_was_taken() {
    for (failure, may_have_left) in [(SendError::transient("no answer"), true), (refused_connection(), false)]
    {
        let chain = Chain::start_at(TUESDAY).await;
        let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
        chain.worker.mailer.fail_next(1, &failure);
        chain.clock.advance(Duration::minutes(1));
        chain.worker.run_due().await;
        let began = chain.relances(invoice.id).await.remove(0).sending_since;
        assert_eq!(began.is_some(), may_have_left, "{failure}");

        // A definite refusal of the next attempt does not take the first one back.
        chain.worker.mailer.fail_next(1, &SendError::deferred("450 4.2.0 greylisted"));
        chain.clock.advance(Duration::days(1));
        chain.worker.run_due().await;
        assert_eq!(chain.relances(invoice.id).await.remove(0).sending_since, began, "{failure}");
    }
}

#[tokio::test]
async fn one_mail_that_the_server_fails_on_delays_no_other() {
    let chain = Chain::start_at(TUESDAY).await;
    chain.invoice_to("Client 1", "compta1@client.example", date!(2026 - 11 - 20)).await;
    chain.worker.mailer.fail_next(1, &SendError::failed_on_mail("500 internal error"));
    chain.clock.advance(Duration::minutes(1));
    chain.worker.run_due().await;
    chain.invoice_to("Client 2", "compta2@client.example", date!(2026 - 11 - 20)).await;
    chain.clock.advance(Duration::minutes(1));
    chain.worker.run_due().await;
    assert_eq!(chain.reminders().len(), 1, "the other leaves at its minute");
    chain.worker.run_until(chain.now() + Duration::minutes(5)).await;
    assert_eq!(chain.reminders().len(), 2);
    assert_eq!(jobs_with_attempts(&chain).await, 0);
}
