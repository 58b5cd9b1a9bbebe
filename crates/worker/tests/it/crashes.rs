//! Workers that die, and workers that compete: no reminder is lost, and none is a new one twice.

use std::sync::Arc;

use async_trait::async_trait;
use rubis_checkins::{CheckinAnswer, KEY_PURPOSE, token_of};
use rubis_invoices::InvoiceStatus;
use rubis_kernel::{AppKey, Email};
use rubis_lifecycle::CheckinOutcome;
use rubis_mailer::{Mailer, MemoryMailer, Receipt, SendError};
use rubis_relances::{RelanceActionError, RelanceStatus, cancel_relance};
use rubis_testkit::{Chain, checkin_parts, handler_parts, runners, runners_with};
use time::{
    Duration, OffsetDateTime,
    macros::{date, datetime},
};
use tokio::sync::Notify;

use rubis_worker::{CheckinParts, HandlerParts};

const TUESDAY: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);

/// A mail server that takes the mail, after which nothing is heard of it.
#[derive(Default)]
struct SilentServer {
    taken: MemoryMailer,
    took_one: Notify,
}

#[async_trait]
impl Mailer for SilentServer {
    async fn send(&self, email: &Email) -> Result<Receipt, SendError> {
        self.taken.send(email).await?;
        self.took_one.notify_one();
        std::future::pending().await
    }
}

impl SilentServer {
    /// Runs what is due until the server has taken a mail, and kills the worker at that moment.
    async fn kill_the_worker_after_it_sent(self: &Arc<Self>, chain: &Chain) {
        let doomed = runners(&chain.database, &chain.redis, self.clone());
        // Twice, because a check-in's first job makes the mail and its second sends it.
        for runner in doomed.iter().chain(&doomed) {
            tokio::select! {
                biased;
                () = self.took_one.notified() => return,
                ran = runner.run_due(chain.now()) => { ran.unwrap(); }
            }
        }
        panic!("no mail was sent");
    }
}

#[tokio::test]
async fn a_crash_between_sending_and_recording_repeats_the_same_message() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
    chain.clock.advance(Duration::minutes(1));
    let server = Arc::new(SilentServer::default());
    server.kill_the_worker_after_it_sent(&chain).await;
    assert!(chain.relances(invoice.id).await[0].sending_since.is_some());

    // The lease has ended; another worker takes over, on the next day even.
    chain.clock.advance(Duration::days(1));
    chain.worker.run_due().await;

    let (first, second) = (server.taken.outbox(), chain.worker.mailer.outbox());
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_eq!(first, second, "the same message to the last byte, its Message-ID included");
    let relance = chain.relances(invoice.id).await.remove(0);
    assert_eq!(relance.status, RelanceStatus::Sent);
    assert_eq!(chain.invoice(invoice.id).await.rubis_earned, 1, "it counts once");
}

#[tokio::test]
async fn an_invoice_paid_after_a_crash_is_not_reminded_again() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
    chain.clock.advance(Duration::minutes(1));
    let server = Arc::new(SilentServer::default());
    server.kill_the_worker_after_it_sent(&chain).await;
    chain.pay(invoice.id, None).await;

    chain.clock.advance(Duration::minutes(1));
    chain.worker.run_due().await;

    assert!(chain.worker.mailer.outbox().is_empty());
    assert!(chain.planned(invoice.id).await.is_empty());
}

#[tokio::test]
async fn a_reminder_on_its_way_cannot_be_cancelled_and_says_so() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
    chain.clock.advance(Duration::minutes(1));
    let server = Arc::new(SilentServer::default());
    server.kill_the_worker_after_it_sent(&chain).await;
    let on_its_way = chain.relances(invoice.id).await.remove(0);

    let refused =
        cancel_relance(&mut *chain.conn().await, chain.organization, on_its_way.id, chain.owner, chain.now())
            .await
            .unwrap_err();

    assert!(matches!(refused, RelanceActionError::AlreadyBeingSent), "{refused}");
}

#[tokio::test]
async fn two_workers_on_one_queue_send_every_reminder_once() {
    let chain = Chain::start_at(TUESDAY).await;
    for client in 0..30 {
        let (name, email) = (format!("Client {client}"), format!("compta@client-{client}.example"));
        chain.invoice_to(&name, &email, date!(2026 - 11 - 20)).await;
    }
    chain.clock.advance(Duration::minutes(1));
    let mailer = Arc::new(MemoryMailer::new());
    let now = chain.now();
    let workers: Vec<_> =
        (0..2).flat_map(|_| runners(&chain.database, &chain.redis, mailer.clone())).collect();
    let mut running = tokio::task::JoinSet::new();
    for worker in workers {
        running.spawn(async move { worker.run_due(now).await.unwrap().done });
    }
    let done: Vec<u64> = running.join_all().await;

    assert_eq!(done.iter().sum::<u64>(), 30, "{done:?}");
    let mut recipients: Vec<String> =
        mailer.outbox().into_iter().map(|mail| mail.to.address.to_string()).collect();
    recipients.sort();
    recipients.dedup();
    assert_eq!((recipients.len(), mailer.outbox().len()), (30, 30));
}

#[tokio::test]
async fn a_payment_and_a_sending_at_the_same_moment_end_in_one_of_two_orders() {
    let chain = Chain::start_at(TUESDAY).await;
    for round in 0..10 {
        let (name, email) = (format!("Client {round}"), format!("compta@client-{round}.example"));
        let invoice = chain.invoice_to(&name, &email, date!(2026 - 11 - 20)).await;
        chain.clock.advance(Duration::minutes(1));
        tokio::join!(chain.worker.run_due(), chain.pay(invoice.id, None));
        chain.worker.run_due().await;
        let relances = chain.relances(invoice.id).await;
        let mails = chain.worker.mailer.take().len();
        match relances[0].status {
            RelanceStatus::Sent => assert_eq!(mails, 1),
            RelanceStatus::Cancelled => assert_eq!(mails, 0, "nothing leaves after the payment stopped it"),
            other => panic!("{other:?}"),
        }
        assert!(relances[1..].iter().all(|task| task.status == RelanceStatus::Cancelled));
    }
}

#[tokio::test]
async fn a_worker_that_comes_back_after_its_lease_is_over_sends_nothing() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
    chain.clock.advance(Duration::minutes(1));
    let task = chain.relances(invoice.id).await.remove(0);
    let job = rubis_relances::SendRelance { organization_id: chain.organization, task_id: task.id };
    let lease = std::time::Duration::from_secs(10);
    let mut conn = chain.conn().await;
    let claimed = rubis_jobs::claim_due(&mut conn, rubis_jobs::Queue::Relances, 1, lease, Some(chain.now()))
        .await
        .unwrap();
    // It stands still while another worker takes over and sends.
    chain.clock.advance(Duration::minutes(1));
    chain.worker.run_due().await;
    assert_eq!(chain.worker.mailer.outbox().len(), 1);

    let sender = rubis_relances::Sender { address: "relances@rubis.example".parse().unwrap() };
    let late = &claimed[0].lease;
    let refused = rubis_relances::claim_relance(
        &mut conn,
        &sender,
        &rubis_testkit::sending_limits(),
        &job,
        late,
        chain.now(),
    )
    .await;
    assert!(matches!(refused, Err(rubis_relances::ClaimError::LeaseLost)), "{refused:?}");
    let forgotten = rubis_relances::record_not_sent_yet(&mut conn, &job, late, chain.now()).await;
    assert!(matches!(forgotten, Err(rubis_jobs::FinishError::LeaseLost)));
}

/// A check-in whose mail the server accepted while its worker crashed before recording that.
async fn asked_and_crashed() -> (Chain, rubis_invoices::Invoice, Arc<SilentServer>) {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
    chain.clock.advance(Duration::minutes(1));
    let server = Arc::new(SilentServer::default());
    server.kill_the_worker_after_it_sent(&chain).await;
    (chain, invoice, server)
}

#[tokio::test]
async fn a_crash_between_asking_and_recording_repeats_the_same_links() {
    let (chain, invoice, server) = asked_and_crashed().await;
    let checkin = chain.checkins(invoice.id).await.remove(0);
    assert!(checkin.sending_since.is_some() && checkin.sent_at.is_none());

    chain.clock.advance(Duration::minutes(30));
    chain.worker.run_due().await;

    let (first, second) = (server.taken.outbox(), chain.checkin_mails());
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_eq!(first, second, "the same message to the last byte, its Message-ID and its links included");
    let checkin = chain.checkins(invoice.id).await.remove(0);
    assert_eq!(checkin.expires_at, Some(chain.now() + Duration::days(1)), "its life begins when it is known");
    let awaited = chain.invoice(invoice.id).await.awaited_answer.unwrap();
    assert_eq!(awaited.until, chain.now() + Duration::days(1), "and reminders wait from then on");
    assert_eq!(chain.planned(invoice.id).await.first(), Some(&awaited.until));
    let sent = chain.events(invoice.id).await.into_iter().filter(|kind| kind == "checkin_sent").count();
    assert_eq!(sent, 1);
}

#[tokio::test]
async fn a_question_that_is_answered_before_it_is_recorded_as_sent_stays_answered() {
    let (chain, invoice, _server) = asked_and_crashed().await;
    let token = chain.token(invoice.id).await;
    assert_eq!(
        chain.open_link(&token, CheckinAnswer::Paid).await,
        CheckinOutcome::Confirm,
        "a link is opened too soon to be believed"
    );
    assert_eq!(chain.press(&token, CheckinAnswer::Paid).await, CheckinOutcome::Settled);

    chain.clock.advance(Duration::minutes(1));
    chain.worker.run_due().await;

    assert!(chain.checkin_mails().is_empty(), "nobody is asked again");
    assert_eq!(chain.confirmations().len(), 1);
    assert_eq!(chain.checkins(invoice.id).await[0].answer, Some(CheckinAnswer::Paid));
    assert_eq!(chain.invoice(invoice.id).await.status, InvoiceStatus::Paid);
}

#[tokio::test]
async fn links_that_are_out_stay_good_when_the_servers_key_changes() {
    let (chain, invoice, server) = asked_and_crashed().await;
    let sent = server.taken.outbox().remove(0);
    let old = chain.token(invoice.id).await;
    let other = Chain::with_checkins_at(TUESDAY).await;
    let asked_before = other.invoice_due(date!(2026 - 11 - 20)).await;
    other.worker.run_until(TUESDAY + Duration::minutes(2)).await;

    // A repetition is written with the new key; a mail that was sent before needs no key.
    let rotated = CheckinParts {
        key: "fedcba9876543210fedcba9876543210".parse::<AppKey>().unwrap().derive(KEY_PURPOSE),
        ..checkin_parts()
    };
    let mailer = Arc::new(MemoryMailer::new());
    chain.clock.advance(Duration::minutes(1));
    let parts = HandlerParts { checkins: rotated.clone(), ..handler_parts(mailer.clone()) };
    for runner in runners_with(&chain.database, &chain.redis, parts) {
        runner.run_due(chain.now()).await.unwrap();
    }
    // A mail that is out already was recorded under its own key.
    let again = mailer.outbox().remove(0);
    let fresh = token_of(&rotated.key, chain.checkins(invoice.id).await[0].id);
    assert!(sent.text.contains(&old) && again.text.contains(&fresh));
    assert_ne!(again.message_id, sent.message_id, "it is another mail");
    assert_eq!(chain.press(&old, CheckinAnswer::Paid).await, CheckinOutcome::Invalid);
    assert_eq!(chain.press(&fresh, CheckinAnswer::Paid).await, CheckinOutcome::Settled);
    let token = other.token(asked_before.id).await;
    assert_eq!(other.open_link(&token, CheckinAnswer::Paid).await, CheckinOutcome::Settled);
}

#[tokio::test]
async fn two_workers_make_one_mail_of_a_morning() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    for client in 0..20 {
        let (name, email) = (format!("Client {client}"), format!("compta@client-{client}.example"));
        chain.invoice_to(&name, &email, date!(2026 - 11 - 20)).await;
    }
    chain.clock.advance(Duration::minutes(1));
    let mailer = Arc::new(MemoryMailer::new());
    let now = chain.now();
    let workers: Vec<_> =
        (0..2).flat_map(|_| runners(&chain.database, &chain.redis, mailer.clone())).collect();
    // One queue makes the mail, another sends it.
    for _ in 0..2 {
        let mut running = tokio::task::JoinSet::new();
        for worker in workers.clone() {
            running.spawn(async move { worker.run_due(now).await.unwrap() });
        }
        running.join_all().await;
    }
    chain.worker.run_due().await;
    assert!(chain.worker.mailer.outbox().is_empty(), "nothing is left to ask");
    assert_eq!(mailer.outbox().len(), 1);
}
