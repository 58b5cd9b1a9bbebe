//! What Redis keeps of the jobs that are due soon.

use deadpool_redis::redis::cmd;
use rubis_kernel::OrganizationId;

use crate::support::{Course, LEASE, START, Stage, id, offered, seconds};

const AT: i64 = START.unix_timestamp() * 1_000;

#[tokio::test]
async fn offering_a_job_again_is_one_job_with_its_last_date() {
    let stage = Stage::create().await;
    let offers = stage.offers();
    for due in [AT, AT, AT + 5_000] {
        assert_eq!(offers.offer(&[(offered(1, None), due)], Some(START)).await.unwrap(), 1);
    }
    assert!(offers.claim(10, Some(START)).await.unwrap().jobs.is_empty());
    let taken = offers.claim(10, Some(START + seconds(5))).await.unwrap();
    assert_eq!(taken.jobs, [offered(1, None)]);
    assert!(offers.claim(10, Some(START + seconds(6))).await.unwrap().jobs.is_empty());
}

#[tokio::test]
async fn a_leased_job_is_not_offered_again_until_its_lease_has_ended() {
    let stage = Stage::create().await;
    let offers = stage.offers();
    let job = [(offered(1, None), AT)];
    offers.offer(&job, Some(START)).await.unwrap();
    offers.claim(10, Some(START)).await.unwrap();
    assert_eq!(offers.offer(&job, Some(START + seconds(5))).await.unwrap(), 0);
    assert_eq!(offers.offer(&job, Some(START + LEASE)).await.unwrap(), 1);
}

#[tokio::test]
async fn a_lease_lasts_while_its_worker_gives_signs_of_life_and_then_the_job_comes_back() {
    let stage = Stage::create().await;
    let offers = stage.offers();
    offers.offer(&[(offered(1, None), AT)], Some(START)).await.unwrap();
    offers.claim(10, Some(START)).await.unwrap();
    offers.renew(&[offered(1, None), offered(2, None)], LEASE, Some(START + seconds(8))).await.unwrap();
    let during = offers.claim(10, Some(START + seconds(12))).await.unwrap();
    assert!(during.jobs.is_empty());
    assert_eq!(during.next, Some(seconds(6)));
    let after = offers.claim(10, Some(START + seconds(18))).await.unwrap();
    assert_eq!(after.jobs, [offered(1, None)], "the other job was never leased");
}

#[tokio::test]
async fn a_lease_from_a_clock_that_went_back_does_not_hold_a_job_for_long() {
    let stage = Stage::create().await;
    let offers = stage.offers();
    offers.offer(&[(offered(1, None), AT)], Some(START)).await.unwrap();
    offers.claim(10, Some(START + seconds(86_400))).await.unwrap();
    assert_eq!(offers.claim(10, Some(START)).await.unwrap().jobs, [offered(1, None)]);
}

#[tokio::test]
async fn a_claim_says_when_something_can_next_be_due() {
    let stage = Stage::create().await;
    let offers = stage.offers();
    assert_eq!(offers.claim(10, Some(START)).await.unwrap().next, None);
    let jobs = [(offered(1, None), AT + 7_000), (offered(2, Some(OrganizationId::new())), AT + 3_000)];
    offers.offer(&jobs, Some(START)).await.unwrap();
    assert_eq!(offers.claim(10, Some(START)).await.unwrap().next, Some(seconds(3)));
    assert_eq!(offers.next_due(Some(START)).await.unwrap(), Some(seconds(3)));
    assert_eq!(offers.next_due(Some(START + seconds(4))).await.unwrap(), Some(seconds(0)));
}

#[tokio::test]
async fn nothing_is_kept_of_a_finished_job() {
    let stage = Stage::create().await;
    let runner = stage.runner();
    for key in 1..=10 {
        let course = if key % 2 == 0 { Course::Record } else { Course::Nothing };
        stage.enqueue(key, course, START).await;
    }
    assert_eq!(runner.run_due(START).await.unwrap().done, 10);
    assert_eq!(stage.jobs_left().await, 0);
    let feed = format!("{}:1:{{relances}}:feed", stage.redis.prefix);
    assert_eq!(stage.redis.keys(), [feed], "only what the feeders have read");
    assert_eq!(stage.find(1).await, None);
    assert_eq!(id(1).kind(), "probe");
}

#[tokio::test]
async fn an_offered_job_takes_at_most_300_bytes_of_redis() {
    let stage = Stage::create().await;
    let offers = stage.offers();
    let organizations: Vec<_> = (0..20).map(|_| OrganizationId::new()).collect();
    let count = 10_000_usize;
    let mut jobs = Vec::new();
    for (number, organization) in organizations.iter().cycle().take(count).enumerate() {
        // As long as a real id.
        let id = format!("relance:{}", uuid::Uuid::now_v7()).parse().unwrap();
        let job = rubis_queue::OfferedJob { id, organization: Some(*organization) };
        jobs.push((job, AT + i64::try_from(number).unwrap()));
    }
    for batch in jobs.chunks(rubis_queue::BATCH) {
        offers.offer(batch, Some(START)).await.unwrap();
    }
    let mut connection = stage.redis.pool.get().await.unwrap();
    let mut bytes = 0;
    for key in stage.redis.keys() {
        let mut usage = cmd("MEMORY");
        usage.arg("USAGE").arg(key).arg("SAMPLES").arg(0);
        bytes += usage.query_async::<usize>(&mut connection).await.unwrap();
    }
    assert!(bytes <= 300 * count, "{} bytes for each job", bytes / count);
}

#[tokio::test]
async fn more_jobs_than_a_script_deals_with_are_all_noted() {
    let stage = Stage::create().await;
    let offers = stage.offers();
    let count = u32::try_from(2 * rubis_queue::BATCH + 1).unwrap();
    let jobs: Vec<_> = (0..count).map(|key| (offered(key, Some(OrganizationId::new())), AT)).collect();
    assert_eq!(offers.offer(&jobs, Some(START)).await.unwrap(), u64::from(count));
    let mut taken = std::collections::HashSet::new();
    loop {
        let claim = offers.claim(rubis_queue::BATCH, Some(START)).await.unwrap();
        if claim.jobs.is_empty() {
            break;
        }
        taken.extend(claim.jobs.into_iter().map(|job| job.id));
    }
    assert_eq!(taken.len(), jobs.len());
}
