//! Operations list, look at, run again and drop what was given up.

use clap::Parser;
use rubis_mailer::SendError;
use rubis_relances::RelanceStatus;
use rubis_testkit::{Chain, handler_parts};
use rubis_worker::{
    handlers,
    operations::{JobsCommand, OperationError, operate},
};
use time::{
    Duration, OffsetDateTime,
    macros::{date, datetime},
};

const TUESDAY: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: JobsCommand,
}

/// Returns the output of a command line.
async fn run(chain: &Chain, line: &[&str]) -> Result<String, OperationError> {
    let line = Line::try_parse_from(std::iter::once("jobs").chain(line.iter().copied())).unwrap();
    let mut out = Vec::new();
    let handlers = handlers(handler_parts(chain.worker.mailer.clone()));
    operate(line.command, &mut *chain.conn().await, &handlers, &mut out, chain.now()).await?;
    Ok(String::from_utf8(out).unwrap())
}

/// A chain with a reminder that its recipient's server refused, and its job's id.
async fn with_a_dead_letter() -> (Chain, rubis_invoices::Invoice, String) {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
    let refused = SendError::rejected(550, "no such mailbox");
    chain.worker.mailer.fail_next(1, &refused);
    chain.worker.run_until(TUESDAY + Duration::minutes(2)).await;
    let id = chain.relances(invoice.id).await[0].queue_job_id().to_string();
    (chain, invoice, id)
}

#[tokio::test]
async fn a_dead_letter_is_listed_searched_and_shown_with_its_error() {
    let (chain, _, id) = with_a_dead_letter().await;
    assert!(run(&chain, &["list"]).await.unwrap().contains(&id));
    assert!(run(&chain, &["list", "--search", "no such mailbox"]).await.unwrap().contains(&id));
    let none = run(&chain, &["list", "--search", "something else"]).await.unwrap();
    assert_eq!(none, "No job of the queue relances was given up.\n");
    let shown = run(&chain, &["show", &id]).await.unwrap();
    assert!(shown.contains("state         dead") && shown.contains("no such mailbox"), "{shown}");
}

#[tokio::test]
async fn a_dead_letter_that_is_run_again_sends_its_reminder() {
    let (chain, invoice, id) = with_a_dead_letter().await;
    let printed = run(&chain, &["retry", &id]).await.unwrap();
    assert_eq!(printed, format!("{id} runs again\n1 job(s)\n"));
    // The command's time is the database's own, which may be later than the next reminder of the test.
    let now = chain.now();
    chain.database.execute_as_owner(&format!("UPDATE jobs SET run_at = '{now}' WHERE id = '{id}'")).await;
    chain.worker.run_due().await;
    assert_eq!(chain.worker.mailer.outbox().len(), 1);
    assert_eq!(chain.relances(invoice.id).await[0].status, RelanceStatus::Sent);
    assert!(run(&chain, &["retry", &id]).await.is_err(), "a finished job leaves nothing behind");
}

#[tokio::test]
async fn a_quarantined_reminder_that_is_dropped_has_failed_and_says_so() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    let first = chain.relances(invoice.id).await.remove(0);
    quarantine(&chain, &first.queue_job_id()).await;

    let printed = run(&chain, &["drop", "--all"]).await.unwrap();

    assert_eq!(printed, format!("{} dropped\n1 job(s)\n", first.queue_job_id()));
    let dropped = chain.relances(invoice.id).await.remove(0);
    assert_eq!(
        (dropped.status, dropped.reason.as_deref()),
        (RelanceStatus::Failed, Some("dropped_by_operations"))
    );
    assert_eq!(chain.events(invoice.id).await.last().map(String::as_str), Some("relance_failed"));
    assert!(matches!(
        run(&chain, &["show", first.queue_job_id().as_str()]).await,
        Err(OperationError::Unknown(_))
    ));
}

#[tokio::test]
async fn a_job_that_was_not_given_up_is_left_alone() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    let id = chain.relances(invoice.id).await[0].queue_job_id().to_string();
    for command in ["retry", "drop"] {
        let refused = run(&chain, &[command, &id]).await.unwrap_err();
        assert!(matches!(refused, OperationError::NotDead(_)), "{refused}");
    }
    assert_eq!(chain.planned(invoice.id).await.len(), 4);
}

/// As workers do that died over a job again and again.
async fn quarantine(chain: &Chain, job: &rubis_jobs::JobId) {
    use diesel_async::RunQueryDsl;
    diesel::sql_query("UPDATE jobs SET state = 'dead', last_error = 'quarantined' WHERE id = $1")
        .bind::<diesel::sql_types::Text, _>(job.as_str())
        .execute(&mut *chain.conn().await)
        .await
        .unwrap();
}
