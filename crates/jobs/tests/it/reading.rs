//! Reading the calendar and measuring the queue.

use diesel_async::RunQueryDsl as _;
use rubis_jobs::{PageStart, make_dead_letter, stats, sweep_newest, sweep_page};

use crate::support::{Calendar, Probe, QUEUE, START, probe, seconds};

#[tokio::test]
async fn the_calendar_is_read_page_by_page_without_gap_or_repetition() {
    let mut calendar = Calendar::create().await;
    // Several jobs share each date, so that pages end in the middle of one.
    let jobs: Vec<(Probe, _)> =
        (0..25).map(|key| (probe(key), START + seconds(u64::from(key / 10)))).collect();
    rubis_jobs::enqueue_many(&mut calendar.conn, &jobs, START).await.unwrap();
    let until = START + seconds(1);
    let mut start = PageStart::Earliest;
    let mut seen = Vec::new();
    loop {
        let page = sweep_page(&mut calendar.conn, QUEUE, &start, until, 7).await.unwrap();
        let Some(last) = page.last() else { break };
        start = PageStart::AfterJob(last.clone());
        seen.extend(page.into_iter().map(|job| job.id));
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((count, seen.len()), (20, 20), "jobs after the end of the window are not read");
}

#[tokio::test]
async fn a_slice_leaves_out_the_instant_where_the_one_before_ended() {
    let mut calendar = Calendar::create().await;
    for key in 0..3 {
        calendar.enqueue(key, START + seconds(u64::from(key))).await;
    }
    let start = PageStart::After(START + seconds(1));
    let page = sweep_page(&mut calendar.conn, QUEUE, &start, START + seconds(9), 10).await.unwrap();
    assert_eq!(page.len(), 1);
    assert_eq!(page[0].run_at, START + seconds(2));
}

#[tokio::test]
async fn what_was_just_enqueued_comes_before_a_backlog() {
    let mut calendar = Calendar::create().await;
    for key in 0..5 {
        calendar.enqueue(key, START + seconds(u64::from(key))).await;
    }
    let (from, until) = (START + seconds(1), START + seconds(3));
    let newest = sweep_newest(&mut calendar.conn, QUEUE, from, until, 2).await.unwrap();
    let dates: Vec<_> = newest.into_iter().map(|job| job.run_at).collect();
    assert_eq!(dates, [START + seconds(3), START + seconds(2)]);
}

#[tokio::test]
async fn a_connection_prepares_each_statement_once() {
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }
    let mut calendar = Calendar::create().await;
    for _ in 0..3 {
        calendar.claim(&[1], START).await;
    }
    let query =
        "SELECT count(*) AS count FROM pg_prepared_statements WHERE statement LIKE '%gen_random_uuid%'
        AND name <> '' AND statement NOT LIKE '%pg_prepared%'";
    let prepared: Count = diesel::sql_query(query).get_result(&mut calendar.conn).await.unwrap();
    assert_eq!(prepared.count, 1);
}

#[tokio::test]
async fn a_queue_is_measured() {
    let mut calendar = Calendar::create().await;
    let empty = stats(&mut calendar.conn, QUEUE, Some(START)).await.unwrap();
    assert_eq!((empty.waiting, empty.due, empty.running, empty.dead), (0, 0, 0, 0));
    assert_eq!(empty.oldest_lateness, seconds(0));

    let dead = calendar.claimed(1).await;
    make_dead_letter(&mut calendar.conn, &dead.lease, "no").await.unwrap();
    calendar.claimed(2).await;
    for (key, after) in [(3, 0), (4, 30), (5, 600)] {
        calendar.enqueue(key, START + seconds(after)).await;
    }
    let stats = stats(&mut calendar.conn, QUEUE, Some(START + seconds(60))).await.unwrap();
    assert_eq!((stats.waiting, stats.due, stats.running, stats.dead), (3, 2, 1, 1));
    assert_eq!(stats.oldest_lateness, seconds(60));
}
