//! The daily round, and the recaps that it requests.

use std::time::Duration as StdDuration;

use diesel_async::RunQueryDsl;
use rubis_billing::{
    TrialRecap, TrialSweep, purge_events, record_recap_sent, seed_trial_sweep, sweep_trials,
};
use rubis_jobs::{Job, Lease, Queue};
use time::{
    Duration, OffsetDateTime,
    macros::{date, datetime},
};

use crate::company::{Company, TRIAL_END, TUESDAY};

/// Claims a job that is due, as a worker does.
async fn claim(company: &Company, job: &impl Job, now: OffsetDateTime) -> Lease {
    let mut conn = company.conn().await;
    let claimed =
        rubis_jobs::claim(&mut conn, Queue::Billing, &[job.id()], StdDuration::from_secs(60), Some(now))
            .await;
    claimed.unwrap().pop().expect("it is due").lease
}

async fn sweep(company: &Company, now: OffsetDateTime) -> usize {
    let mut conn = company.conn().await;
    let job = TrialSweep { date: now.date() };
    let lease = claim(company, &job, now).await;
    sweep_trials(&mut conn, &job, &lease, now).await.unwrap()
}

#[tokio::test]
async fn workers_that_start_together_ask_for_one_round() {
    let company = Company::new().await;
    for worker in 0..3 {
        let now = TUESDAY + Duration::hours(worker);
        seed_trial_sweep(&mut *company.conn().await, now).await.unwrap();
    }
    assert_eq!(company.jobs().await, ["trial-sweep:2026-11-25"]);
    let row = company.job(&TrialSweep { date: date!(2026 - 11 - 25) }).await.unwrap();
    assert_eq!(row.run_at, datetime!(2026-11-25 05:00 UTC));
}

#[tokio::test]
async fn a_round_asks_for_the_recaps_that_a_lost_event_would_have_cost_and_for_the_next_round() {
    let company = Company::on_trial().await;
    let now = datetime!(2026-12-05 08:00 UTC);
    seed_trial_sweep(&mut *company.conn().await, datetime!(2026-12-05 04:00 UTC)).await.unwrap();
    assert_eq!(sweep(&company, now).await, 1);
    assert_eq!(company.jobs().await, ["trial-recap:sub_1", "trial-sweep:2026-12-06"]);

    // The mail was sent; neither the next round nor the late event requests it again.
    let recap = TrialRecap { organization_id: company.id, subscription_id: "sub_1".into() };
    let lease = claim(&company, &recap, now).await;
    record_recap_sent(&mut *company.conn().await, &recap, &lease, now).await.unwrap();
    let late = company.trial_will_end(TRIAL_END - Duration::days(3), &company.trial());
    company.deliver(&late, now).await;
    assert_eq!(sweep(&company, now + Duration::DAY).await, 0);
    assert_eq!(company.jobs().await, ["trial-sweep:2026-12-07"]);
}

#[tokio::test]
async fn trials_that_end_later_or_will_not_be_charged_are_left_alone() {
    let company = Company::on_trial().await;
    seed_trial_sweep(&mut *company.conn().await, TUESDAY).await.unwrap();
    assert_eq!(sweep(&company, TUESDAY + Duration::DAY).await, 0, "it ends in thirteen days");

    let cancelled_at = TUESDAY + Duration::days(2);
    let cancelled = company.trial().set("cancel_at_period_end", true);
    company.deliver(&company.updated(cancelled_at, &cancelled), cancelled_at).await;
    seed_trial_sweep(&mut *company.conn().await, TRIAL_END - Duration::days(2)).await.unwrap();
    assert_eq!(sweep(&company, TRIAL_END - Duration::DAY).await, 0);

    let resumed_at = TRIAL_END - Duration::hours(20);
    company.deliver(&company.updated(resumed_at, &company.trial()), resumed_at).await;
    assert_eq!(sweep(&company, TRIAL_END + Duration::hours(1)).await, 0, "it is over");
}

#[tokio::test]
async fn a_round_by_a_clock_that_is_behind_asks_for_the_day_after_its_own() {
    let company = Company::new().await;
    seed_trial_sweep(&mut *company.conn().await, TUESDAY).await.unwrap();
    let job = TrialSweep { date: date!(2026 - 11 - 25) };
    let lease = claim(&company, &job, datetime!(2026-11-25 05:00:01 UTC)).await;
    let behind = datetime!(2026-11-25 04:59:58 UTC);
    sweep_trials(&mut *company.conn().await, &job, &lease, behind).await.unwrap();
    assert_eq!(company.jobs().await, ["trial-sweep:2026-11-26"]);
}

#[tokio::test]
async fn a_recap_that_was_asked_for_and_never_sent_is_asked_for_again() {
    let company = Company::on_trial().await;
    let reported_at = TRIAL_END - Duration::days(3);
    company.deliver(&company.trial_will_end(reported_at, &company.trial()), reported_at).await;
    // The mail server was unavailable for longer than the job lasted, or the job crashed its workers.
    let dead = "UPDATE jobs SET state = 'dead', attempts = 8, last_error = 'connection refused'";
    diesel::sql_query(dead).execute(&mut *company.conn().await).await.unwrap();
    seed_trial_sweep(&mut *company.conn().await, reported_at).await.unwrap();
    let now = reported_at + Duration::DAY;
    assert_eq!(sweep(&company, now).await, 1);
    let job = TrialRecap { organization_id: company.id, subscription_id: "sub_1".into() };
    let row = company.job(&job).await.unwrap();
    assert_eq!((row.attempts, row.run_at), (0, now));
    let subscription = company.subscription().await;
    assert_eq!(subscription.recap_queued_at, Some(reported_at), "it is the same mail, of the same time");
    assert_eq!(subscription.recap_sent_at, None);
}

#[tokio::test]
async fn events_are_forgotten_long_after_stripe_would_deliver_them_again() {
    let company = Company::on_trial().await;
    for day in 1..=4 {
        let at = TUESDAY + Duration::days(day);
        company.deliver(&company.updated(at, &company.trial()), at).await;
    }
    let (conn, now) = (company.conn().await, TUESDAY + Duration::days(92) + Duration::HOUR);
    assert!(purge_events(&conn, now, 2).await.unwrap(), "of three that are old enough, two");
    assert_eq!(company.outcomes().await.len(), 3);
    assert!(!purge_events(&conn, now, 2).await.unwrap());
    assert_eq!(company.outcomes().await.len(), 2, "the younger ones are kept");
}

#[tokio::test]
async fn a_round_leaves_old_events_to_the_housekeeping() {
    let company = Company::on_trial().await;
    let later = TUESDAY + Duration::days(91);
    seed_trial_sweep(&mut *company.conn().await, later - Duration::DAY).await.unwrap();
    sweep(&company, later).await;
    assert_eq!(company.outcomes().await.len(), 1);
}
