//! Tenants take turns.

use std::collections::HashMap;

use rubis_kernel::OrganizationId;
use rubis_queue::{BATCH, DueIndex, IndexedJob};

use crate::support::{LEASE, START, TestQueue, indexed};

const AT: i64 = START.unix_timestamp() * 1_000;

async fn offer_all(index: &DueIndex, jobs: impl IntoIterator<Item = IndexedJob>) {
    let jobs: Vec<_> = jobs.into_iter().map(|job| (job, AT)).collect();
    for batch in jobs.chunks(BATCH) {
        index.schedule(batch, Some(START)).await.unwrap();
    }
}

async fn claim(index: &DueIndex, count: usize) -> Vec<IndexedJob> {
    index.claim(count, LEASE, Some(START)).await.unwrap().jobs
}

#[tokio::test]
async fn a_tenant_with_thousands_of_jobs_does_not_keep_the_others_waiting() {
    let queue_under_test = TestQueue::create().await;
    let index = queue_under_test.index();
    let large = OrganizationId::new();
    offer_all(&index, (0..3_000).map(|key| indexed(key, Some(large)))).await;
    assert_eq!(claim(&index, 50).await.len(), 50, "alone, it gets every place");

    let small: Vec<_> = (0..20).map(|_| OrganizationId::new()).collect();
    let jobs = small.iter().flat_map(|&small| (0..2).map(move |number| (small, number)));
    offer_all(
        &index,
        jobs.enumerate().map(|(key, (small, _))| indexed(10_000 + u32::try_from(key).unwrap(), Some(small))),
    )
    .await;
    let first = claim(&index, 50).await;
    for organization in &small {
        assert!(first.iter().any(|job| job.organization == Some(*organization)), "each has had a turn");
    }
    let of_the_small = first.iter().filter(|job| job.organization != Some(large)).count();
    assert_eq!((first.len(), of_the_small), (50, 40), "and the slots nobody else needs are the large one's");
}

#[tokio::test]
async fn turns_go_on_from_one_claim_to_the_next() {
    let queue_under_test = TestQueue::create().await;
    let index = queue_under_test.index();
    let organizations: Vec<_> = (0..3).map(|_| OrganizationId::new()).collect();
    for (number, organization) in organizations.iter().enumerate() {
        let first = 100 * u32::try_from(number).unwrap();
        offer_all(&index, (first..first + 30).map(|key| indexed(key, Some(*organization)))).await;
    }
    let mut turns = HashMap::new();
    for _ in 0..9 {
        let taken = claim(&index, 1).await;
        *turns.entry(taken[0].organization).or_insert(0) += 1;
    }
    assert!(turns.values().all(|&count| count == 3), "{turns:?}");
}

#[tokio::test]
async fn jobs_of_no_tenant_take_turns_like_a_tenant() {
    let queue_under_test = TestQueue::create().await;
    let index = queue_under_test.index();
    let organization = OrganizationId::new();
    offer_all(&index, (0..10).map(|key| indexed(key, Some(organization)))).await;
    offer_all(&index, (10..20).map(|key| indexed(key, None))).await;
    let taken = claim(&index, 10).await;
    assert_eq!(taken.iter().filter(|job| job.organization.is_none()).count(), 5);
}

#[tokio::test]
async fn within_a_tenant_the_earliest_job_is_taken_first() {
    let queue_under_test = TestQueue::create().await;
    let index = queue_under_test.index();
    let jobs: Vec<_> = (0..5).map(|key| (indexed(key, None), AT - i64::from(key))).collect();
    index.schedule(&jobs, Some(START)).await.unwrap();
    assert_eq!(claim(&index, 2).await, [indexed(4, None), indexed(3, None)]);
}

#[tokio::test]
async fn of_many_tenants_each_gets_its_portion_before_any_gets_a_second() {
    let queue_under_test = TestQueue::create().await;
    let index = queue_under_test.index();
    let organizations: Vec<_> = (0..20).map(|_| OrganizationId::new()).collect();
    for (number, organization) in organizations.iter().enumerate() {
        let first = 100 * u32::try_from(number).unwrap();
        offer_all(&index, (first..first + 20).map(|key| indexed(key, Some(*organization)))).await;
    }
    for round in 1..=4 {
        let mut portions = HashMap::new();
        for _ in 0..10 {
            for job in claim(&index, 10).await {
                *portions.entry(job.organization).or_insert(0) += 1;
            }
        }
        assert_eq!(portions.len(), 20, "in round {round} nobody is passed over");
        assert!(portions.values().all(|&count| count == 5), "{portions:?}");
    }
}
