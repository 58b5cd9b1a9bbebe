//! The rate of mails holds mails back and nothing else.

use std::{sync::Arc, time::Duration as StdDuration};

use rubis_runtime::{MailRate, Rate};
use rubis_testkit::{Chain, TestWorker};
use rubis_worker::HandlerParts;
use time::{
    Duration, OffsetDateTime,
    macros::{date, datetime},
};

/// A Tuesday at ten in Paris.
const TUESDAY: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);

/// One mail an hour: a test never waits for the next one.
const LIMIT: Rate = Rate::new(1, StdDuration::from_secs(3_600));

/// A worker that keeps to the rate.
fn limited(chain: &Chain) -> TestWorker {
    let rate =
        MailRate::new(chain.redis.pool.clone(), &chain.redis.prefix, Some(LIMIT), None).with_injected_clock();
    TestWorker::with_parts(&chain.database, &chain.redis, chain.clock.clone(), |parts| HandlerParts {
        rate: Arc::new(rate),
        ..parts
    })
}

#[tokio::test]
async fn a_mail_beyond_the_rate_comes_back_without_losing_an_attempt_and_can_be_stopped_meanwhile() {
    let chain = Chain::start_at(TUESDAY).await;
    let worker = limited(&chain);
    let first = chain.invoice_due(date!(2026 - 11 - 20)).await;
    let second = chain.invoice_to("Garage Nord", "garage@nord.example", date!(2026 - 11 - 20)).await;
    worker.run_until(TUESDAY + Duration::minutes(30)).await;
    assert_eq!(worker.mailer.outbox().len(), 1);
    let waiting = if chain.relances(first.id).await[0].sent_at.is_none() { first.id } else { second.id };
    let task = chain.relances(waiting).await.remove(0);
    assert!(task.can_be_cancelled(), "it is not being sent while it waits: {task:?}");
    let job = rubis_jobs::find(&mut *chain.conn().await, &task.queue_job_id()).await.unwrap().unwrap();
    assert_eq!(job.attempts, 0);

    worker.run_until(TUESDAY + Duration::minutes(70)).await;
    assert_eq!(worker.mailer.outbox().len(), 2);
}

#[tokio::test]
async fn jobs_that_send_nothing_take_no_permit() {
    let chain = Chain::start_at(TUESDAY).await;
    let worker = limited(&chain);
    let mut settled = Vec::new();
    for number in 0..5 {
        let email = format!("compta{number}@client.example");
        settled.push(chain.invoice_to(&format!("Client {number}"), &email, date!(2026 - 11 - 20)).await.id);
    }
    // Their jobs are still there: the organization pauses without an end, and each finds out when it is due.
    rubis_lifecycle::pause_organization(
        &mut *chain.conn().await,
        chain.organization,
        None,
        Some(chain.owner),
        chain.now(),
    )
    .await
    .unwrap();
    worker.run_until(TUESDAY + Duration::minutes(5)).await;
    assert!(worker.mailer.outbox().is_empty());
    rubis_lifecycle::resume_organization(
        &mut *chain.conn().await,
        chain.organization,
        Some(chain.owner),
        chain.now(),
    )
    .await
    .unwrap();
    worker.run_until(TUESDAY + Duration::minutes(10)).await;
    assert_eq!(
        worker.mailer.outbox().len(),
        1,
        "the only permit of the hour was not taken by a paused reminder"
    );
}

#[tokio::test]
async fn queues_share_the_rate() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let worker = limited(&chain);
    chain.invoice_due(date!(2026 - 11 - 24)).await;
    worker.run_until(TUESDAY + Duration::minutes(30)).await;
    assert_eq!(worker.mailer.outbox().len(), 1, "a check-in");
    let now = chain.now();
    rubis_accounts::notify_of_mail_outage(&mut *chain.conn().await, chain.organization, now).await.unwrap();
    worker.run_until(TUESDAY + Duration::minutes(50)).await;
    assert_eq!(worker.mailer.outbox().len(), 1, "the account mail waits");
    worker.run_until(TUESDAY + Duration::minutes(120)).await;
    assert_eq!(worker.mailer.outbox().len(), 2);
}
