//! The mails to those who pay for Rubis: each once, whatever Stripe, the mail server and the owner do.

use std::sync::Arc;

use rubis_billing::{TrialSweep, seed_trial_sweep};
use rubis_jobs::{Job, JobRow};
use rubis_kernel::Email;
use rubis_mailer::{MemoryMailer, SendError};
use rubis_stripe_fake::{DeliveryFault, RequestFault};
use rubis_testkit::{Owner, TestApp, handler_parts, runners_with};
use serde_json::json;
use time::{Duration, OffsetDateTime, macros::datetime};

/// The end of a trial that began when the application started.
const TRIAL_END: OffsetDateTime = datetime!(2026-12-08 09:00 UTC);

async fn app() -> TestApp {
    TestApp::builder().with_stripe().start().await
}

/// An owner whose organization is on trial, and the id of the subscription.
async fn on_trial(app: &TestApp) -> (Owner<'_>, String) {
    subscribed(app, "/billing/start-trial").await
}

async fn subscribed<'app>(app: &'app TestApp, path: &str) -> (Owner<'app>, String) {
    let owner = app.signed_up_owner().await;
    let offer = json!({ "plan": "pro", "cycle": "monthly" });
    let session = owner.post(path, offer).await.expect(200).text_at("/sessionId");
    let id = app.stripe().complete_checkout(&session).unwrap();
    app.stripe().settled().await;
    (owner, id)
}

async fn seed(app: &TestApp) {
    let mut conn = app.database.pool.get().await.unwrap();
    seed_trial_sweep(&mut conn, app.now()).await.unwrap();
}

async fn job(app: &TestApp, id: &str) -> Option<JobRow> {
    let mut conn = app.database.pool.get().await.unwrap();
    rubis_jobs::find(&mut conn, &id.parse().unwrap()).await.unwrap()
}

fn mails_of(app: &TestApp, kind: &str) -> Vec<Email> {
    let mut mails = app.mails();
    mails.retain(|mail| mail.idempotency_key.starts_with(kind));
    mails
}

fn recaps(app: &TestApp) -> Vec<Email> {
    mails_of(app, "trial-recap/")
}

#[tokio::test]
async fn a_recap_leaves_once_though_stripe_announces_the_end_twice_and_the_round_comes_by() {
    let app = app().await;
    let (owner, id) = on_trial(&app).await;
    seed(&app).await;
    app.advance_to(TRIAL_END - Duration::days(3)).await;
    app.stripe().disturb_deliveries(DeliveryFault::Double { times: 1, of: None });
    app.stripe().announce_trial_end(&id).unwrap();
    app.stripe().settled().await;
    app.run_due_jobs().await;
    let [recap] = <[Email; 1]>::try_from(recaps(&app)).unwrap();
    assert_eq!(recap.to.address.to_string(), owner.email);
    assert!(recap.message_id.starts_with(&format!("trial-recap.{id}.")), "{}", recap.message_id);

    // Announced once more under another id, and with the daily round on each of the days that are left.
    app.stripe().announce_trial_end(&id).unwrap();
    app.stripe().settled().await;
    app.advance_to(TRIAL_END + Duration::DAY).await;
    assert_eq!(recaps(&app).len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn the_daily_round_sends_the_recap_that_a_lost_event_would_have_cost() {
    let app = app().await;
    let (_, first) = on_trial(&app).await;
    let (_, second) = on_trial(&app).await;
    seed(&app).await;
    // Nothing is announced. The first round within three days of the end is that of the sixth at five.
    app.advance_to(datetime!(2026-12-06 04:59 UTC)).await;
    assert_eq!(recaps(&app).len(), 0);
    app.advance_to(datetime!(2026-12-06 05:01 UTC)).await;
    let told: Vec<String> = recaps(&app).into_iter().map(|mail| mail.message_id).collect();
    assert_eq!(told.len(), 2);
    for id in [&first, &second] {
        assert!(told.iter().any(|message_id| message_id.contains(id.as_str())), "{told:?}");
    }
    app.advance_to(TRIAL_END).await;
    assert_eq!(recaps(&app).len(), 2);
    app.finish().await;
}

#[tokio::test]
async fn each_round_asks_for_the_next_and_workers_that_start_together_ask_for_one() {
    let app = app().await;
    for _ in 0..3 {
        seed(&app).await;
    }
    for day in 25..=28 {
        let date = time::Date::from_calendar_date(2026, time::Month::November, day).unwrap();
        let round = TrialSweep { date };
        assert_eq!(
            job(&app, round.id().as_str()).await.unwrap().run_at,
            date.with_hms(5, 0, 0).unwrap().assume_utc()
        );
        app.advance_to(date.with_hms(5, 0, 0).unwrap().assume_utc()).await;
        assert!(job(&app, round.id().as_str()).await.is_none(), "it was made");
        // A worker that starts now asks for the one that is asked for already.
        seed(&app).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn no_recap_leaves_for_a_trial_that_will_not_be_charged() {
    let app = app().await;
    let (_, id) = on_trial(&app).await;
    app.advance_to(TRIAL_END - Duration::days(3)).await;
    app.stripe().announce_trial_end(&id).unwrap();
    app.clock.advance(Duration::minutes(5));
    app.stripe().set_cancel_at_period_end(&id, true).unwrap();
    app.stripe().settled().await;
    app.run_due_jobs().await;
    assert!(recaps(&app).is_empty());
    assert!(job(&app, &format!("trial-recap:{id}")).await.is_none());

    // They think better of it, and the daily round finds them.
    app.clock.advance(Duration::minutes(5));
    app.stripe().set_cancel_at_period_end(&id, false).unwrap();
    app.stripe().settled().await;
    seed(&app).await;
    app.advance_to(TRIAL_END).await;
    assert_eq!(recaps(&app).len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_recap_waits_while_stripe_does_not_report_the_price() {
    let app = app().await;
    let (_, id) = on_trial(&app).await;
    app.advance_to(TRIAL_END - Duration::days(3)).await;
    app.stripe().announce_trial_end(&id).unwrap();
    app.stripe().settled().await;
    app.stripe().fail_requests(RequestFault::status(500).times(3).on("/v1/subscriptions/")).unwrap();
    app.run_due_jobs().await;
    assert!(recaps(&app).is_empty());
    let waiting = job(&app, &format!("trial-recap:{id}")).await.unwrap();
    assert_eq!(waiting.attempts, 1);
    app.advance_to(waiting.run_at).await;
    let [recap] = <[Email; 1]>::try_from(recaps(&app)).unwrap();
    assert!(recap.text.contains("29,00"), "{}", recap.text);
    app.finish().await;
}

#[tokio::test]
async fn a_worker_without_stripe_sends_the_recap_without_an_amount() {
    let app = app().await;
    let (_, id) = on_trial(&app).await;
    app.advance_to(TRIAL_END - Duration::days(3)).await;
    app.stripe().announce_trial_end(&id).unwrap();
    app.stripe().settled().await;
    let mailer = Arc::new(MemoryMailer::new());
    for runner in runners_with(&app.database, &app.redis, handler_parts(mailer.clone())) {
        runner.run_due(app.now()).await.unwrap();
    }
    let [recap] = <[Email; 1]>::try_from(mailer.outbox()).unwrap();
    assert!(recap.text.contains("votre abonnement Rubis Pro commence"), "{}", recap.text);
    assert!(!recap.text.contains("par mois"), "{}", recap.text);
    assert!(job(&app, &format!("trial-recap:{id}")).await.is_none());
    app.finish().await;
}

#[tokio::test]
async fn a_recap_that_was_given_up_is_sent_when_the_mail_server_is_back() {
    let app = app().await;
    let (_, id) = on_trial(&app).await;
    seed(&app).await;
    app.advance_to(TRIAL_END - Duration::days(3)).await;
    app.stripe().announce_trial_end(&id).unwrap();
    app.stripe().settled().await;
    let busy = SendError::deferred("try later");
    app.worker.mailer.fail_next(8, &busy);
    app.advance(Duration::hours(3)).await;
    let dead = job(&app, &format!("trial-recap:{id}")).await.unwrap();
    assert_eq!((dead.attempts, recaps(&app).len()), (8, 0));

    app.advance(Duration::DAY).await;
    assert_eq!(recaps(&app).len(), 1);
    app.advance_to(TRIAL_END).await;
    assert_eq!(recaps(&app).len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn word_of_a_failed_payment_that_was_given_up_leaves_at_the_next_attempt() {
    let app = app().await;
    let (_, id) = subscribed(&app, "/billing/checkout").await;
    app.advance(Duration::minutes(5)).await;
    app.stripe().fail_payment(&id).unwrap();
    app.stripe().settled().await;
    let busy = SendError::deferred("try later");
    app.worker.mailer.fail_next(8, &busy);
    app.advance(Duration::hours(3)).await;
    assert!(mails_of(&app, "payment-failed/").is_empty());

    app.advance(Duration::days(2)).await;
    app.stripe().fail_payment(&id).unwrap();
    app.stripe().settled().await;
    app.run_due_jobs().await;
    assert_eq!(mails_of(&app, "payment-failed/").len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_recap_that_the_mail_server_did_not_take_is_the_same_mail_later() {
    let app = app().await;
    let (_, id) = on_trial(&app).await;
    app.advance_to(TRIAL_END - Duration::days(3)).await;
    app.stripe().announce_trial_end(&id).unwrap();
    app.stripe().settled().await;
    let busy = SendError::deferred("try later");
    app.worker.mailer.fail_next(2, &busy);
    app.advance(Duration::hours(2)).await;
    assert_eq!(recaps(&app).len(), 1);
    assert!(job(&app, &format!("trial-recap:{id}")).await.is_none());
    app.finish().await;
}

#[tokio::test]
async fn the_owner_hears_of_a_failed_payment_once() {
    let app = app().await;
    let (owner, id) = subscribed(&app, "/billing/checkout").await;
    app.advance(Duration::minutes(5)).await;
    app.stripe().disturb_deliveries(DeliveryFault::Double { times: 2, of: None });
    app.stripe().fail_payment(&id).unwrap();
    app.stripe().settled().await;
    app.run_due_jobs().await;
    let [mail] = <[Email; 1]>::try_from(mails_of(&app, "payment-failed/")).unwrap();
    assert_eq!(mail.to.address.to_string(), owner.email);
    assert!(mail.text.contains("1\u{a0}décembre\u{a0}2026") || mail.text.contains("1er"), "{}", mail.text);

    // Stripe tries the same invoice again some days later, in vain: the owner knows.
    app.advance(Duration::days(3)).await;
    app.stripe().fail_payment(&id).unwrap();
    app.stripe().settled().await;
    app.run_due_jobs().await;
    assert_eq!(mails_of(&app, "payment-failed/").len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_payment_that_came_in_meanwhile_is_not_complained_about() {
    let app = app().await;
    let (_, id) = subscribed(&app, "/billing/checkout").await;
    app.advance(Duration::minutes(5)).await;
    app.stripe().fail_payment(&id).unwrap();
    app.clock.advance(Duration::minutes(5));
    app.stripe().succeed_payment(&id).unwrap();
    app.stripe().settled().await;
    app.run_due_jobs().await;
    assert!(mails_of(&app, "payment-failed/").is_empty());
    app.finish().await;
}
