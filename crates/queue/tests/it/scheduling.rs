//! The due index in Redis.

use deadpool_redis::redis::cmd;
use rubis_kernel::OrganizationId;

use crate::support::{Course, LEASE, START, TestQueue, id, indexed, seconds};

const AT: i64 = START.unix_timestamp() * 1_000;

#[tokio::test]
async fn offering_a_job_again_is_one_job_with_its_last_date() {
    let queue_under_test = TestQueue::create().await;
    let index = queue_under_test.index();
    for due in [AT, AT, AT + 5_000] {
        assert_eq!(index.schedule(&[(indexed(1, None), due)], Some(START)).await.unwrap(), 1);
    }
    assert!(index.claim(10, LEASE, Some(START)).await.unwrap().jobs.is_empty());
    let taken = index.claim(10, LEASE, Some(START + seconds(5))).await.unwrap();
    assert_eq!(taken.jobs, [indexed(1, None)]);
    assert!(index.claim(10, LEASE, Some(START + seconds(6))).await.unwrap().jobs.is_empty());
}

#[tokio::test]
async fn a_leased_job_is_not_offered_again_until_its_lease_has_ended() {
    let queue_under_test = TestQueue::create().await;
    let index = queue_under_test.index();
    let job = [(indexed(1, None), AT)];
    index.schedule(&job, Some(START)).await.unwrap();
    index.claim(10, LEASE, Some(START)).await.unwrap();
    assert_eq!(index.schedule(&job, Some(START + seconds(5))).await.unwrap(), 0);
    assert_eq!(index.schedule(&job, Some(START + LEASE)).await.unwrap(), 1);
}

#[tokio::test]
async fn a_lease_lasts_while_its_worker_gives_signs_of_life_and_then_the_job_comes_back() {
    let queue_under_test = TestQueue::create().await;
    let index = queue_under_test.index();
    index.schedule(&[(indexed(1, None), AT)], Some(START)).await.unwrap();
    index.claim(10, LEASE, Some(START)).await.unwrap();
    index.renew(&[indexed(1, None), indexed(2, None)], LEASE, Some(START + seconds(8))).await.unwrap();
    let during = index.claim(10, LEASE, Some(START + seconds(12))).await.unwrap();
    assert!(during.jobs.is_empty());
    assert_eq!(during.next, Some(seconds(6)));
    let after = index.claim(10, LEASE, Some(START + seconds(18))).await.unwrap();
    assert_eq!(after.jobs, [indexed(1, None)], "the other job was never leased");
}

#[tokio::test]
async fn a_lease_from_a_clock_that_went_back_does_not_hold_a_job_for_long() {
    let queue_under_test = TestQueue::create().await;
    let index = queue_under_test.index();
    index.schedule(&[(indexed(1, None), AT)], Some(START)).await.unwrap();
    index.claim(10, LEASE, Some(START + seconds(86_400))).await.unwrap();
    assert_eq!(index.claim(10, LEASE, Some(START)).await.unwrap().jobs, [indexed(1, None)]);
}

#[tokio::test]
async fn a_claim_says_when_something_can_next_be_due() {
    let queue_under_test = TestQueue::create().await;
    let index = queue_under_test.index();
    assert_eq!(index.claim(10, LEASE, Some(START)).await.unwrap().next, None);
    let jobs = [(indexed(1, None), AT + 7_000), (indexed(2, Some(OrganizationId::new())), AT + 3_000)];
    index.schedule(&jobs, Some(START)).await.unwrap();
    assert_eq!(index.claim(10, LEASE, Some(START)).await.unwrap().next, Some(seconds(3)));
    assert_eq!(index.next_due(Some(START)).await.unwrap(), Some(seconds(3)));
    assert_eq!(index.next_due(Some(START + seconds(4))).await.unwrap(), Some(seconds(0)));
}

#[tokio::test]
async fn nothing_is_kept_of_a_finished_job() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    for key in 1..=10 {
        let course = if key % 2 == 0 { Course::Record } else { Course::Nothing };
        queue_under_test.enqueue(key, course, START).await;
    }
    assert_eq!(runner.run_due(START).await.unwrap().done, 10);
    assert_eq!(queue_under_test.jobs_left().await, 0);
    let feed = format!("{}:1:{{relances}}:feed", queue_under_test.redis.prefix);
    assert_eq!(queue_under_test.redis.keys(), [feed], "only what the feeders have read");
    assert_eq!(queue_under_test.find(1).await, None);
    assert_eq!(id(1).kind(), "probe");
}

#[tokio::test]
async fn an_offered_job_takes_at_most_300_bytes_of_redis() {
    let queue_under_test = TestQueue::create().await;
    let index = queue_under_test.index();
    let organizations: Vec<_> = (0..20).map(|_| OrganizationId::new()).collect();
    let count = 10_000_usize;
    let mut jobs = Vec::new();
    for (number, organization) in organizations.iter().cycle().take(count).enumerate() {
        // As long as a real id.
        let id = format!("relance:{}", uuid::Uuid::now_v7()).parse().unwrap();
        let job = rubis_queue::IndexedJob { id, organization: Some(*organization) };
        jobs.push((job, AT + i64::try_from(number).unwrap()));
    }
    for batch in jobs.chunks(rubis_queue::BATCH) {
        index.schedule(batch, Some(START)).await.unwrap();
    }
    let mut connection = queue_under_test.redis.pool.get().await.unwrap();
    let mut bytes = 0;
    for key in queue_under_test.redis.keys() {
        let mut usage = cmd("MEMORY");
        usage.arg("USAGE").arg(key).arg("SAMPLES").arg(0);
        bytes += usage.query_async::<usize>(&mut connection).await.unwrap();
    }
    assert!(bytes <= 300 * count, "{} bytes for each job", bytes / count);
}

#[tokio::test]
async fn more_jobs_than_a_script_deals_with_are_all_noted() {
    let queue_under_test = TestQueue::create().await;
    let index = queue_under_test.index();
    let count = u32::try_from(2 * rubis_queue::BATCH + 1).unwrap();
    let jobs: Vec<_> = (0..count).map(|key| (indexed(key, Some(OrganizationId::new())), AT)).collect();
    assert_eq!(index.schedule(&jobs, Some(START)).await.unwrap(), u64::from(count));
    let mut taken = std::collections::HashSet::new();
    loop {
        let claim = index.claim(rubis_queue::BATCH, LEASE, Some(START)).await.unwrap();
        if claim.jobs.is_empty() {
            break;
        }
        taken.extend(claim.jobs.into_iter().map(|job| job.id));
    }
    assert_eq!(taken.len(), jobs.len());
}
