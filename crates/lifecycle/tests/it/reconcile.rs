//! Reconciliation of waiting rows with their jobs.

use diesel_async::SimpleAsyncConnection as _;
use rubis_accounts::OrganizationInput;
use rubis_checkins::CheckinStatus;
use rubis_invoices::{Invoice, InvoiceStatus};
use rubis_lifecycle::{
    Finding,
    FindingKind::{
        CheckinOfDeadJob, CheckinSendingForLong, CheckinWithoutJob, InvoiceOfDeadCheckin, JobWithoutTask,
        PlanningOfDeadJob, PlanningWithoutJob, RelanceOfDeadJob, RelanceSendingForLong, RelanceWithoutJob,
    },
    FindingOutcome::{Repaired, Reported},
    reconcile_everything,
};
use rubis_relances::RelanceStatus;
use rubis_testkit::Chain;
use time::{
    Duration, OffsetDateTime,
    macros::{date, datetime},
};

const TUESDAY: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);
const LATE: time::Date = date!(2026 - 11 - 20);

type Found = Vec<(rubis_lifecycle::FindingKind, rubis_lifecycle::FindingOutcome)>;

async fn findings(chain: &Chain, age: Duration) -> Vec<Finding> {
    reconcile_everything(&mut *chain.conn().await, chain.now() + age).await.unwrap()
}

/// Findings of a round some minutes later, when nothing counts as too young.
async fn sweep(chain: &Chain) -> Found {
    let found = findings(chain, Duration::minutes(3)).await;
    found.into_iter().map(|finding| (finding.kind, finding.outcome)).collect()
}

async fn execute(chain: &Chain, sql: &str) {
    chain.conn().await.batch_execute(sql).await.unwrap();
}

async fn delete_jobs(chain: &Chain, kind: &str) {
    execute(chain, &format!("DELETE FROM jobs WHERE id LIKE '{kind}:%'")).await;
}

async fn kill_jobs(chain: &Chain, kind: &str) {
    execute(chain, &format!("UPDATE jobs SET state = 'dead' WHERE id LIKE '{kind}:%'")).await;
}

/// The columns of a mail that a worker has claimed.
const MAIL: &str = "subject = 'Facture', body = 'Bonjour', recipient = 'compta@client.example'";

/// A chain whose only reminder that is left is the first.
async fn with_a_reminder() -> (Chain, Invoice) {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(LATE).await;
    (chain, invoice)
}

/// A chain whose user was asked a moment ago.
async fn asked() -> (Chain, Invoice) {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let invoice = chain.invoice_due(LATE).await;
    chain.worker.run_until(TUESDAY + Duration::minutes(2)).await;
    assert_eq!(chain.checkins(invoice.id).await[0].status, CheckinStatus::Sent);
    (chain, invoice)
}

#[tokio::test]
async fn a_sound_database_has_no_findings() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let late = chain.invoice_due(LATE).await;
    chain.invoice_due(date!(2027 - 01 - 15)).await;
    let settled = chain.invoice_to("Garage Lopez", "contact@lopez.example", LATE).await;
    assert_eq!(sweep(&chain).await, []);
    chain.worker.run_until(TUESDAY + Duration::minutes(2)).await;
    assert_eq!(sweep(&chain).await, [], "while the answers are awaited");
    chain.pay(settled.id, None).await;
    assert_eq!(sweep(&chain).await, []);
    chain.worker.run_until(TUESDAY + Duration::days(3)).await;
    assert_eq!(sweep(&chain).await, [], "after the answers did not come");
    // The last step is a formal notice, which waits for its approval without a job.
    chain.worker.run_until(TUESDAY + Duration::days(60)).await;
    assert_eq!(sweep(&chain).await, []);
    assert!(chain.relances(late.id).await.iter().any(|task| task.status == RelanceStatus::Sent));
}

#[tokio::test]
async fn what_a_pause_or_an_unverified_address_holds_back_needs_no_job() {
    let paused = Chain::with_checkins_at(TUESDAY).await;
    let invoice = paused.invoice_due(LATE).await;
    let mut conn = paused.conn().await;
    rubis_lifecycle::pause_invoice(&mut conn, paused.organization, invoice.id, None, None, paused.now())
        .await
        .unwrap();
    drop(conn);
    paused.worker.run_until(TUESDAY + Duration::days(20)).await;
    assert_eq!(sweep(&paused).await, []);

    let unverified = Chain::unverified_at(TUESDAY).await;
    unverified.invoice_due(LATE).await;
    unverified.worker.run_until(TUESDAY + Duration::days(20)).await;
    assert!(unverified.reminders().is_empty());
    assert_eq!(sweep(&unverified).await, []);
}

#[tokio::test]
async fn a_reminder_whose_job_was_lost_gets_it_back_and_leaves_once() {
    let (chain, invoice) = with_a_reminder().await;
    let planned = chain.planned(invoice.id).await.len();
    delete_jobs(&chain, "relance").await;

    assert_eq!(sweep(&chain).await, vec![(RelanceWithoutJob, Repaired); planned]);
    assert_eq!(sweep(&chain).await, [], "two rounds repair it once");

    chain.worker.run_until(TUESDAY + Duration::hours(1)).await;
    assert_eq!(chain.reminders().len(), 1);
    assert_eq!(chain.relances(invoice.id).await[0].status, RelanceStatus::Sent);
}

#[tokio::test]
async fn rows_that_were_written_a_moment_ago_are_not_compared() {
    let (chain, _) = with_a_reminder().await;
    delete_jobs(&chain, "relance").await;
    assert_eq!(findings(&chain, Duration::ZERO).await, []);
    assert!(!findings(&chain, Duration::minutes(3)).await.is_empty());
}

#[tokio::test]
async fn a_reminder_that_may_have_left_is_not_sent_again() {
    let (chain, invoice) = with_a_reminder().await;
    let first = chain.relances(invoice.id).await.remove(0);
    execute(&chain, &format!("UPDATE relance_tasks SET {MAIL}, sending_since = created_at")).await;
    execute(&chain, &format!("DELETE FROM jobs WHERE id = '{}'", first.queue_job_id())).await;
    execute(&chain, &format!("UPDATE relance_tasks SET sending_since = NULL WHERE id <> '{}'", first.id))
        .await;

    assert_eq!(sweep(&chain).await, [(RelanceWithoutJob, Repaired)]);
    assert_eq!(sweep(&chain).await, []);
    let failed = chain.relances(invoice.id).await.remove(0);
    assert_eq!((failed.status, failed.sending_since), (RelanceStatus::Failed, None));
    chain.worker.run_until(TUESDAY + Duration::hours(1)).await;
    assert!(chain.reminders().is_empty());
    assert!(chain.events(invoice.id).await.contains(&"relance_failed".to_owned()));
}

#[tokio::test]
async fn a_reminder_that_waits_for_a_dead_letter_has_failed() {
    let (chain, invoice) = with_a_reminder().await;
    let first = chain.relances(invoice.id).await.remove(0);
    execute(&chain, &format!("UPDATE jobs SET state = 'dead' WHERE id = '{}'", first.queue_job_id())).await;
    assert_eq!(sweep(&chain).await, [(RelanceOfDeadJob, Repaired)]);
    assert_eq!(sweep(&chain).await, []);
    assert_eq!(chain.relances(invoice.id).await[0].status, RelanceStatus::Failed);
}

#[tokio::test]
async fn a_reminder_that_is_being_sent_for_more_than_an_hour_is_reported() {
    let (chain, invoice) = with_a_reminder().await;
    let first = chain.relances(invoice.id).await.remove(0);
    let since = |age: &str| {
        format!(
            "UPDATE relance_tasks SET {MAIL}, sending_since = created_at - interval '{age}' WHERE id = '{}'",
            first.id
        )
    };
    execute(&chain, &since("50 minutes")).await;
    assert_eq!(sweep(&chain).await, [], "it may take its time");
    execute(&chain, &since("2 hours")).await;
    assert_eq!(sweep(&chain).await, [(RelanceSendingForLong, Reported)]);
    assert_eq!(chain.relances(invoice.id).await[0].status, RelanceStatus::Scheduled, "its job will run");
}

#[tokio::test]
async fn a_check_in_gets_its_lost_job_back_before_and_after_it_was_sent() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let invoice = chain.invoice_due(LATE).await;
    delete_jobs(&chain, "checkin").await;
    assert_eq!(sweep(&chain).await, [(CheckinWithoutJob, Repaired)]);
    assert_eq!(sweep(&chain).await, []);
    chain.worker.run_until(TUESDAY + Duration::hours(1)).await;
    assert_eq!(chain.checkin_mails().len(), 1);

    delete_jobs(&chain, "checkin-expiry").await;
    assert_eq!(sweep(&chain).await, [(CheckinWithoutJob, Repaired)]);
    assert_eq!(sweep(&chain).await, []);
    chain.worker.run_until(TUESDAY + Duration::days(3)).await;
    assert_eq!(chain.checkins(invoice.id).await[0].status, CheckinStatus::Expired);
}

/// A chain whose check-in is in a mail that the mail server did not take yet.
async fn gathered() -> (Chain, Invoice) {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let invoice = chain.invoice_due(LATE).await;
    chain.worker.mailer.go_away(rubis_testkit::SendError::unavailable("connection refused"));
    chain.worker.run_until(TUESDAY + Duration::minutes(2)).await;
    let task = chain.checkins(invoice.id).await.remove(0);
    assert_eq!((task.status, task.mail_id.is_some()), (CheckinStatus::Scheduled, true));
    chain.worker.mailer.accept_everything();
    (chain, invoice)
}

#[tokio::test]
async fn a_check_in_mail_gets_its_lost_job_back() {
    let (chain, invoice) = gathered().await;
    assert_eq!(sweep(&chain).await, [], "its job waits for the mail server");
    delete_jobs(&chain, "checkin-mail").await;
    assert_eq!(sweep(&chain).await, [(CheckinWithoutJob, Repaired)]);
    assert_eq!(sweep(&chain).await, []);
    chain.worker.run_until(TUESDAY + Duration::hours(1)).await;
    assert_eq!(chain.checkin_mails().len(), 1);
    assert_eq!(chain.checkins(invoice.id).await[0].status, CheckinStatus::Sent);
}

#[tokio::test]
async fn a_check_in_mail_that_is_being_sent_for_more_than_an_hour_is_reported() {
    let (chain, invoice) = gathered().await;
    execute(&chain, "UPDATE jobs SET blocked_since = NULL").await;
    for (age, found) in [("50 minutes", &[][..]), ("2 hours", &[(CheckinSendingForLong, Reported)][..])] {
        let since = format!(
            "UPDATE checkin_tasks SET sending_since = created_at - interval '{age}',
                 token_hash = sha256(id::text::bytea)"
        );
        execute(&chain, &since).await;
        assert_eq!(sweep(&chain).await, found, "{age}");
    }
    assert_eq!(chain.checkins(invoice.id).await[0].status, CheckinStatus::Scheduled, "its job will run");
}

#[tokio::test]
async fn an_invoice_does_not_wait_for_a_check_in_whose_job_is_dead() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let invoice = chain.invoice_due(LATE).await;
    kill_jobs(&chain, "checkin").await;
    assert_eq!(sweep(&chain).await, [(CheckinOfDeadJob, Repaired)]);
    assert_eq!(chain.checkins(invoice.id).await[0].status, CheckinStatus::Failed);
    assert_eq!(chain.invoice(invoice.id).await.awaited_answer, None);

    let (chain, invoice) = asked().await;
    kill_jobs(&chain, "checkin-expiry").await;
    assert_eq!(sweep(&chain).await, [(CheckinOfDeadJob, Repaired)]);
    assert_eq!(sweep(&chain).await, []);
    assert_eq!(chain.checkins(invoice.id).await[0].status, CheckinStatus::Expired);
    assert_eq!(chain.invoice(invoice.id).await.status, InvoiceStatus::Pending);
}

#[tokio::test]
async fn an_invoice_whose_question_is_over_awaits_no_answer() {
    let (chain, invoice) = asked().await;
    delete_jobs(&chain, "checkin-expiry").await;
    execute(&chain, "UPDATE checkin_tasks SET status = 'expired'").await;
    assert_eq!(chain.invoice(invoice.id).await.status, InvoiceStatus::AwaitingUserConfirmation);
    assert_eq!(sweep(&chain).await, [(InvoiceOfDeadCheckin, Repaired)]);
    assert_eq!(sweep(&chain).await, []);
    assert_eq!(chain.invoice(invoice.id).await.status, InvoiceStatus::Pending);
}

#[tokio::test]
async fn a_planning_request_gets_its_lost_job_back_and_a_dead_one_is_reported() {
    let (chain, invoice) = with_a_reminder().await;
    chain.set(OrganizationInput { sending_time: Some("07:30".to_owned()), ..Default::default() }).await;
    request_planning(&chain).await;
    delete_jobs(&chain, "plan-again").await;
    assert_eq!(sweep(&chain).await, [(PlanningWithoutJob, Repaired)]);
    assert_eq!(sweep(&chain).await, []);
    kill_jobs(&chain, "plan-again").await;
    assert_eq!(sweep(&chain).await, [(PlanningOfDeadJob, Reported)]);
    assert!(!chain.planned(invoice.id).await.is_empty());
}

#[tokio::test]
async fn a_reminder_or_check_in_without_a_job_is_sound_while_a_request_plans_its_invoice() {
    let (reminded, _) = with_a_reminder().await;
    request_planning(&reminded).await;
    delete_jobs(&reminded, "relance").await;
    assert_eq!(sweep(&reminded).await, [(PlanningWithoutJob, Repaired)]);
    execute(&reminded, "DELETE FROM planning_requests").await;
    assert!(sweep(&reminded).await.contains(&(RelanceWithoutJob, Repaired)), "without a request");

    let asking = Chain::with_checkins_at(TUESDAY).await;
    asking.invoice_due(LATE).await;
    request_planning(&asking).await;
    delete_jobs(&asking, "checkin").await;
    assert_eq!(sweep(&asking).await, [(PlanningWithoutJob, Repaired)]);
}

#[tokio::test]
async fn a_reminder_whose_job_waits_for_the_mail_server_after_a_crash_is_sound() {
    let (chain, _) = with_a_reminder().await;
    execute(
        &chain,
        &format!("UPDATE relance_tasks SET {MAIL}, sending_since = created_at - interval '2 hours'"),
    )
    .await;
    assert!(sweep(&chain).await.contains(&(RelanceSendingForLong, Reported)));
    execute(&chain, "UPDATE jobs SET blocked_since = created_at WHERE id LIKE 'relance:%'").await;
    assert_eq!(sweep(&chain).await, []);
}

/// As a change of rules leaves it, with its job.
async fn request_planning(chain: &Chain) {
    let organization = chain.organization;
    execute(
        chain,
        &format!(
            "INSERT INTO planning_requests (organization_id, scope, not_before, waiting_since)
             VALUES ('{organization}', 'all', '2026-11-24 09:00Z', '2026-11-24 09:00Z') ON CONFLICT DO NOTHING"
        ),
    )
    .await;
}

#[tokio::test]
async fn a_job_whose_reminder_is_over_is_removed_unless_it_is_about_to_end_by_itself() {
    let (chain, invoice) = with_a_reminder().await;
    let tasks = chain.relances(invoice.id).await;
    let cancelled = format!(
        "UPDATE relance_tasks SET status = 'cancelled', reason = 'cancelled_by_user' WHERE id IN ('{}', '{}')",
        tasks[1].id, tasks[2].id
    );
    execute(&chain, &cancelled).await;
    // One was interrupted while its reminder was called off: its next run finds that.
    execute(
        &chain,
        &format!("UPDATE jobs SET last_error = 'interrupted' WHERE id = '{}'", tasks[1].queue_job_id()),
    )
    .await;
    assert_eq!(sweep(&chain).await, [(JobWithoutTask, Repaired)]);
    assert_eq!(sweep(&chain).await, []);
    let left = rubis_jobs::find(&mut *chain.conn().await, &tasks[2].queue_job_id()).await.unwrap();
    assert_eq!(left, None);
}

#[tokio::test]
async fn a_sweep_is_a_job_that_comes_back_every_five_minutes_and_continues() {
    let (chain, invoice) = with_a_reminder().await;
    chain.worker.run_until(TUESDAY + Duration::minutes(30)).await;
    delete_jobs(&chain, "relance").await;
    rubis_lifecycle::seed_reconciliation(&mut *chain.conn().await, chain.now()).await.unwrap();

    chain.worker.run_due().await;

    let job = "reconcile:all".parse().unwrap();
    let next = rubis_jobs::find(&mut *chain.conn().await, &job).await.unwrap().unwrap();
    assert_eq!(next.run_at, chain.now() + Duration::minutes(5));
    rubis_lifecycle::seed_reconciliation(&mut *chain.conn().await, chain.now()).await.unwrap();
    let kept = rubis_jobs::find(&mut *chain.conn().await, &job).await.unwrap().unwrap();
    assert_eq!(kept.run_at, next.run_at, "asking for it again does not bring it forward");
    assert!(!chain.planned(invoice.id).await.is_empty());
    assert_eq!(sweep(&chain).await, [], "the sweep has repaired what was lost");
}
