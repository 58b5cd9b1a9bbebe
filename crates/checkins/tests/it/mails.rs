//! Composes, sends and records mails, including crashes of workers and changes in between.

use rubis_accounts::{CheckinPolicyInput, Pause};
use rubis_checkins::{
    CheckinAnswer, CheckinAnsweredBy, CheckinStatus, ClaimMailError, ClaimedMail, claim_mail, find_by_token,
    lock_with_invoice, record_answer, record_failed, record_not_sent_yet, record_sent,
};
use rubis_db::AsyncConnection;
use rubis_invoices::{Invoice, Reason};
use rubis_jobs::{CrashPolicy, Job as _, Lease, Queue};
use rubis_kernel::CheckinMailId;
use time::{
    Duration, OffsetDateTime,
    macros::{date, datetime},
};

use crate::company::{Company, Product, TUESDAY, sent, tokens_in};

/// Gathers invoices of three clients into one mail.
async fn gathered(company: &Company) -> (Vec<Invoice>, CheckinMailId) {
    let mut invoices = Vec::new();
    for client in ["Boulangerie Martin", "Garage Petit", "Ferme Grand"] {
        let invoice = company.invoice_to(client, date!(2026 - 11 - 24)).await;
        invoices.push(company.plan(invoice.id, TUESDAY - Duration::DAY).await);
    }
    let mail = company.gathered(&company.checkin(invoices[0].id).await, TUESDAY).await;
    (invoices, mail)
}

/// Simulates the loss of the worker that held the job; another one gets it.
async fn lost(company: &Company, mail: CheckinMailId, now: OffsetDateTime) -> Lease {
    let policy = CrashPolicy { max_crashes: 5, delays: vec![std::time::Duration::ZERO] };
    let mut conn = company.conn().await;
    let (lease, at) = (std::time::Duration::from_secs(10), rubis_jobs::ReapAt::Given(now));
    rubis_jobs::reap_expired(&mut conn, Queue::Checkins, &policy, lease, 10, &at).await.unwrap();
    drop(conn);
    company.lease(&company.mail_job(mail), now).await.unwrap()
}

#[tokio::test]
async fn the_user_gets_one_mail_with_a_pair_of_links_for_each_invoice() {
    let company = Company::new().await;
    let product = Product::new();
    let (invoices, mail) = gathered(&company).await;
    let (lease, claimed) = company.claim(&product, mail, TUESDAY).await;
    let email = sent(claimed);
    assert_eq!(email.to.address.as_str(), "jeanne.vasseur@menuiserie-vasseur.example");
    assert_eq!(email.from.name.as_deref(), Some("Rubis"));
    assert!(email.message_id.starts_with(&format!("checkin.{mail}.")));
    assert!(email.message_id.ends_with("@rubis.example"));
    let tokens = tokens_in(&email);
    assert_eq!(tokens.len(), 3);
    assert!(email.text.contains(&format!("https://api.rubis.example/api/v1/checkin/{}/page", tokens[0])));
    for token in &tokens {
        let html = email.html.as_deref().unwrap();
        for answer in ["paid", "pending"] {
            let link = format!("https://api.rubis.example/api/v1/checkin/{token}/{answer}");
            assert!(email.text.contains(&link) && html.contains(&link));
        }
        let task = find_by_token(&mut *company.conn().await, token).await.unwrap().unwrap();
        assert_eq!((task.status, task.sending_since), (CheckinStatus::Scheduled, Some(TUESDAY)));
        assert!(task.takes_answers(TUESDAY), "it may be in the inbox already");
    }

    let sent_at = TUESDAY + Duration::seconds(2);
    company.record(&product, mail, &lease, sent_at).await;
    for invoice in &invoices {
        let task = company.checkin(invoice.id).await;
        assert_eq!((task.status, task.sending_since), (CheckinStatus::Sent, None));
        assert_eq!((task.sent_at, task.expires_at), (Some(sent_at), Some(sent_at + Duration::DAY)));
        let expiry = company.job(&task.expiry_job_id()).await.unwrap();
        assert_eq!(expiry.run_at, sent_at + Duration::DAY);
    }
    assert!(company.lease(&company.mail_job(mail), sent_at).await.is_none(), "the job is finished");
}

#[tokio::test]
async fn the_same_mail_leaves_again_after_a_crash_between_sending_and_recording() {
    let company = Company::new().await;
    let product = Product::new();
    let (_, mail) = gathered(&company).await;
    let (lease, first) = company.claim(&product, mail, TUESDAY).await;
    let later = TUESDAY + Duration::hours(2);
    let new_lease = lost(&company, mail, later).await;
    let second = company.claim_with(&product, mail, &new_lease, later).await;
    assert_eq!(second, first, "to the letter: links, Message-ID, key");

    // The first worker was only slow: it can record nothing any more.
    let job = company.mail_job(mail);
    let mut conn = company.conn().await;
    let late = claim_mail(&mut conn, &product.terms(), &job, &lease, later).await;
    assert!(matches!(late, Err(ClaimMailError::LeaseLost)));
    drop(conn);
    company.record(&product, mail, &new_lease, later).await;
    assert_eq!(
        find_by_token(&mut *company.conn().await, &tokens_in(&sent(second))[0])
            .await
            .unwrap()
            .unwrap()
            .sent_at,
        Some(later)
    );
}

#[tokio::test]
async fn a_mail_that_was_recorded_does_not_leave_again() {
    let company = Company::new().await;
    let product = Product::new();
    let (_, mail) = gathered(&company).await;
    let (lease, _) = company.claim(&product, mail, TUESDAY).await;
    company.record(&product, mail, &lease, TUESDAY).await;
    rubis_jobs::enqueue(&mut *company.conn().await, &company.mail_job(mail), TUESDAY, TUESDAY).await.unwrap();
    assert_eq!(company.claim(&product, mail, TUESDAY).await.1, ClaimedMail::Settled);
    assert!(company.lease(&company.mail_job(mail), TUESDAY).await.is_none());
}

#[tokio::test]
async fn links_that_are_out_stay_good_when_the_key_is_changed() {
    let company = Company::new().await;
    let (old, new) = (Product::new(), Product::with_key("another key, as long as the first one"));
    let invoice = company.planned_invoice(date!(2026 - 11 - 24), TUESDAY - Duration::DAY).await;
    let email = company.send(&old, &company.checkin(invoice.id).await, TUESDAY).await;
    let token = tokens_in(&email).remove(0);
    let found = find_by_token(&mut *company.conn().await, &token).await.unwrap().unwrap();
    assert_eq!(found.invoice_id, invoice.id);

    // A check-in that is sent again after a crash gets links of the new key, and no other does.
    let second = company.planned_invoice(date!(2026 - 11 - 24), TUESDAY).await;
    let in_turn = TUESDAY + Duration::minutes(11);
    let mail = company.gathered(&company.checkin(second.id).await, in_turn).await;
    let (_, claimed) = company.claim(&old, mail, in_turn).await;
    let lost_token = tokens_in(&sent(claimed)).remove(0);
    let later = TUESDAY + Duration::hours(2);
    let lease = lost(&company, mail, later).await;
    let fresh_token = tokens_in(&sent(company.claim_with(&new, mail, &lease, later).await)).remove(0);
    assert_ne!(fresh_token, lost_token);
    let mut conn = company.conn().await;
    assert_eq!(find_by_token(&mut conn, &lost_token).await.unwrap(), None);
    assert_eq!(find_by_token(&mut conn, &fresh_token).await.unwrap().unwrap().invoice_id, second.id);
    assert_eq!(find_by_token(&mut conn, &token).await.unwrap().unwrap().id, found.id);
}

#[tokio::test]
async fn what_is_settled_answered_or_paused_after_the_gathering_is_not_asked() {
    let company = Company::new().await;
    let product = Product::new();
    let (invoices, mail) = gathered(&company).await;
    company.pay(invoices[0].id, TUESDAY).await;
    let zone = company.organization().await.time_zone;
    let pause = Pause::starting(TUESDAY, Some(date!(2026 - 12 - 01)), zone).unwrap();
    let mut conn = company.conn().await;
    rubis_invoices::set_invoice_pause(&mut conn, company.id, invoices[1].id, pause, TUESDAY).await.unwrap();
    drop(conn);

    let (lease, claimed) = company.claim(&product, mail, TUESDAY).await;
    let email = sent(claimed);
    assert!(email.subject.contains(&invoices[2].numero), "{}", email.subject);
    assert_eq!(tokens_in(&email).len(), 1);
    assert_eq!(company.checkins(invoices[0].id).await[0].status, CheckinStatus::Cancelled);
    let paused = company.checkin(invoices[1].id).await;
    assert_eq!((paused.mail_id, paused.sending_since), (None, None));
    assert_eq!(paused.send_at, datetime!(2026-12-01 08:00 UTC));
    assert_eq!(company.gathers_at(&paused).await, Some(paused.send_at), "it is asked about then");
    company.record(&product, mail, &lease, TUESDAY).await;
    assert_eq!(company.checkin(invoices[2].id).await.status, CheckinStatus::Sent);
    assert_eq!(company.checkin(invoices[1].id).await.status, CheckinStatus::Scheduled);
}

#[tokio::test]
async fn a_mail_of_which_nothing_is_left_does_not_leave() {
    let company = Company::new().await;
    let product = Product::new();
    let (invoices, mail) = gathered(&company).await;
    let off = CheckinPolicyInput { enabled: Some(false), ..CheckinPolicyInput::default() };
    company.checkin_settings(off, TUESDAY).await;
    assert_eq!(company.claim(&product, mail, TUESDAY).await.1, ClaimedMail::Settled);
    for invoice in &invoices {
        assert_eq!(company.checkins(invoice.id).await[0].reason.as_deref(), Some("checkins_off"));
        assert_eq!(company.invoice(invoice.id).await.awaited_answer, None);
    }
    assert!(company.lease(&company.mail_job(mail), TUESDAY).await.is_none());
}

#[tokio::test]
async fn what_was_answered_or_called_off_while_the_mail_was_on_its_way_keeps_that() {
    let company = Company::new().await;
    let product = Product::new();
    let (invoices, mail) = gathered(&company).await;
    let (lease, _) = company.claim(&product, mail, TUESDAY).await;
    let mut conn = company.conn().await;
    let task = company.checkin(invoices[0].id).await.id;
    conn.transaction(async |conn| {
        let mut asked = lock_with_invoice(conn, company.id, task).await?.unwrap();
        let (answer, by) = (CheckinAnswer::StillPending, CheckinAnsweredBy::Button);
        record_answer(conn, &mut asked.task, answer, by, None, TUESDAY).await
    })
    .await
    .unwrap();
    company
        .change(invoices[1].id, async |conn, invoice| {
            rubis_checkins::cancel_of_invoice(conn, invoice, Reason::InvoicePaid, TUESDAY).await.map(drop)
        })
        .await;
    let job = company.mail_job(mail);
    let asked = conn
        .transaction(async |conn| {
            let asked = record_sent(conn, &job, &product.rules, TUESDAY).await?;
            lease.finish(conn).await?;
            Ok::<_, rubis_jobs::FinishError>(asked)
        })
        .await
        .unwrap();
    let mut found: Vec<_> = asked.iter().map(|asked| (asked.invoice.id, asked.task.status)).collect();
    found.sort_by_key(|(invoice, _)| *invoice);
    let mut expected = [
        (invoices[0].id, CheckinStatus::Answered),
        (invoices[1].id, CheckinStatus::Cancelled),
        (invoices[2].id, CheckinStatus::Sent),
    ];
    expected.sort_by_key(|(invoice, _)| *invoice);
    assert_eq!(found, expected);
    let answered = company.checkin(invoices[0].id).await;
    assert_eq!(answered.sent_at, Some(TUESDAY), "it left all the same");
    assert!(company.job(&answered.expiry_job_id()).await.is_none(), "an answer does not expire");
}

#[tokio::test]
async fn a_mail_that_the_server_did_not_take_is_written_anew_for_the_next_attempt() {
    let company = Company::new().await;
    let product = Product::new();
    let (invoices, mail) = gathered(&company).await;
    let (lease, claimed) = company.claim(&product, mail, TUESDAY).await;
    let job = company.mail_job(mail);
    record_not_sent_yet(&mut *company.conn().await, &job, &lease, TUESDAY).await.unwrap();
    for invoice in &invoices {
        let task = company.checkin(invoice.id).await;
        assert_eq!((task.status, task.sending_since), (CheckinStatus::Scheduled, None));
    }
    let mut conn = company.conn().await;
    let delay = std::time::Duration::from_secs(30);
    rubis_jobs::retry(&mut conn, &lease, delay, "busy", Some(TUESDAY)).await.unwrap();
    drop(conn);
    let (_, again) = company.claim(&product, mail, TUESDAY + Duration::seconds(30)).await;
    assert_eq!(again, claimed);
}

#[tokio::test]
async fn a_mail_that_is_given_up_fails_its_check_ins_and_an_operator_can_send_it_after_all() {
    let company = Company::new().await;
    let product = Product::new();
    let (invoices, mail) = gathered(&company).await;
    company.claim(&product, mail, TUESDAY).await;
    let job = company.mail_job(mail);
    let mut conn = company.conn().await;
    let failed = conn
        .transaction(async |conn| record_failed(conn, &job, Reason::AttemptsExhausted, TUESDAY).await)
        .await
        .unwrap();
    assert_eq!(failed.len(), 3);
    assert!(failed.iter().all(|asked| asked.task.status == CheckinStatus::Failed
        && asked.task.reason.as_deref() == Some("attempts_exhausted")
        && asked.task.sending_since.is_none()));
    drop(conn);
    assert_eq!(company.plan(invoices[0].id, TUESDAY).await.awaited_answer, None, "reminders go on");

    // The second one has been replaced by a new check-in.
    let again = rubis_checkins::PlanCheckin { asks_again: true };
    company.plan_as(invoices[1].id, again, TUESDAY).await;
    let later = TUESDAY + Duration::hours(2);
    let lease = lost(&company, mail, later).await;
    let email = sent(company.claim_with(&product, mail, &lease, later).await);
    assert_eq!(tokens_in(&email).len(), 2);
    company.record(&product, mail, &lease, later).await;
    assert_eq!(company.checkin(invoices[0].id).await.status, CheckinStatus::Sent);
    assert_eq!(company.checkin(invoices[0].id).await.reason, None);
    let second = company.checkins(invoices[1].id).await;
    assert_eq!(
        second.iter().map(|task| task.status).collect::<Vec<_>>(),
        [CheckinStatus::Failed, CheckinStatus::Scheduled]
    );
}

#[tokio::test]
async fn a_check_in_that_cannot_be_gathered_fails() {
    let company = Company::new().await;
    let invoice = company.planned_invoice(date!(2026 - 11 - 24), TUESDAY - Duration::DAY).await;
    let task = company.checkin(invoice.id).await;
    let job = rubis_checkins::GatherCheckins { organization_id: company.id, task_id: task.id };
    let give_up = async || {
        let mut conn = company.conn().await;
        let reason = Reason::DroppedByOperations;
        conn.transaction(async |conn| rubis_checkins::record_not_gathered(conn, &job, reason, TUESDAY).await)
            .await
            .unwrap()
    };
    assert_eq!(give_up().await.unwrap().task.status, CheckinStatus::Failed);
    assert!(give_up().await.is_none(), "once");
}

#[tokio::test]
async fn a_mail_that_may_have_left_is_repeated_in_spite_of_a_pause() {
    let company = Company::new().await;
    let product = Product::new();
    let (invoices, mail) = gathered(&company).await;
    let first = company.claim(&product, mail, TUESDAY).await.1;
    let zone = company.organization().await.time_zone;
    let pause = Pause::starting(TUESDAY, Some(date!(2026 - 12 - 01)), zone).unwrap();
    let mut conn = company.conn().await;
    rubis_invoices::set_invoice_pause(&mut conn, company.id, invoices[1].id, pause, TUESDAY).await.unwrap();
    drop(conn);

    let later = TUESDAY + Duration::hours(2);
    let lease = lost(&company, mail, later).await;
    assert_eq!(company.claim_with(&product, mail, &lease, later).await, first);
    let task = company.checkin(invoices[1].id).await;
    assert_eq!((task.mail_id, task.sending_since), (Some(mail), Some(TUESDAY)));
}

#[tokio::test]
async fn a_mail_that_may_have_left_waits_unchanged_for_a_verified_sender() {
    let company = Company::new().await;
    let product = Product::new();
    let (invoices, mail) = gathered(&company).await;
    let first = company.claim(&product, mail, TUESDAY).await.1;
    let later = TUESDAY + Duration::hours(2);
    let lease = lost(&company, mail, later).await;
    company.database.execute_as_owner("UPDATE organizations SET sender_verified_at = NULL").await;
    assert_eq!(company.claim_with(&product, mail, &lease, later).await, ClaimedMail::Settled);
    for invoice in &invoices {
        let task = company.checkin(invoice.id).await;
        assert_eq!((task.mail_id, task.sending_since), (Some(mail), Some(TUESDAY)));
    }

    let next = company.job(&company.mail_job(mail).id()).await.unwrap().run_at;
    assert_eq!(next, datetime!(2026-11-25 08:00 UTC), "the sending time of the next business day");
    company.database.execute_as_owner("UPDATE organizations SET sender_verified_at = created_at").await;
    assert_eq!(company.claim(&product, mail, next).await.1, first);
}
