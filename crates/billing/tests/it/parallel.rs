//! Deliveries at the same moment.

use std::sync::Arc;

use rubis_billing::{Applied, EventOutcome, apply_event};
use rubis_stripe::{Event, SubscriptionStatus};
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;

use crate::company::{Company, TRIAL_END, TUESDAY};

async fn deliver_all(
    company: &Company,
    events: impl IntoIterator<Item = Event>,
    now: OffsetDateTime,
) -> Vec<Applied> {
    let mut deliveries = JoinSet::new();
    let pool = Arc::new(company.database.pool.clone());
    for event in events {
        let pool = Arc::clone(&pool);
        deliveries.spawn(async move {
            let mut conn = pool.get().await.unwrap();
            apply_event(&mut conn, &event, None, now).await.unwrap()
        });
    }
    deliveries.join_all().await
}

fn count(applied: &[Applied], outcome: EventOutcome) -> usize {
    applied.iter().filter(|applied| **applied == Applied::Done(outcome)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_deliveries_of_one_event_have_one_effect() {
    let company = Company::on_trial().await;
    let now = TRIAL_END - Duration::days(3);
    let told = company.trial_will_end(now, &company.trial());
    let revision = company.subscription().await.revision;
    let applied = deliver_all(&company, std::iter::repeat_n(told, 50), now).await;
    assert_eq!(count(&applied, EventOutcome::Applied), 1);
    assert_eq!(count(&applied, EventOutcome::Duplicate), 49);
    assert_eq!(company.jobs().await, ["trial-recap:sub_1"]);
    assert_eq!(company.subscription().await.revision, revision + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_arrive_all_at_once_leave_what_the_last_of_them_reports() {
    let company = Company::on_trial().await;
    let first_at = TUESDAY + Duration::hours(1);
    let events: Vec<Event> = (0..30)
        .map(|second| {
            let status = if second == 29 { "past_due" } else { "active" };
            let at = first_at + Duration::seconds(second);
            company.updated(at, &company.paid().set("status", status))
        })
        .rev()
        .collect();
    let applied = deliver_all(&company, events, first_at + Duration::MINUTE).await;
    assert_eq!(count(&applied, EventOutcome::Applied) + count(&applied, EventOutcome::Stale), 30);
    assert_eq!(company.subscription().await.status, Some(SubscriptionStatus::PastDue));
}

#[tokio::test]
async fn an_event_whose_answer_was_lost_is_dealt_with_once() {
    let company = Company::on_trial().await;
    let later = TUESDAY + Duration::days(1);
    let failed = company.payment_failed(later, "in_1");
    // The effect was committed, and Stripe never got our response: it delivers again, the next day too.
    assert_eq!(company.fail_payment(later, "in_1").await, EventOutcome::Applied);
    let after = company.subscription().await;
    for days in 1..4 {
        let again = later + Duration::days(days);
        assert_eq!(company.deliver(&failed, again).await, EventOutcome::Duplicate);
    }
    assert_eq!(company.subscription().await, after);
    assert_eq!(company.jobs().await, ["payment-failed:in_1"]);
}

#[tokio::test]
async fn an_event_that_could_not_be_recorded_is_dealt_with_when_it_comes_again() {
    use rubis_db::AsyncConnection as _;
    let company = Company::on_trial().await;
    let later = TUESDAY + Duration::days(1);
    let told = company.trial_will_end(later, &company.trial());
    let mut conn = company.conn().await;
    let rolled_back = conn
        .transaction(async |conn| {
            apply_event(conn, &told, None, later).await.unwrap();
            Err::<(), _>(diesel::result::Error::RollbackTransaction)
        })
        .await;
    assert!(rolled_back.is_err());
    assert!(company.jobs().await.is_empty());
    assert_eq!(company.deliver(&told, later).await, EventOutcome::Applied);
    assert_eq!(company.jobs().await, ["trial-recap:sub_1"]);
}
