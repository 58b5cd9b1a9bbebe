//! The outcome of an attempt is recorded under its lease, once.

use rubis_db::AsyncConnection as _;
use rubis_invoices::{InvoiceStatus, Reason};
use rubis_jobs::FinishError;
use rubis_kernel::{EmailAddress, MailFailure};
use rubis_relances::{
    RelanceActionError, RelanceState, RelanceStatus, cancel_relance, record_failed, record_not_sent_yet,
    record_sent, send_relance_now,
};
use time::Duration;

use crate::sending::Sending;

#[tokio::test]
async fn a_sent_reminder_is_recorded_with_its_invoice_and_its_job() {
    let sending = Sending::due().await;
    let (lease, email) = sending.claim_mail().await;
    let (chain, sent_at) = (&sending.chain, sending.chain.now() + Duration::SECOND);
    let refused: Vec<EmailAddress> = vec!["paul@boulangerie-martin.example".parse().unwrap()];
    record_sent(&mut *chain.conn().await, &sending.job(), &lease, &refused, sent_at).await.unwrap();

    let task = sending.task().await;
    assert_eq!(
        (task.status(), task.sent_at(), task.sending_since()),
        (RelanceStatus::Sent, Some(sent_at), None)
    );
    assert_eq!(task.text().unwrap().body, email.text);
    assert_eq!(task.listed().refused_copies, ["paul@boulangerie-martin.example"]);
    let invoice = chain.invoice(sending.invoice.id).await;
    assert_eq!((invoice.status, invoice.rubis_earned), (InvoiceStatus::InRelance, 1));
    assert!(sending.job_row().await.is_none());
    let events = chain.events(sending.invoice.id).await;
    for kind in ["relance_sent", "relance_copies_refused"] {
        assert!(events.contains(&kind.to_owned()), "{kind}: {events:?}");
    }
}

#[tokio::test]
async fn a_reminder_that_was_certainly_not_sent_can_be_cancelled_until_the_next_attempt() {
    let sending = Sending::due().await;
    let (lease, _) = sending.claim_mail().await;
    let (chain, now) = (&sending.chain, sending.chain.now());
    let cancel = async || {
        cancel_relance(&mut *chain.conn().await, chain.organization, sending.id, chain.owner, now).await
    };
    assert!(matches!(cancel().await, Err(RelanceActionError::AlreadyBeingSent)));
    record_not_sent_yet(&mut *chain.conn().await, &sending.job(), &lease, now).await.unwrap();
    let task = sending.task().await;
    assert!(matches!(task.state, RelanceState::Scheduled { attempted: Some(_), note: None }), "{task:?}");
    assert_eq!(cancel().await.unwrap().status(), RelanceStatus::Cancelled);
}

#[tokio::test]
async fn a_refusal_after_an_attempt_of_unknown_outcome_leaves_the_reminder_on_its_way() {
    let sending = Sending::due().await;
    sending.claim_mail().await;
    sending.lose_the_worker(Duration::MINUTE).await;
    let (lease, _) = sending.claim_mail().await;
    let before = sending.task().await;
    let (chain, now) = (&sending.chain, sending.chain.now());
    record_not_sent_yet(&mut *chain.conn().await, &sending.job(), &lease, now).await.unwrap();
    assert!(before.state.may_have_left());
    assert_eq!(sending.task().await, before);
}

#[tokio::test]
async fn a_failed_reminder_has_its_reason_and_a_user_can_send_it_again() {
    let sending = Sending::due().await;
    sending.claim_mail().await;
    let (chain, now) = (&sending.chain, sending.chain.now());
    let failure = MailFailure::Unavailable;
    let mut conn = chain.conn().await;
    let (job, reason) = (sending.job(), Reason::of(&failure));
    conn.transaction(async |conn| record_failed(conn, &job, reason, Some(&failure), now).await)
        .await
        .unwrap();
    drop(conn);
    let task = sending.task().await.listed();
    assert_eq!((task.status, task.sending_since), (RelanceStatus::Failed, None));
    assert_eq!(
        (task.reason.as_deref(), task.reason_detail.as_deref()),
        (Some("mail_server_unavailable"), Some("mail_server_unavailable"))
    );
    assert!(chain.events(sending.invoice.id).await.contains(&"relance_failed".to_owned()));
    sending.sql("DELETE FROM jobs WHERE id LIKE 'relance:%'").await;
    let again =
        send_relance_now(&mut *chain.conn().await, chain.organization, sending.id, now).await.unwrap();
    assert_eq!((again.status(), again.reason()), (RelanceStatus::Scheduled, None));
}

#[tokio::test]
async fn a_worker_whose_job_was_taken_over_records_nothing() {
    let sending = Sending::due().await;
    let (lost, _) = sending.claim_mail().await;
    sending.lose_the_worker(Duration::MINUTE).await;
    let (current, _) = sending.claim_mail().await;
    let (chain, now) = (&sending.chain, sending.chain.now());
    let job = sending.job();
    let before = sending.task().await;

    let refused = record_sent(&mut *chain.conn().await, &job, &lost, &[], now).await;
    assert!(matches!(refused, Err(FinishError::LeaseLost)), "{refused:?}");
    let refused = record_not_sent_yet(&mut *chain.conn().await, &job, &lost, now).await;
    assert!(matches!(refused, Err(FinishError::LeaseLost)), "{refused:?}");
    assert_eq!(sending.task().await, before);

    record_sent(&mut *chain.conn().await, &job, &current, &[], now).await.unwrap();
    let refused = record_sent(&mut *chain.conn().await, &job, &lost, &[], now).await;
    assert!(matches!(refused, Err(FinishError::LeaseLost)), "also of a reminder that is sent: {refused:?}");
    assert_eq!(chain.invoice(sending.invoice.id).await.rubis_earned, 1);
}
