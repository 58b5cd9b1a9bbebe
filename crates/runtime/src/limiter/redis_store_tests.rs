//! Tests the script against a real Redis, and the limiter without one.

#![allow(clippy::disallowed_methods, reason = "where the test servers are comes from the environment")]

use std::sync::Arc;

use rubis_kernel::ManualClock;
use time::macros::datetime;

use super::*;
use crate::limiter::RateLimiter;
use crate::redis;
use crate::settings::RedisSettings;

const SECOND: i64 = 1_000_000;

fn settings(url: &str, prefix: &str) -> RedisSettings {
    RedisSettings { prefix: prefix.to_owned(), ..RedisSettings::at(url) }
}

fn test_pool() -> Pool {
    let url = std::env::var("TEST_REDIS_URL").expect("TEST_REDIS_URL is set by `cargo xtask test`");
    redis::pool(&settings(&url, "test"), 4).unwrap()
}

/// Returns a key that no other run uses.
fn fresh_key() -> String {
    rubis_kernel::random_token()
}

fn frozen_clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(datetime!(2026-11-21 08:00 UTC)))
}

#[tokio::test]
async fn the_script_decides_as_the_rule_does() {
    let store = RedisStore::new(test_pool(), "rubis-test");
    let start = 1_795_248_000 * SECOND;
    for rate in
        [Rate::new(5, Duration::from_secs(15)), Rate::new(1, Duration::from_millis(7)), Rate::per_minute(7)]
    {
        let key = fresh_key();
        let mut arrival = None;
        // Dense enough to be refused often, long enough to recover.
        for step in 0..40 {
            let now = start + step * step * SECOND / 40;
            // Two of five attempts are only checked or given back.
            let action = match step % 5 {
                3 => Action::Peek,
                4 => Action::GiveBack,
                _ => Action::Count,
            };
            let (expected, next) = rate.apply(action, now, arrival);
            arrival = next.or(arrival);
            let decision = store.run(action, &key, rate, Some(now)).await.unwrap();
            assert_eq!(decision, expected, "{rate:?}, step {step}, {action:?}");
        }
    }
}

#[tokio::test]
async fn two_processes_share_one_limit() {
    let rate = Rate::new(3, Duration::from_secs(3600));
    let key = fresh_key();
    let first = RateLimiter::redis(test_pool(), "rubis-test", frozen_clock());
    let second = RateLimiter::redis(test_pool(), "rubis-test", frozen_clock());
    assert!(first.check(&key, rate).await.is_allowed());
    assert!(second.check(&key, rate).await.is_allowed());
    assert_eq!(first.check(&key, rate).await, Decision::Allowed { remaining: 0 });
    assert!(!second.check(&key, rate).await.is_allowed());
    assert!(second.check(&fresh_key(), rate).await.is_allowed(), "another key has a limit of its own");
}

#[tokio::test]
async fn what_a_limit_keeps_expires_by_itself_and_names_nobody() {
    let pool = test_pool();
    let store = RedisStore::new(pool.clone(), "rubis-test");
    let key = format!("login:anne@exemple.fr:{}", fresh_key());
    store.run(Action::Count, &key, Rate::new(2, Duration::from_secs(10)), None).await.unwrap();
    let name = store.key(&key);
    assert!(name.starts_with("rubis-test:limit:") && !name.contains("anne"));
    let mut connection = pool.get().await.unwrap();
    let milliseconds: i64 =
        deadpool_redis::redis::cmd("PTTL").arg(&name).query_async(&mut connection).await.unwrap();
    assert!((1..=5_000).contains(&milliseconds), "{milliseconds}");
}

#[tokio::test]
async fn without_redis_each_process_still_limits() {
    // Nothing listens on this port: it was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let pool = redis::pool(&settings(&format!("redis://127.0.0.1:{port}/"), "rubis"), 1).unwrap();
    assert!(redis::ping(&pool).await.is_err());
    let clock = frozen_clock();
    let limiter = RateLimiter::redis(pool, "rubis", clock.clone());
    let rate = Rate::new(2, Duration::from_secs(60));
    assert_eq!(limiter.check("a", rate).await, Decision::Allowed { remaining: 1 });
    assert_eq!(limiter.check("a", rate).await, Decision::Allowed { remaining: 0 });
    assert_eq!(limiter.check("a", rate).await, Decision::Limited { retry_after: Duration::from_secs(30) });
    clock.advance(time::Duration::seconds(30));
    assert!(limiter.check("a", rate).await.is_allowed());
}

#[tokio::test]
async fn a_redis_that_answers_nothing_delays_one_request_and_not_the_next() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}/", silent.local_addr().unwrap());
    let pool = redis::pool(&settings(&url, "rubis"), 1).unwrap();
    let limiter = RateLimiter::redis(pool, "rubis", frozen_clock());
    let rate = Rate::per_minute(10);
    assert!(limiter.check("a", rate).await.is_allowed());
    let before = tokio::time::Instant::now();
    for _ in 0..5 {
        assert!(limiter.check("a", rate).await.is_allowed());
    }
    assert!(before.elapsed() < Duration::from_millis(200), "{:?}", before.elapsed());
}

#[tokio::test]
async fn a_redis_that_is_there_answers_a_ping() {
    redis::ping(&test_pool()).await.unwrap();
}
