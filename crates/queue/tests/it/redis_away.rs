//! Without Redis.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use rubis_queue::RedisPool;
use rubis_testkit::redis_pool;
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Course, ProbeHandler, START, TestQueue, seconds};

/// A door before Redis that can be closed.
struct Door {
    address: String,
    open: Arc<AtomicBool>,
}

impl Door {
    async fn before(redis: &str) -> Self {
        let target = redis.trim_start_matches("redis://").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("redis://{}/", listener.local_addr().unwrap());
        let open = Arc::new(AtomicBool::new(false));
        let is_open = Arc::clone(&open);
        tokio::spawn(async move {
            while let Ok((mut inside, _)) = listener.accept().await {
                if is_open.load(Ordering::SeqCst) {
                    let mut outside = TcpStream::connect(&target).await.unwrap();
                    tokio::spawn(
                        async move { tokio::io::copy_bidirectional(&mut inside, &mut outside).await },
                    );
                }
            }
        });
        Self { address, open }
    }

    fn pool(&self) -> RedisPool {
        redis_pool(&self.address, 2)
    }
}

#[tokio::test]
async fn without_redis_jobs_come_straight_from_postgres() {
    let queue_under_test = TestQueue::create().await;
    let nowhere = redis_pool("redis://127.0.0.1:1/", 2);
    let runner =
        queue_under_test.runner_on(queue_under_test.settings(), nowhere, ProbeHandler { began: None });
    for key in 0..120 {
        queue_under_test.enqueue(key, Course::Record, START).await;
    }
    queue_under_test.enqueue(500, Course::FailTimes(1), START).await;
    queue_under_test.enqueue(501, Course::Record, START + seconds(60)).await;
    assert!(!runner.feed_once(START).await.unwrap().redis_up);
    let report = runner.run_due(START).await.unwrap();
    assert_eq!((report.done, report.retried), (120, 1));
    assert_eq!(runner.run_due(START + seconds(60)).await.unwrap().done, 2);
    assert_eq!(queue_under_test.jobs_left().await, 0);
    assert!(queue_under_test.redis.keys().is_empty());
}

#[tokio::test]
async fn when_redis_answers_again_it_is_used_again() {
    let queue_under_test = TestQueue::create().await;
    let door = Door::before(&queue_under_test.redis.url).await;
    let runner =
        queue_under_test.runner_on(queue_under_test.settings(), door.pool(), ProbeHandler { began: None });
    queue_under_test.enqueue(1, Course::Record, START).await;
    queue_under_test.enqueue(2, Course::Record, START + seconds(60)).await;
    assert_eq!(runner.run_due(START).await.unwrap().done, 1);

    door.open.store(true, Ordering::SeqCst);
    let report = runner.feed_once(START + seconds(1)).await.unwrap();
    assert_eq!((report.redis_up, report.scheduled, report.swept), (true, 1, true));
    assert!(queue_under_test.redis.keys().iter().any(|key| key.ends_with("o:-")));
    assert_eq!(runner.run_batch(START + seconds(60)).await.unwrap().unwrap().done, 1);
}
