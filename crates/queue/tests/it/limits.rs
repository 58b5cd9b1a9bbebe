//! What the provider and the tenants' limits allow.

use std::time::Duration;

use rubis_kernel::OrganizationId;
use rubis_queue::{ClaimTerms, Offers, QueueSettings, RateLimit};

use crate::support::{Course, START, Stage, TERMS, offered, seconds};

const AT: i64 = START.unix_timestamp() * 1_000;

/// Ten a second, five at once.
const LIMIT: RateLimit = RateLimit { count: 10, per: Duration::from_secs(1), burst: 5 };

async fn offer(offers: &Offers, keys: std::ops::Range<u32>, organization: Option<OrganizationId>) {
    let jobs: Vec<_> = keys.map(|key| (offered(key, organization), AT)).collect();
    offers.offer(&jobs, Some(START)).await.unwrap();
}

#[tokio::test]
async fn no_more_leaves_than_the_provider_takes() {
    let stage = Stage::create().await;
    let offers = stage.offers();
    let terms = ClaimTerms { provider_rate: Some(LIMIT), ..TERMS };
    offer(&offers, 0..50, Some(OrganizationId::new())).await;
    offer(&offers, 50..100, Some(OrganizationId::new())).await;
    let mut taken = Vec::new();
    for milliseconds in [0, 0, 50, 100, 150, 300, 10_000] {
        let now = START + Duration::from_millis(milliseconds);
        let claim = offers.claim(50, terms, Some(now)).await.unwrap();
        taken.push(claim.jobs.len());
        assert_eq!(claim.next, Some(Duration::from_millis(100) - Duration::from_millis(milliseconds % 100)));
    }
    assert_eq!(taken, [5, 0, 0, 1, 0, 2, 5]);
}

#[tokio::test]
async fn a_tenant_at_its_limit_leaves_its_turns_to_the_others() {
    let stage = Stage::create().await;
    let offers = stage.offers();
    let terms = ClaimTerms { tenant_rate: Some(LIMIT), ..TERMS };
    let (large, small) = (OrganizationId::new(), OrganizationId::new());
    offer(&offers, 0..100, Some(large)).await;
    let first = offers.claim(50, terms, Some(START)).await.unwrap();
    assert_eq!((first.jobs.len(), first.next), (5, Some(Duration::from_millis(100))));
    offer(&offers, 100..103, Some(small)).await;
    let second = offers.claim(50, terms, Some(START)).await.unwrap();
    assert_eq!(second.jobs.len(), 3);
    assert!(second.jobs.iter().all(|job| job.organization == Some(small)));
    let third = offers.claim(50, terms, Some(START + Duration::from_millis(200))).await.unwrap();
    assert_eq!(third.jobs.len(), 2);
    assert!(third.jobs.iter().all(|job| job.organization == Some(large)));
}

#[tokio::test]
async fn a_clock_that_went_back_does_not_stop_a_limited_queue() {
    let stage = Stage::create().await;
    let offers = stage.offers();
    let terms = ClaimTerms { provider_rate: Some(LIMIT), ..TERMS };
    offer(&offers, 0..50, None).await;
    offers.claim(5, terms, Some(START + seconds(86_400))).await.unwrap();
    assert!(offers.claim(5, terms, Some(START)).await.unwrap().next.unwrap() <= seconds(1));
    assert_eq!(offers.claim(5, terms, Some(START + seconds(1))).await.unwrap().jobs.len(), 5);
}

#[tokio::test]
async fn the_whole_chain_keeps_to_the_limit() {
    let stage = Stage::create().await;
    let settings = QueueSettings { provider_rate: Some(LIMIT), ..stage.settings() };
    let runner = stage.runner_with(settings);
    for key in 0..12 {
        stage.enqueue(key, Course::Record, START).await;
    }
    assert_eq!(runner.run_due(START).await.unwrap().done, 5);
    assert_eq!(runner.run_due(START + Duration::from_millis(200)).await.unwrap().done, 2);
    assert_eq!(runner.run_due(START + seconds(5)).await.unwrap().done, 5);
}
