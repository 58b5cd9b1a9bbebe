//! Jobs that were given up, quarantined or dropped: nothing waits for them.

use std::sync::Arc;

use clap::Parser;
use diesel_async::{AsyncConnection, RunQueryDsl};
use rubis_accounts::{AccountMail, AccountMailKind};
use rubis_billing::{PaymentFailedMail, TrialRecap, TrialSweep};
use rubis_checkins::{CheckinStatus, ConfirmCheckin, ExpireCheckin, GatherCheckins, SendCheckinMail};
use rubis_invoices::{Invoice, InvoiceScope, InvoiceStatus};
use rubis_jobs::{Job, JobError, JobId, Payload};
use rubis_kernel::{
    AccountTokenId, CheckinMailId, CheckinTaskId, MailFailure, OrganizationId, RelanceTaskId, UserId,
};
use rubis_lifecycle::{PlanAgain, Reconcile};
use rubis_mailer::MemoryMailer;
use rubis_queue::{DeadLetter, DeadLetterCause, Handlers};
use rubis_relances::{RelanceStatus, SendRelance};
use rubis_testkit::{Chain, handler_parts};
use rubis_worker::{
    handlers,
    operations::{JobsCommand, operate},
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

const CAUSES: [DeadLetterCause; 3] =
    [DeadLetterCause::Failed, DeadLetterCause::Quarantined, DeadLetterCause::Dropped];

fn letter(job_id: JobId, cause: DeadLetterCause, now: OffsetDateTime) -> DeadLetter {
    DeadLetter {
        job_id,
        cause,
        organization: None,
        error: "a test".to_owned(),
        failure: MailFailure::Internal,
        attempts: 1,
        now,
    }
}

fn sample<J: Job>(job: &J) -> (JobId, Payload) {
    (job.id(), Payload::from(&serde_json::to_value(job).unwrap()))
}

/// A job of each kind, about things that do not exist.
fn samples() -> Vec<(JobId, Payload)> {
    let organization_id = OrganizationId::new();
    let task_id = CheckinTaskId::new();
    let token_id = AccountTokenId::new();
    vec![
        sample(&SendRelance { organization_id, task_id: RelanceTaskId::new() }),
        sample(&PlanAgain { organization_id, scope: InvoiceScope::All }),
        sample(&Reconcile::default()),
        sample(&GatherCheckins { organization_id, task_id }),
        sample(&SendCheckinMail { organization_id, mail_id: CheckinMailId::new() }),
        sample(&ExpireCheckin { organization_id, task_id }),
        sample(&ConfirmCheckin { organization_id, task_id }),
        sample(&TrialRecap { organization_id, subscription_id: "sub_1".into() }),
        sample(&PaymentFailedMail {
            organization_id,
            stripe_invoice_id: "in_1".into(),
            next_attempt_at: None,
        }),
        sample(&TrialSweep { date: date!(2026 - 11 - 24) }),
        sample(&AccountMail { user_id: UserId::new(), mail: AccountMailKind::VerifyAddress { token_id } }),
    ]
}

fn all_handlers() -> Handlers {
    handlers(handler_parts(Arc::new(MemoryMailer::new())))
}

async fn call(chain: &Chain, job: &JobId, payload: &Payload, cause: DeadLetterCause) -> Result<(), JobError> {
    let letter = letter(job.clone(), cause, chain.now());
    let mut conn = chain.conn().await;
    conn.transaction(async |conn| all_handlers().dead_letter(conn, payload, &letter).await).await
}

#[tokio::test]
async fn every_kind_of_job_has_its_dead_letter_callback() {
    let chain = Chain::start_at(TUESDAY).await;
    let mut kinds = Vec::new();
    for (job, payload) in samples() {
        for cause in CAUSES {
            // The subject of the job may be gone.
            call(&chain, &job, &payload, cause).await.unwrap();
        }
        kinds.push(job.kind().to_owned());
    }
    kinds.sort_unstable();
    assert_eq!(kinds, all_handlers().kinds(), "each kind has a sample here");
    let (_, payload) = samples().remove(0);
    let unknown = call(&chain, &"unknown:1".parse().unwrap(), &payload, DeadLetterCause::Failed).await;
    assert!(matches!(unknown, Err(JobError::Unreadable { .. })), "{unknown:?}");
}

/// As workers leave it that were lost over a job again and again, before its domain is called.
async fn mark_dead(chain: &Chain, job: &JobId) {
    let changed = diesel::sql_query(
        "UPDATE jobs SET state = 'dead', last_error = 'a test', lease_token = NULL, lease_until = NULL WHERE id = $1",
    )
    .bind::<diesel::sql_types::Text, _>(job.as_str())
    .execute(&mut *chain.conn().await)
    .await
    .unwrap();
    assert_eq!(changed, 1, "there is a job {job}");
}

async fn drop_job(chain: &Chain, job: &JobId) {
    mark_dead(chain, job).await;
    let line = Line::try_parse_from(["jobs", "drop", job.as_str()]).unwrap();
    let mut conn = chain.conn().await;
    operate(line.command, &mut conn, &all_handlers(), &mut Vec::new(), chain.now()).await.unwrap();
}

async fn asked() -> (Chain, Invoice, CheckinTaskId) {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
    chain.worker.run_until(TUESDAY + Duration::minutes(2)).await;
    let checkin = chain.checkins(invoice.id).await.remove(0);
    assert_eq!(checkin.status, CheckinStatus::Sent);
    (chain, invoice, checkin.id)
}

#[tokio::test]
async fn a_dropped_check_in_job_leaves_no_check_in_that_waits() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
    let checkin = chain.checkins(invoice.id).await.remove(0);
    assert_eq!(checkin.status, CheckinStatus::Scheduled);

    let job = GatherCheckins { organization_id: chain.organization, task_id: checkin.id };
    drop_job(&chain, &job.id()).await;

    let dropped = chain.checkins(invoice.id).await.remove(0);
    assert_eq!(
        (dropped.status, dropped.reason.as_deref()),
        (CheckinStatus::Failed, Some("dropped_by_operations"))
    );
    assert_eq!(chain.invoice(invoice.id).await.awaited_answer, None, "reminders wait for no answer");
    assert!(!chain.planned(invoice.id).await.is_empty());
}

#[tokio::test]
async fn an_invoice_does_not_wait_for_an_answer_whose_expiry_job_is_dead() {
    let (chain, invoice, checkin) = asked().await;
    assert_eq!(chain.invoice(invoice.id).await.status, InvoiceStatus::AwaitingUserConfirmation);
    let job = ExpireCheckin { organization_id: chain.organization, task_id: checkin };
    let (id, payload) = sample(&job);

    call(&chain, &id, &payload, DeadLetterCause::Failed).await.unwrap();
    // Once more, as when an operator drops it later: nothing changes.
    call(&chain, &id, &payload, DeadLetterCause::Dropped).await.unwrap();

    assert_eq!(chain.checkins(invoice.id).await[0].status, CheckinStatus::Expired);
    assert_eq!(chain.invoice(invoice.id).await.status, InvoiceStatus::Pending);
    let events = chain.events(invoice.id).await;
    assert_eq!(events.iter().filter(|kind| *kind == "checkin_expired").count(), 1, "{events:?}");
}

#[tokio::test]
async fn a_job_that_is_quarantined_fails_its_reminder_and_an_operator_can_still_run_it() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
    let task = chain.relances(invoice.id).await.remove(0);
    let job = SendRelance { organization_id: chain.organization, task_id: task.id };
    let (id, payload) = sample(&job);

    call(&chain, &id, &payload, DeadLetterCause::Quarantined).await.unwrap();
    mark_dead(&chain, &id).await;
    let failed = chain.relances(invoice.id).await.remove(0);
    assert_eq!((failed.status, failed.reason.as_deref()), (RelanceStatus::Failed, Some("quarantined")));

    rubis_jobs::retry_dead(&mut *chain.conn().await, &[id], Some(task.send_at)).await.unwrap();
    chain.worker.run_until(task.send_at).await;
    assert_eq!(chain.relances(invoice.id).await[0].status, RelanceStatus::Sent);
}
