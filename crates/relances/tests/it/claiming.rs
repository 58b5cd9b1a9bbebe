//! A reminder that is due is claimed once, or waits for the recorded reason.

use rubis_relances::{Claimed, NotSent, RelanceState, RelanceStatus, SendingLimits, approve_relance};
use time::{Duration, macros::datetime};

use crate::sending::Sending;

const NO_RECIPIENTS: SendingLimits = SendingLimits { max_copies: None, recipients_per_day: Some(0) };

#[tokio::test]
async fn a_due_reminder_is_claimed_with_the_mail_that_is_on_record() {
    let sending = Sending::due().await;
    let (_, email) = sending.claim_mail().await;
    let task = sending.task().await;
    assert_eq!(task.sending_since(), Some(sending.chain.now()));
    assert!(!task.can_be_cancelled());
    let mail = task.state.mail().unwrap();
    assert_eq!((&mail.text.subject, &mail.text.body), (&email.subject, &email.text));
    assert_eq!(mail.recipient.as_deref(), Some("compta@boulangerie-martin.example"));
    assert_eq!(mail.message_id.as_ref(), Some(&email.message_id));
}

#[tokio::test]
async fn a_second_claim_after_a_lost_worker_has_the_same_mail() {
    let sending = Sending::due().await;
    let began = sending.chain.now();
    let (_, first) = sending.claim_mail().await;
    sending.lose_the_worker(Duration::days(1)).await;
    let (_, second) = sending.claim_mail().await;
    assert_eq!(first, second);
    assert_eq!(sending.task().await.sending_since(), Some(began));
}

#[tokio::test]
async fn a_reminder_of_a_paid_or_later_planned_invoice_is_not_claimed() {
    let paid = Sending::due().await;
    let lease = paid.lease().await;
    paid.sql("UPDATE invoices SET status = 'litigation'").await;
    assert!(matches!(paid.claim(&lease).await, Claimed::Settled(NotSent::Cancelled(_))));
    assert_eq!(paid.task().await.reason(), Some("invoice_disputed"));
    assert!(paid.job_row().await.is_none());

    let later = Sending::due().await;
    let lease = later.lease().await;
    later.sql("UPDATE relance_tasks SET send_at = send_at + interval '1 day'").await;
    assert_eq!(later.claim(&lease).await, Claimed::Settled(NotSent::NotYetDue));
    assert_eq!(later.job_row().await.unwrap().run_at, later.task().await.send_at);
}

#[tokio::test]
async fn a_pause_and_an_unverified_sender_end_the_job_and_the_reminder_waits() {
    for (sql, reason) in [
        ("UPDATE invoices SET paused_at = created_at", NotSent::Paused),
        ("UPDATE organizations SET sender_verified_at = NULL", NotSent::SenderNotVerified),
    ] {
        let sending = Sending::due().await;
        let lease = sending.lease().await;
        sending.sql(sql).await;
        assert_eq!(sending.claim(&lease).await, Claimed::Settled(reason));
        assert_eq!(sending.task().await.state, RelanceState::Scheduled { attempted: None, note: None });
        assert!(sending.job_row().await.is_none(), "{reason:?}");
    }
}

#[tokio::test]
async fn a_reminder_that_may_have_left_outlasts_a_pause_and_an_unverified_sender_unchanged() {
    for (hold, release) in [
        (
            "UPDATE invoices SET paused_at = created_at",
            "UPDATE invoices SET paused_at = NULL, paused_until = NULL",
        ),
        (
            "UPDATE organizations SET sender_verified_at = NULL",
            "UPDATE organizations SET sender_verified_at = created_at",
        ),
    ] {
        let sending = Sending::due().await;
        let (_, first) = sending.claim_mail().await;
        let before = sending.task().await;
        sending.lose_the_worker(Duration::MINUTE).await;
        sending.sql(hold).await;
        let lease = sending.lease().await;
        let claimed = sending.claim(&lease).await;
        assert!(matches!(claimed, Claimed::Settled(NotSent::Paused | NotSent::SenderNotVerified)));
        assert_eq!(sending.task().await, before, "{hold}");

        // The next attempt is at the sending time of the next business day.
        let next = sending.job_row().await.unwrap().run_at;
        assert_eq!(next, datetime!(2026-11-25 08:00 UTC));
        sending.chain.clock.set(next);
        sending.sql(release).await;
        let (_, second) = sending.claim_mail().await;
        assert_eq!(first, second, "{hold}");
    }
}

#[tokio::test]
async fn the_daily_limit_postpones_a_reminder_and_leaves_one_that_may_have_left_on_its_way() {
    let sending = Sending::due().await;
    let lease = sending.lease().await;
    assert_eq!(sending.claim_within(NO_RECIPIENTS, &lease).await, Claimed::Settled(NotSent::DailyLimit));
    let postponed = sending.task().await;
    assert_eq!((postponed.reason(), postponed.can_be_cancelled()), (Some("daily_limit"), true));
    assert_eq!(postponed.send_at, datetime!(2026-11-25 08:00 UTC));

    sending.chain.clock.set(postponed.send_at);
    let (_, first) = sending.claim_mail().await;
    let before = sending.task().await.state;
    sending.lose_the_worker(Duration::MINUTE).await;
    let lease = sending.lease().await;
    assert_eq!(sending.claim_within(NO_RECIPIENTS, &lease).await, Claimed::Settled(NotSent::DailyLimit));
    let postponed = sending.task().await;
    assert_eq!((postponed.state, postponed.send_at), (before, datetime!(2026-11-26 08:00 UTC)));
    sending.chain.clock.set(postponed.send_at);
    let (_, second) = sending.claim_mail().await;
    assert_eq!(first, second);
}

#[tokio::test]
async fn a_reminder_that_needs_approval_is_drafted_and_drafted_again_if_its_facts_change() {
    let sending = Sending::due_for_approval().await;
    let lease = sending.lease().await;
    assert_eq!(sending.claim(&lease).await, Claimed::Settled(NotSent::Drafted));
    assert!(sending.task().await.awaits_approval() && sending.job_row().await.is_none());
    approve(&sending).await;
    sending.sql("UPDATE clients SET name = 'Boulangerie Durand'").await;
    let lease = sending.lease().await;
    assert_eq!(sending.claim(&lease).await, Claimed::Settled(NotSent::Drafted));
    let redrafted = sending.task().await;
    assert!(redrafted.awaits_approval());
    assert_eq!(redrafted.reason(), Some("facts_changed"));
}

#[tokio::test]
async fn an_approved_reminder_that_may_have_left_is_not_drafted_again() {
    let sending = Sending::due_for_approval().await;
    let lease = sending.lease().await;
    sending.claim(&lease).await;
    approve(&sending).await;
    let (_, first) = sending.claim_mail().await;
    sending.lose_the_worker(Duration::MINUTE).await;
    sending.sql("UPDATE plan_steps SET body = 'Un autre texte'").await;
    let (_, second) = sending.claim_mail().await;
    assert_eq!(first, second);
    let task = sending.task().await;
    assert_eq!((task.status(), task.is_approved()), (RelanceStatus::Scheduled, true));
}

/// Approves the draft, and waits until the reminder is due.
async fn approve(sending: &Sending) {
    let chain = &sending.chain;
    let (organization, owner, now) = (chain.organization, chain.owner, chain.now());
    approve_relance(&mut *chain.conn().await, organization, sending.id, owner, now).await.unwrap();
    chain.clock.advance(Duration::MINUTE);
}
