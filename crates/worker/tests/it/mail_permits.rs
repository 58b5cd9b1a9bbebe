//! One rate of mails for all queues and workers.

use std::time::Duration;

use rubis_kernel::OrganizationId;
use rubis_runtime::{MailRate, Rate};
use rubis_testkit::{TestRedis, redis_pool};
use time::{OffsetDateTime, macros::datetime};

const START: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);

/// Ten a second, two at once.
const LIMIT: Rate = Rate::new(2, Duration::from_millis(200));

fn job(key: u32) -> String {
    format!("relance:{key}")
}

fn at(milliseconds: u64) -> OffsetDateTime {
    START + Duration::from_millis(milliseconds)
}

/// Number of `jobs` that get a permit at an instant.
async fn permitted(
    rate: &MailRate,
    organization: OrganizationId,
    jobs: std::ops::Range<u32>,
    now: u64,
) -> usize {
    let mut count = 0;
    for key in jobs {
        if rate.permit(Some(organization), &job(key), at(now)).await.is_none() {
            count += 1;
        }
    }
    count
}

#[tokio::test]
async fn all_queues_and_workers_share_one_rate() {
    let redis = TestRedis::create();
    let rate = || MailRate::new(redis.pool.clone(), &redis.prefix, Some(LIMIT), None).with_injected_clock();
    let (relances, checkins) = (rate(), rate());
    let (one, other) = (OrganizationId::new(), OrganizationId::new());
    assert_eq!(permitted(&relances, one, 0..5, 0).await, 2);
    assert_eq!(permitted(&checkins, other, 5..10, 0).await, 0, "the other worker took the burst");
    let mut sent = 0;
    for now in (100..=1_000).step_by(100) {
        sent += permitted(&relances, one, 10..15, now).await + permitted(&checkins, other, 15..20, now).await;
    }
    assert_eq!(sent, 10, "ten a second, both together");
}

#[tokio::test]
async fn a_large_batch_takes_one_mail_of_each_round_while_others_wait() {
    let redis = TestRedis::create();
    let rate = MailRate::new(redis.pool.clone(), &redis.prefix, Some(LIMIT), None).with_injected_clock();
    let (large, small) = (OrganizationId::new(), OrganizationId::new());
    let (mut of_large, mut of_small) = (0, 0);
    // Thirty jobs of the large organization ask before the one of the small organization, each time.
    for now in (0..=1_000).step_by(50) {
        of_large += permitted(&rate, large, 0..30, now).await;
        of_small += permitted(&rate, small, 30..31, now).await;
    }
    assert!(of_small >= 4, "{of_small} of the small organization, {of_large} of the large one");
    assert!(of_large >= 4, "the large one is not kept out: {of_large}");

    let alone = permitted(&rate, large, 40..70, 10_000).await;
    assert_eq!(alone, 2, "an organization that waits alone has the whole rate");
}

#[tokio::test]
async fn an_organization_that_stopped_asking_keeps_no_one_waiting() {
    let redis = TestRedis::create();
    let rate = MailRate::new(redis.pool.clone(), &redis.prefix, Some(LIMIT), None).with_injected_clock();
    let (gone, here) = (OrganizationId::new(), OrganizationId::new());
    assert_eq!(permitted(&rate, here, 0..2, 0).await, 2);
    // Its turn is next, and its worker dies.
    assert_eq!(permitted(&rate, gone, 2..3, 0).await, 0);
    assert_eq!(permitted(&rate, here, 3..4, 100).await, 0, "it is waited for");
    assert_eq!(permitted(&rate, here, 3..4, 2_000).await, 1, "but not for long");
}

#[tokio::test]
async fn an_organization_at_its_own_limit_leaves_the_rest_to_the_others() {
    let redis = TestRedis::create();
    let own = Rate::new(1, Duration::from_secs(1));
    let rate = MailRate::new(redis.pool.clone(), &redis.prefix, Some(LIMIT), Some(own)).with_injected_clock();
    let (large, small) = (OrganizationId::new(), OrganizationId::new());
    let waits = [
        rate.permit(Some(large), &job(0), at(0)).await,
        rate.permit(Some(large), &job(1), at(0)).await,
        rate.permit(Some(large), &job(2), at(0)).await,
        rate.permit(Some(large), &job(1), at(0)).await,
    ];
    let seconds = |count| Some(Duration::from_secs(count));
    assert_eq!(waits, [None, seconds(1), seconds(2), seconds(1)], "each job has one slot, and keeps it");
    assert_eq!(rate.permit(Some(small), &job(3), at(0)).await, None);
    assert_eq!(rate.permit(Some(large), &job(2), at(2_000)).await, None);
    assert_eq!(rate.permit(Some(large), &job(4), at(2_000)).await, seconds(1));
}

#[tokio::test]
async fn without_redis_mails_are_still_sent_within_the_limit_of_each_worker() {
    let redis = TestRedis::create();
    let nowhere = redis_pool("redis://127.0.0.1:1/", 4);
    let away = MailRate::new(nowhere, &redis.prefix, Some(LIMIT), None).with_injected_clock();
    let organization = OrganizationId::new();
    assert_eq!(permitted(&away, organization, 0..10, 0).await, 2);
    assert_eq!(permitted(&away, organization, 2..12, 100).await, 1);
}

#[tokio::test]
async fn a_clock_that_went_back_stops_no_mail() {
    let redis = TestRedis::create();
    let rate =
        MailRate::new(redis.pool.clone(), &redis.prefix, Some(LIMIT), Some(LIMIT)).with_injected_clock();
    let organization = OrganizationId::new();
    assert_eq!(permitted(&rate, organization, 0..5, 172_800_000).await, 2);
    assert_eq!(permitted(&rate, organization, 10..11, 0).await, 0);
    assert_eq!(permitted(&rate, organization, 10..11, 1_000).await, 1, "within a second");
}

#[tokio::test]
async fn jobs_whose_clocks_disagree_share_one_rate() {
    let redis = TestRedis::create();
    let slow = Rate::new(1, Duration::from_millis(900));
    let rate = MailRate::new(redis.pool.clone(), &redis.prefix, Some(slow), None);
    let organization = OrganizationId::new();
    assert_eq!(permitted(&rate, organization, 0..1, 1_000).await, 1);
    assert_eq!(permitted(&rate, organization, 1..2, 0).await, 0, "a job that lags by a second");
    assert_eq!(permitted(&rate, organization, 1..2, 1_000).await, 0, "and moved nothing back");
}

#[tokio::test]
async fn slots_that_passed_during_an_outage_are_drawn_anew() {
    let redis = TestRedis::create();
    let own = Rate::new(1, Duration::from_secs(1));
    let rate = MailRate::new(redis.pool.clone(), &redis.prefix, None, Some(own)).with_injected_clock();
    let organization = OrganizationId::new();
    assert_eq!(permitted(&rate, organization, 0..10, 0).await, 1);
    assert_eq!(permitted(&rate, organization, 1..2, 1_500).await, 1, "a slot is kept for a moment");
    assert_eq!(permitted(&rate, organization, 2..10, 600_000).await, 1, "one at a time after the outage");
}
