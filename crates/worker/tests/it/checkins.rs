//! The user is asked first, and reminders wait for the answer.

use rubis_accounts::CheckinPolicyInput;
use rubis_checkins::{CheckinAnswer, CheckinStatus};
use rubis_invoices::{InvoiceInput, InvoiceStatus};
use rubis_lifecycle::{CheckinOutcome, WhyNot};
use rubis_mailer::SendError;
use rubis_relances::RelanceStatus;
use rubis_testkit::Chain;
use time::{
    Duration, OffsetDateTime,
    macros::{date, datetime},
};

/// A Tuesday at ten in Paris.
const TUESDAY: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);
const IN_A_MINUTE: OffsetDateTime = datetime!(2026-11-24 09:01 UTC);
const A_DAY_LATER: OffsetDateTime = datetime!(2026-11-25 09:01 UTC);

/// Its first reminder should have left on Monday.
const LATE: time::Date = date!(2026 - 11 - 20);

const ON: CheckinPolicyInput =
    CheckinPolicyInput { enabled: None, grace_hours: None, wait_for_answer_days: None };

async fn why_not_first(chain: &Chain, invoice: rubis_kernel::InvoiceId) -> Option<WhyNot> {
    let mut conn = chain.conn().await;
    let timeline = rubis_lifecycle::timeline(&mut conn, chain.organization, invoice, chain.now()).await;
    timeline.unwrap().unwrap().relances[0].why_not.clone()
}

#[tokio::test]
async fn the_user_is_asked_on_the_due_date_and_without_an_answer_the_reminders_leave_as_planned() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    chain.worker.run_until(datetime!(2026-12-01 07:59 UTC)).await;
    assert!(chain.worker.mailer.outbox().is_empty());
    chain.worker.run_until(datetime!(2026-12-01 08:00 UTC)).await;

    let mail = chain.checkin_mails().pop().unwrap();
    assert_eq!(mail.to.address.to_string(), "jeanne.vasseur@menuiserie-vasseur.example");
    let token = chain.token(invoice.id).await;
    for link in ["paid", "pending"] {
        let link = format!("http://localhost:3333/api/v1/checkin/{token}/{link}");
        assert!(mail.text.contains(&link), "{}", mail.text);
    }
    assert_eq!(chain.invoice(invoice.id).await.status, InvoiceStatus::AwaitingUserConfirmation);
    let checkin = chain.checkins(invoice.id).await.remove(0);
    assert_eq!(
        (checkin.status, checkin.sent_at, checkin.expires_at),
        (CheckinStatus::Sent, Some(datetime!(2026-12-01 08:00 UTC)), Some(datetime!(2026-12-02 08:00 UTC)))
    );

    chain.worker.run_until(datetime!(2026-12-02 08:00 UTC)).await;
    assert_eq!(chain.checkins(invoice.id).await[0].status, CheckinStatus::Expired);
    assert_eq!(chain.invoice(invoice.id).await.status, InvoiceStatus::Pending);
    chain.worker.run_until(datetime!(2026-12-04 08:00 UTC)).await;
    assert_eq!(chain.reminders().len(), 1);
    assert_eq!(
        chain.events(invoice.id).await,
        ["invoice_created", "relances_planned", "checkin_sent", "checkin_expired", "relance_sent"]
    );
}

#[tokio::test]
async fn a_late_invoices_first_reminder_waits_a_day_for_the_answer() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let invoice = chain.invoice_due(LATE).await;
    assert_eq!(why_not_first(&chain, invoice.id).await, Some(WhyNot::AwaitsAnswer(A_DAY_LATER)));
    chain.worker.run_until(IN_A_MINUTE).await;
    assert_eq!(chain.checkin_mails().len(), 1);
    assert_eq!(
        chain.planned(invoice.id).await,
        [
            A_DAY_LATER,
            datetime!(2026-12-02 08:00 UTC),
            datetime!(2026-12-14 08:00 UTC),
            datetime!(2026-12-22 08:00 UTC)
        ],
        "the later ones keep the plan's spacing"
    );

    chain.worker.run_until(A_DAY_LATER - Duration::seconds(1)).await;
    assert!(chain.reminders().is_empty());
    chain.worker.run_until(A_DAY_LATER).await;
    assert_eq!(chain.reminders().len(), 1, "nobody answered");
    assert_eq!(chain.invoice(invoice.id).await.status, InvoiceStatus::InRelance);
    assert_eq!(why_not_first(&chain, invoice.id).await, None);
}

#[tokio::test]
async fn a_mail_that_leaves_a_moment_after_its_time_moves_no_reminder_and_one_that_is_late_does() {
    for (late, moved) in
        [(Duration::milliseconds(300), Duration::ZERO), (Duration::hours(2), Duration::hours(2))]
    {
        let chain = Chain::with_checkins_at(TUESDAY).await;
        let invoice = chain.invoice_due(LATE).await;
        chain.clock.set(IN_A_MINUTE + late);
        chain.worker.run_due().await;
        assert_eq!(chain.checkin_mails().len(), 1);
        assert_eq!(chain.planned(invoice.id).await.first(), Some(&(A_DAY_LATER + moved)));
        let events = chain.events(invoice.id).await;
        let planned = events.iter().filter(|kind| *kind == "relances_planned").count();
        assert_eq!(planned, 1, "only the invoice's creation: {events:?}");
    }
}

#[tokio::test]
async fn still_pending_sends_the_reminder_that_waited_a_minute_later() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let invoice = chain.invoice_due(LATE).await;
    let other = chain.invoice_to("Garage Lopez", "contact@garage-lopez.example", LATE).await;
    chain.worker.run_until(TUESDAY + Duration::minutes(5)).await;

    let token = chain.token(invoice.id).await;
    assert_eq!(chain.open_link(&token, CheckinAnswer::StillPending).await, CheckinOutcome::StillPending);
    assert_eq!(chain.invoice(invoice.id).await.status, InvoiceStatus::Pending);
    chain.worker.run_due().await;
    assert!(chain.reminders().is_empty(), "the other link can revoke it for a minute");
    chain.worker.run_until(chain.now() + Duration::minutes(1)).await;

    let reminders = chain.reminders();
    assert_eq!(reminders.len(), 1);
    assert_eq!(reminders[0].to.address.to_string(), "compta@boulangerie-martin.example");
    assert_eq!(chain.planned(other.id).await.first(), Some(&A_DAY_LATER), "the other goes on waiting");
    assert_eq!(
        chain.events(invoice.id).await,
        ["invoice_created", "relances_planned", "checkin_sent", "checkin_answered", "relance_sent"]
    );
}

#[tokio::test]
async fn paid_by_a_link_stops_everything_and_is_confirmed_by_a_mail() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let invoice = chain.invoice_due(LATE).await;
    chain.worker.run_until(TUESDAY + Duration::minutes(5)).await;
    let token = chain.token(invoice.id).await;
    assert_eq!(chain.open_link(&token, CheckinAnswer::Paid).await, CheckinOutcome::Settled);
    chain.worker.run_until(datetime!(2027-02-01 12:00 UTC)).await;

    assert!(chain.reminders().is_empty());
    let confirmation = chain.confirmations().pop().unwrap();
    assert_eq!(confirmation.to.address.to_string(), "jeanne.vasseur@menuiserie-vasseur.example");
    assert!(confirmation.text.contains(&token), "it leads to where the answer can be taken back");
    assert_eq!(chain.worker.mailer.outbox().len(), 2, "the question and the confirmation");
    let relances = chain.relances(invoice.id).await;
    assert!(relances.iter().all(|task| task.status == RelanceStatus::Cancelled));
}

#[tokio::test]
async fn without_a_grace_the_reminder_leaves_with_the_question() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    chain.set_checkins(CheckinPolicyInput { grace_hours: Some(0), ..ON }).await;
    chain.invoice_due(LATE).await;
    chain.worker.run_until(IN_A_MINUTE).await;
    assert_eq!((chain.checkin_mails().len(), chain.reminders().len()), (1, 1));
}

#[tokio::test]
async fn an_organization_that_wants_an_answer_waits_for_days_and_the_feed_says_when_none_came() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    chain.set_checkins(CheckinPolicyInput { wait_for_answer_days: Some(Some(3)), ..ON }).await;
    let invoice = chain.invoice_due(LATE).await;
    let three_days_later = datetime!(2026-11-27 09:01 UTC);
    chain.worker.run_until(three_days_later - Duration::seconds(1)).await;
    assert!(chain.reminders().is_empty());
    assert_eq!(chain.checkins(invoice.id).await[0].status, CheckinStatus::Expired);
    chain.plan_again().await;
    assert_eq!(chain.planned(invoice.id).await.first(), Some(&three_days_later));

    chain.worker.run_until(three_days_later + Duration::hours(1)).await;

    assert_eq!(chain.reminders().len(), 1);
    let told = chain.events(invoice.id).await.into_iter().filter(|kind| kind == "checkin_unanswered").count();
    assert_eq!(told, 1);
}

#[tokio::test]
async fn an_organization_that_turned_check_ins_off_is_not_asked_and_turning_them_off_calls_the_question_back()
{
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let asked = chain.invoice_due(LATE).await;
    chain.worker.run_until(TUESDAY + Duration::minutes(5)).await;
    assert_eq!(chain.checkin_mails().len(), 1);
    let token = chain.token(asked.id).await;

    chain.set_checkins(CheckinPolicyInput { enabled: Some(false), ..ON }).await;

    assert_eq!(chain.invoice(asked.id).await.status, InvoiceStatus::Pending);
    assert_eq!(chain.press(&token, CheckinAnswer::Paid).await, CheckinOutcome::Expired);
    chain.invoice_to("Garage Lopez", "contact@garage-lopez.example", LATE).await;
    chain.worker.run_until(TUESDAY + Duration::minutes(10)).await;
    assert_eq!((chain.checkin_mails().len(), chain.reminders().len()), (1, 2), "nothing waits any more");
}

#[tokio::test]
async fn a_mail_server_that_is_busy_is_tried_three_times_and_then_the_reminders_go_on() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let lucky = chain.invoice_due(LATE).await;
    let busy = SendError::deferred("421 busy");
    chain.worker.mailer.fail_next(2, &busy);
    chain.worker.run_until(TUESDAY + Duration::minutes(10)).await;
    assert_eq!(chain.checkin_mails().len(), 1, "the third attempt went through");
    let checkin = chain.checkins(lucky.id).await.remove(0);
    let sent_at = checkin.sent_at.unwrap();
    assert!(sent_at > IN_A_MINUTE);
    assert_eq!(checkin.expires_at, Some(sent_at + Duration::days(1)), "its life begins when it left");
    chain.pay(lucky.id, None).await;

    let invoice = chain.invoice_to("Garage Lopez", "contact@garage-lopez.example", LATE).await;
    chain.worker.mailer.fail_next(3, &busy);
    chain.worker.run_until(chain.now() + Duration::minutes(10)).await;

    let failed = chain.checkins(invoice.id).await.remove(0);
    assert_eq!(
        (failed.status, failed.reason.as_deref()),
        (CheckinStatus::Failed, Some("attempts_exhausted"))
    );
    assert_eq!((chain.checkin_mails().len(), chain.reminders().len()), (1, 1), "the reminder does not wait");
    let events = chain.events(invoice.id).await;
    assert!(events.iter().any(|kind| kind == "checkin_failed"), "{events:?}");
    let token = chain.token(invoice.id).await;
    assert_eq!(chain.press(&token, CheckinAnswer::Paid).await, CheckinOutcome::Expired);

    // Operations run the dead letter again: the user is asked after all.
    let (queue, now) = (rubis_jobs::Queue::Checkins, Some(chain.now()));
    rubis_jobs::retry_all_dead(&mut *chain.conn().await, queue, now).await.unwrap();
    chain.worker.run_due().await;
    assert_eq!(chain.checkin_mails().len(), 2);
    assert_eq!(chain.press(&token, CheckinAnswer::Paid).await, CheckinOutcome::Settled);
}

#[tokio::test]
async fn a_refused_recipient_fails_the_check_in_at_once() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let invoice = chain.invoice_due(LATE).await;
    let refused = SendError::rejected(550, "no such mailbox");
    chain.worker.mailer.fail_next(1, &refused);
    chain.worker.run_until(TUESDAY + Duration::minutes(3)).await;
    let failed = chain.checkins(invoice.id).await.remove(0);
    assert_eq!((failed.status, failed.reason.as_deref()), (CheckinStatus::Failed, Some("rejected")));
    assert_eq!(chain.reminders().len(), 1);
}

#[tokio::test]
async fn a_mail_server_that_refuses_us_holds_all_mails_back_and_costs_no_attempt() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    chain.set_checkins(CheckinPolicyInput { grace_hours: Some(0), ..ON }).await;
    chain.invoice_due(LATE).await;
    let refusal = SendError::Configuration { reason: "535 wrong password".to_owned() };
    chain.worker.mailer.fail_next(10, &refusal);
    chain.worker.run_until(TUESDAY + Duration::minutes(8)).await;
    assert!(chain.worker.mailer.outbox().is_empty());
    chain.worker.run_until(TUESDAY + Duration::minutes(20)).await;
    assert_eq!((chain.checkin_mails().len(), chain.reminders().len()), (1, 1));
}

#[tokio::test]
async fn another_due_date_is_asked_about_anew_and_the_links_of_the_old_one_end() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    let move_to = async |due_date| {
        let correction = InvoiceInput { due_date: Some(due_date), ..Default::default() };
        chain.correct(invoice.id, correction).await
    };
    move_to(date!(2026 - 12 - 02)).await;
    chain.worker.run_until(datetime!(2026-12-01 12:00 UTC)).await;
    assert!(chain.checkin_mails().is_empty(), "the first date was called off");
    chain.worker.run_until(datetime!(2026-12-02 08:05 UTC)).await;
    assert_eq!(chain.checkin_mails().len(), 1);
    let old = chain.token(invoice.id).await;

    let moved = move_to(date!(2027 - 01 - 15)).await;
    assert_eq!(moved.status, InvoiceStatus::Pending, "nobody is asked at the moment");
    assert_eq!(chain.press(&old, CheckinAnswer::Paid).await, CheckinOutcome::Expired);
    chain.worker.run_until(datetime!(2027-01-15 08:00 UTC)).await;
    assert_eq!(chain.checkin_mails().len(), 2);
    assert_ne!(chain.token(invoice.id).await, old);

    let correction = InvoiceInput { numero: Some("F-2026-001-B".to_owned()), ..Default::default() };
    chain.correct(invoice.id, correction).await;
    chain.plan_again().await;
    chain.worker.run_until(datetime!(2027-01-16 08:00 UTC)).await;
    assert_eq!(chain.checkin_mails().len(), 2, "asked once about a date");
}

#[tokio::test]
async fn an_invoice_reopened_by_hand_is_asked_about_again() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let invoice = chain.invoice_due(LATE).await;
    chain.worker.run_until(TUESDAY + Duration::minutes(5)).await;
    let token = chain.token(invoice.id).await;
    chain.open_link(&token, CheckinAnswer::StillPending).await;
    chain.worker.run_due().await;
    chain.pay(invoice.id, None).await;
    chain.worker.run_until(TUESDAY + Duration::hours(1)).await;
    assert_eq!(chain.checkin_mails().len(), 1);

    chain.reopen(invoice.id).await;
    chain.worker.run_until(TUESDAY + Duration::hours(2)).await;

    assert_eq!(chain.checkin_mails().len(), 2);
    assert_eq!(chain.press(&token, CheckinAnswer::Paid).await, CheckinOutcome::AlreadyAnswered);
    let fresh = chain.token(invoice.id).await;
    assert_eq!(chain.press(&fresh, CheckinAnswer::Paid).await, CheckinOutcome::Settled);
}

#[tokio::test]
async fn what_is_settled_disputed_or_cancelled_is_asked_about_no_more() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let due = date!(2026 - 12 - 01);
    let planned = chain.invoice_due(due).await;
    chain.pay(planned.id, None).await;
    let (asked, disputed, cancelled) = (
        chain.invoice_due(LATE).await,
        chain.invoice_to("Garage Lopez", "contact@garage-lopez.example", LATE).await,
        chain.invoice_to("Hôtel du Lac", "compta@hotel-du-lac.example", LATE).await,
    );
    chain.worker.run_until(TUESDAY + Duration::minutes(5)).await;
    assert_eq!(chain.checkin_mails().len(), 1);
    let (organization, now) = (chain.organization, chain.now());
    chain.pay(asked.id, None).await;
    let mut conn = chain.conn().await;
    rubis_lifecycle::dispute_invoice(&mut conn, organization, disputed.id, None, now).await.unwrap();
    rubis_lifecycle::cancel_invoice(&mut conn, organization, cancelled.id, None, now).await.unwrap();
    drop(conn);

    for (invoice, reason, outcome) in [
        (&planned, "invoice_paid", None),
        (&asked, "invoice_paid", Some(CheckinOutcome::AlreadyAnswered)),
        (&disputed, "invoice_disputed", Some(CheckinOutcome::Expired)),
        (&cancelled, "invoice_cancelled", Some(CheckinOutcome::Expired)),
    ] {
        let checkin = chain.checkins(invoice.id).await.remove(0);
        assert_eq!((checkin.status, checkin.reason.as_deref()), (CheckinStatus::Cancelled, Some(reason)));
        let token = chain.token(invoice.id).await;
        if let Some(outcome) = outcome {
            assert_eq!(chain.press(&token, CheckinAnswer::Paid).await, outcome);
        }
        assert_eq!(chain.invoice(invoice.id).await.awaited_answer, None);
    }
    chain.worker.run_until(datetime!(2026-12-31 12:00 UTC)).await;
    assert_eq!(chain.worker.mailer.outbox().len(), 1);
    assert!(chain.worker.next_due().await.is_none(), "no job is left");
}

#[tokio::test]
async fn a_pause_holds_the_question_back() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let (ends, open) = (chain.invoice_due(date!(2026 - 12 - 01)).await, chain.invoice_due(LATE).await);
    let (organization, now) = (chain.organization, chain.now());
    let pause = rubis_lifecycle::pause_invoice;
    let until = Some(date!(2026 - 12 - 15));
    pause(&mut *chain.conn().await, organization, ends.id, until, None, now).await.unwrap();
    pause(&mut *chain.conn().await, organization, open.id, None, None, now).await.unwrap();
    chain.worker.run_until(datetime!(2026-12-15 07:59 UTC)).await;
    assert!(chain.worker.mailer.outbox().is_empty());

    chain.worker.run_until(datetime!(2026-12-15 08:00 UTC)).await;
    assert_eq!(chain.checkin_mails().len(), 1);
    assert!(chain.reminders().is_empty(), "the missed reminder waits for the answer behind the pause");

    let unpause = rubis_lifecycle::unpause_invoice;
    unpause(&mut *chain.conn().await, organization, open.id, None, chain.now()).await.unwrap();
    chain.worker.run_until(datetime!(2026-12-15 08:02 UTC)).await;
    assert_eq!((chain.checkin_mails().len(), chain.reminders().len()), (2, 0));
    chain.worker.run_until(datetime!(2026-12-16 08:02 UTC)).await;
    assert_eq!(chain.reminders().len(), 2);
}

#[tokio::test]
async fn invoices_of_one_morning_are_asked_about_in_one_mail() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let due = date!(2026 - 12 - 01);
    let mut invoices = Vec::new();
    for client in 0..60 {
        let (name, email) = (format!("Client {client}"), format!("compta@client-{client}.example"));
        invoices.push(chain.invoice_to(&name, &email, due).await);
    }
    chain.worker.run_until(datetime!(2026-12-01 08:00 UTC)).await;

    let mails = chain.checkin_mails();
    assert_eq!(mails.len(), 2, "forty questions at most in a mail");
    for invoice in &invoices {
        let token = chain.token(invoice.id).await;
        let asking = mails.iter().filter(|mail| mail.text.contains(&token)).count();
        assert_eq!(asking, 1, "each invoice has links of its own, in one mail");
    }
    assert_eq!(chain.checkin_view(&chain.token(invoices[0].id).await).await.unwrap().siblings.len(), 39);
}

#[tokio::test]
async fn a_day_is_a_day_whatever_the_clocks_do() {
    let chain = Chain::with_checkins_at(datetime!(2027-03-20 09:00 UTC)).await;
    let every_day =
        rubis_accounts::OrganizationInput { business_days_only: Some(false), ..Default::default() };
    chain.set(every_day).await;
    // On Sunday 28 March at two the clocks go forward to three.
    let before = chain.invoice_due(date!(2027 - 03 - 27)).await;
    let after = chain.invoice_to("Garage Lopez", "contact@garage-lopez.example", date!(2027 - 03 - 28)).await;
    chain.worker.run_until(datetime!(2027-03-28 07:30 UTC)).await;

    let asked = |checkins: Vec<rubis_checkins::CheckinTask>| (checkins[0].sent_at, checkins[0].expires_at);
    assert_eq!(
        asked(chain.checkins(before.id).await),
        (Some(datetime!(2027-03-27 08:00 UTC)), Some(datetime!(2027-03-28 08:00 UTC))),
        "nine in the morning in winter, and 24 hours"
    );
    assert_eq!(asked(chain.checkins(after.id).await).0, Some(datetime!(2027-03-28 07:00 UTC)));
    let token = chain.token(before.id).await;
    assert_eq!(chain.open_link(&token, CheckinAnswer::StillPending).await, CheckinOutcome::StillPending);
}

/// Moves on in steps of ten seconds, as a worker's day goes by.
async fn run_to(chain: &Chain, end: OffsetDateTime) {
    while chain.now() < end {
        chain.worker.run_until((chain.now() + Duration::seconds(10)).min(end)).await;
    }
}

#[tokio::test]
async fn late_invoices_that_are_entered_one_after_another_are_asked_about_in_one_mail() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let mut batch = Vec::new();
    for entered in 1..=5 {
        batch.push(chain.invoice_due(LATE).await);
        run_to(&chain, TUESDAY + Duration::seconds(40) * entered).await;
    }
    assert!(chain.checkin_mails().is_empty(), "the last one was entered less than a minute ago");
    run_to(&chain, TUESDAY + Duration::minutes(4)).await;
    assert_eq!(chain.checkin_mails().len(), 1);
    for invoice in &batch {
        assert_eq!(chain.checkins(invoice.id).await[0].status, CheckinStatus::Sent);
        assert!(chain.checkin_mails()[0].text.contains(&invoice.numero));
    }

    chain.invoice_due(LATE).await;
    run_to(&chain, TUESDAY + Duration::minutes(30)).await;
    chain.invoice_due(LATE).await;
    run_to(&chain, TUESDAY + Duration::minutes(31)).await;
    assert_eq!(chain.checkin_mails().len(), 3, "one by itself is asked about after a minute");
}

#[tokio::test]
async fn invoices_that_are_entered_over_an_hour_are_asked_about_every_ten_minutes_at_most() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    chain.invoice_due(LATE).await;
    let first = TUESDAY + Duration::MINUTE;
    run_to(&chain, first).await;
    assert_eq!(chain.checkin_mails().len(), 1);
    for entered in 1..=4 {
        run_to(&chain, first + Duration::minutes(2) * entered).await;
        chain.invoice_due(LATE).await;
    }
    run_to(&chain, first + Duration::minutes(10) - Duration::SECOND).await;
    assert_eq!(chain.checkin_mails().len(), 1);
    run_to(&chain, first + Duration::minutes(10)).await;
    let mails = chain.checkin_mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[1].text.matches("/paid").count(), 4);
}

#[tokio::test]
async fn a_batch_without_an_end_is_asked_about_after_ten_minutes() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let first = TUESDAY + Duration::MINUTE;
    for entered in 1..=13 {
        chain.invoice_due(LATE).await;
        run_to(&chain, TUESDAY + Duration::seconds(50) * entered).await;
    }
    assert!(chain.now() < first + Duration::minutes(10) && chain.checkin_mails().is_empty());
    chain.invoice_due(LATE).await;
    run_to(&chain, first + Duration::minutes(10)).await;
    let mails = chain.checkin_mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].text.matches("/paid").count(), 13, "the last two share the next one");
    run_to(&chain, first + Duration::minutes(20)).await;
    assert_eq!(chain.checkin_mails().len(), 2);
}
