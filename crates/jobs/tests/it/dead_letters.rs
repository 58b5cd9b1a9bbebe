//! Dead letters: listed, retried, dropped.

use rubis_jobs::{
    DeadLetterFilter, JobState, drop_all_dead, drop_dead, list_dead, make_dead_letter, retry_all_dead,
    retry_dead,
};

use crate::support::{Calendar, QUEUE, START, id, seconds};

async fn with_dead_letters() -> Calendar {
    let mut calendar = Calendar::create().await;
    for (key, error) in [(1, "Mailbox full"), (2, "unknown recipient"), (3, "mailbox FULL")] {
        let lease = calendar.claimed(key).await.lease;
        make_dead_letter(&mut calendar.conn, &lease, error).await.unwrap();
    }
    calendar.enqueue(4, START).await;
    calendar
}

const ALL: DeadLetterFilter<'_> = DeadLetterFilter { queue: QUEUE, search: None, after: None, limit: 10 };

async fn listed(calendar: &mut Calendar, filter: DeadLetterFilter<'_>) -> Vec<String> {
    let rows = list_dead(&mut calendar.conn, filter).await.unwrap();
    rows.into_iter().map(|row| row.id.to_string()).collect()
}

#[tokio::test]
async fn dead_letters_are_listed_page_by_page_and_searched() {
    let mut calendar = with_dead_letters().await;
    assert_eq!(listed(&mut calendar, ALL).await, ["probe:1", "probe:2", "probe:3"]);
    assert_eq!(listed(&mut calendar, DeadLetterFilter { limit: 2, ..ALL }).await, ["probe:1", "probe:2"]);
    assert_eq!(listed(&mut calendar, DeadLetterFilter { after: Some(&id(2)), ..ALL }).await, ["probe:3"]);
    let search = |text| DeadLetterFilter { search: Some(text), ..ALL };
    assert_eq!(listed(&mut calendar, search("Box Full")).await, ["probe:1", "probe:3"]);
    assert_eq!(listed(&mut calendar, search("E:2")).await, ["probe:2"]);
    assert!(listed(&mut calendar, search("%")).await.is_empty(), "a search is no pattern");
}

#[tokio::test]
async fn chosen_dead_letters_are_run_again_with_all_their_attempts() {
    let mut calendar = with_dead_letters().await;
    let now = START + seconds(60);
    let revived = retry_dead(&mut calendar.conn, &[id(1), id(4), id(9)], Some(now)).await.unwrap();
    assert_eq!(revived, [id(1)], "a scheduled job is no dead letter");
    let row = calendar.row(1).await;
    assert_eq!((row.state, row.attempts, row.run_at), (JobState::Scheduled, 0, now));
    assert_eq!(row.last_error.as_deref(), Some("Mailbox full"), "what went wrong remains to be read");
    let others = retry_all_dead(&mut calendar.conn, QUEUE, Some(now)).await.unwrap();
    assert_eq!(others.len(), 2);
}

#[tokio::test]
async fn dead_letters_can_be_dropped_and_living_jobs_cannot() {
    let mut calendar = with_dead_letters().await;
    assert_eq!(drop_dead(&mut calendar.conn, &[id(1), id(4)]).await.unwrap(), [id(1)]);
    assert_eq!(drop_all_dead(&mut calendar.conn, QUEUE).await.unwrap().len(), 2);
    assert_eq!(calendar.row(4).await.state, JobState::Scheduled);
    assert!(listed(&mut calendar, ALL).await.is_empty());
}
