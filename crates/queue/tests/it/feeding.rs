//! From the calendar to Redis.

use deadpool_redis::redis::cmd;

use crate::support::{Course, LEASE, START, TestQueue, die_running, id, seconds};

#[tokio::test]
async fn only_the_next_minutes_are_offered() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    queue_under_test.enqueue(1, Course::Record, START + seconds(300)).await;
    queue_under_test.enqueue(2, Course::Record, START + seconds(301)).await;
    queue_under_test.enqueue(3, Course::Record, START + seconds(86_400)).await;
    let report = runner.feed_once(START).await.unwrap();
    assert_eq!((report.scheduled, report.swept, report.next), (1, true, Some(seconds(300))));
    let report = runner.feed_once(START + seconds(1)).await.unwrap();
    assert_eq!((report.scheduled, report.swept), (1, false), "what came into the window, and nothing twice");
}

#[tokio::test]
async fn what_is_enqueued_for_now_is_picked_up_by_the_next_tick() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    runner.feed_once(START).await.unwrap();
    queue_under_test.enqueue(1, Course::Record, START).await;
    let report = runner.feed_once(START + seconds(1)).await.unwrap();
    assert_eq!((report.scheduled, report.swept, report.next), (1, false, Some(seconds(0))));
}

#[tokio::test]
async fn what_was_just_offered_is_not_offered_each_second_unless_it_was_moved_or_lost() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    let scheduled = async |after| runner.feed_once(START + seconds(after)).await.unwrap().scheduled;
    assert_eq!(scheduled(0).await, 0);
    queue_under_test.enqueue(1, Course::Record, START).await;
    assert_eq!((scheduled(1).await, scheduled(2).await), (1, 0));
    queue_under_test.enqueue(1, Course::Record, START + seconds(3)).await;
    assert_eq!((scheduled(3).await, scheduled(4).await), (1, 0));
    queue_under_test.redis.wipe();
    assert_eq!(scheduled(5).await, 1);
    // A job that Redis lost silently is found while it still is in the slice.
    assert_eq!(scheduled(12).await, 1);
}

#[tokio::test]
async fn among_all_workers_each_slice_is_read_once() {
    let queue_under_test = TestQueue::create().await;
    let (first, second) = (queue_under_test.runner(), queue_under_test.runner());
    queue_under_test.enqueue(1, Course::Record, START).await;
    assert_eq!(first.feed_once(START).await.unwrap().scheduled, 1);
    let report = second.feed_once(START).await.unwrap();
    assert_eq!((report.scheduled, report.swept), (0, false));
    assert_eq!(report.next, Some(seconds(0)), "and yet the other learns when something is due");
}

#[tokio::test]
async fn a_wiped_redis_is_filled_by_the_next_tick() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    for key in 1..=3 {
        queue_under_test.enqueue(key, Course::Record, START + seconds(u64::from(key) * 60)).await;
    }
    runner.feed_once(START).await.unwrap();
    queue_under_test.redis.wipe();
    let report = runner.feed_once(START + seconds(1)).await.unwrap();
    assert_eq!((report.scheduled, report.swept), (3, true));
}

#[tokio::test]
async fn what_redis_lost_in_part_is_found_by_the_sweep_every_30_seconds() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    queue_under_test.enqueue(1, Course::Record, START + seconds(200)).await;
    runner.feed_once(START).await.unwrap();
    let mut connection = queue_under_test.redis.pool.get().await.unwrap();
    for name in ["o:-", "wait"] {
        let key = format!("{}:1:{{relances}}:{name}", queue_under_test.redis.prefix);
        cmd("DEL").arg(key).query_async::<()>(&mut connection).await.unwrap();
    }
    assert_eq!(runner.feed_once(START + seconds(29)).await.unwrap().next, None);
    assert_eq!(runner.feed_once(START + seconds(30)).await.unwrap().next, Some(seconds(170)));
}

#[tokio::test]
async fn a_job_that_was_moved_runs_at_its_new_date_only() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    queue_under_test.enqueue(1, Course::Record, START + seconds(60)).await;
    queue_under_test.enqueue(2, Course::Record, START + seconds(200)).await;
    runner.feed_once(START).await.unwrap();
    // Redis knows the old dates of both.
    queue_under_test.enqueue(1, Course::Record, START + seconds(120)).await;
    queue_under_test.enqueue(2, Course::Record, START + seconds(90)).await;

    let at = |after| START + seconds(after);
    runner.feed_once(at(60)).await.unwrap();
    while runner.run_batch(at(60)).await.unwrap().is_some() {}
    assert!(queue_under_test.done().await.is_empty());
    for after in 61..=90 {
        runner.feed_once(at(after)).await.unwrap();
    }
    while runner.run_batch(at(90)).await.unwrap().is_some() {}
    assert_eq!(queue_under_test.done().await, [2]);
    // The first was offered anew for its real date when its row did not answer.
    assert_eq!(runner.run_batch(at(120)).await.unwrap().map(|report| report.done), Some(1));
    assert_eq!(queue_under_test.done().await, [1, 2]);
}

#[tokio::test]
async fn a_job_that_was_moved_beyond_the_window_leaves_redis() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    queue_under_test.enqueue(1, Course::Record, START + seconds(60)).await;
    runner.feed_once(START).await.unwrap();
    queue_under_test.enqueue(1, Course::Record, START + seconds(86_400)).await;
    while runner.run_batch(START + seconds(60)).await.unwrap().is_some() {}
    assert_eq!(queue_under_test.redis.keys().len(), 1, "only what the feeders have read");
    assert_eq!(runner.run_due(START + seconds(86_400)).await.unwrap().done, 1);
}

#[tokio::test]
async fn a_worker_lost_between_redis_and_postgres_costs_one_lease() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    queue_under_test.enqueue(1, Course::Record, START).await;
    runner.feed_once(START).await.unwrap();
    assert_eq!(queue_under_test.index().claim(10, LEASE, Some(START)).await.unwrap().jobs.len(), 1);
    assert_eq!(runner.run_batch(START + seconds(9)).await.unwrap(), None);
    assert_eq!(runner.run_batch(START + LEASE).await.unwrap().map(|report| report.done), Some(1));
    assert_eq!(queue_under_test.row_crashes(1).await, None, "nothing was lost but time");
}

#[tokio::test]
async fn a_worker_lost_while_it_runs_a_job_costs_one_lease_and_no_attempt() {
    let queue_under_test = TestQueue::create().await;
    let other = queue_under_test.runner();
    queue_under_test.enqueue(1, Course::Endless, START).await;
    die_running(&queue_under_test, START).await;
    queue_under_test.execute("UPDATE jobs SET payload = jsonb_set(payload, '{course}', '\"Record\"')").await;
    assert_eq!(queue_under_test.row(1).await.crashes, 0);

    let after = START + LEASE + seconds(1);
    let report = other.feed_once(after).await.unwrap();
    assert_eq!(report.reaped.len(), 1);
    assert_eq!((report.reaped[0].id.clone(), report.reaped[0].crashes), (id(1), 1));
    let row = queue_under_test.row(1).await;
    assert_eq!((row.attempts, row.crashes), (0, 1));
    assert_eq!(other.run_batch(after).await.unwrap().map(|report| report.done), Some(1));
}

impl TestQueue {
    /// The crashes of the job, if it still exists.
    async fn row_crashes(&self, key: u32) -> Option<u32> {
        self.find(key).await.map(|row| row.crashes)
    }
}
