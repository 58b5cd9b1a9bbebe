//! Records of answers, of taking them back, and of every opening of a link.

use rubis_checkins::{
    Caution, CheckinAnswer, CheckinAnsweredBy, CheckinLink, CheckinStatus, CheckinTask, Opening, Verdict,
    clicks_of, judge, record_answer, record_click, record_expired, record_suspicion, record_undone,
};
use rubis_kernel::{InvoiceId, PaymentId};
use time::{Duration, OffsetDateTime, macros::date};

use crate::company::{Company, Product, TUESDAY};

/// Returns a check-in that was sent on Tuesday at nine.
async fn asked(company: &Company) -> CheckinTask {
    let invoice = company.planned_invoice(date!(2026 - 11 - 24), TUESDAY - Duration::DAY).await;
    company.send(&Product::new(), &company.checkin(invoice.id).await, TUESDAY).await;
    company.checkin(invoice.id).await
}

fn opened(link: CheckinLink, at: OffsetDateTime) -> Opening {
    let headers =
        [("User-Agent", "Mozilla/5.0"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")];
    Opening::from_request(at, "GET", link, headers.map(|(name, value)| (name, value.as_bytes())))
}

/// Opens a link, and records that.
async fn open(company: &Company, invoice: InvoiceId, link: CheckinLink, at: OffsetDateTime) -> Verdict {
    let task = company.checkin(invoice).await;
    let mut conn = company.conn().await;
    let opening = opened(link, at);
    let verdict = judge(&mut conn, &task, &opening, &Product::new().rules).await.unwrap();
    record_click(&mut conn, &task, &opening, verdict.as_str()).await.unwrap();
    verdict
}

#[tokio::test]
async fn an_answer_is_kept_and_its_links_live_no_more() {
    let company = Company::new().await;
    let mut task = asked(&company).await;
    let (at, payment) = (TUESDAY + Duration::HOUR, PaymentId::new());
    let mut conn = company.conn().await;
    let (answer, by) = (CheckinAnswer::Paid, CheckinAnsweredBy::Link);
    record_answer(&mut conn, &mut task, answer, by, Some(payment), at).await.unwrap();
    drop(conn);
    assert_eq!(task, company.checkin(task.invoice_id).await);
    assert_eq!(
        (task.status, task.answered_at, task.payment_id),
        (CheckinStatus::Answered, Some(at), Some(payment))
    );
    assert_eq!((task.answer, task.answered_by), (Some(answer), Some(by)));
    assert!(company.job(&task.expiry_job_id()).await.is_none());
    assert!(!task.takes_answers(at));
    assert_eq!(task.undo_until(&Product::new().rules), Some(at + Duration::days(7)));

    let mut conn = company.conn().await;
    let undone_at = at + Duration::days(2);
    record_undone(&mut conn, &mut task, undone_at).await.unwrap();
    assert_eq!((task.status, task.answer), (CheckinStatus::Answered, Some(CheckinAnswer::StillPending)));
    assert_eq!((task.payment_id, task.answered_by), (None, Some(CheckinAnsweredBy::Button)));
    assert_eq!(task.undo_until(&Product::new().rules), None);
}

#[tokio::test]
async fn a_scanner_that_opens_both_links_leaves_a_question_that_a_person_answers() {
    let company = Company::new().await;
    let invoice = asked(&company).await.invoice_id;
    let at = TUESDAY + Duration::seconds(30);
    assert_eq!(open(&company, invoice, CheckinLink::Paid, at).await, Verdict::Effect);
    let mut task = company.checkin(invoice).await;
    let mut conn = company.conn().await;
    let (answer, by) = (CheckinAnswer::Paid, CheckinAnsweredBy::Link);
    record_answer(&mut conn, &mut task, answer, by, Some(PaymentId::new()), at).await.unwrap();
    drop(conn);
    let next = at + Duration::SECOND;
    assert_eq!(open(&company, invoice, CheckinLink::Pending, next).await, Verdict::Undo);
    let mut conn = company.conn().await;
    record_suspicion(&mut conn, &mut task, next).await.unwrap();
    drop(conn);

    assert_eq!((task.status, task.answer, task.payment_id), (CheckinStatus::Sent, None, None));
    assert_eq!(task.suspect_since, Some(next));
    let expiry = company.job(&task.expiry_job_id()).await.unwrap();
    assert_eq!(Some(expiry.run_at), task.expires_at, "its life goes on");
    let later = at + Duration::HOUR;
    assert_eq!(open(&company, invoice, CheckinLink::Paid, later).await, Verdict::Confirm(Caution::Suspect));
    assert!(task.takes_answers(later));
    let planned = company.plan(invoice, later).await;
    assert!(planned.awaited_answer.is_some(), "reminders wait again");

    let clicks = clicks_of(&mut *company.conn().await, company.id, task.id).await.unwrap();
    let kept: Vec<_> = clicks
        .iter()
        .map(|click| (click.at, click.method.as_str(), click.link.as_str(), click.verdict.as_str()))
        .collect();
    assert_eq!(
        kept,
        [
            (at, "GET", "paid", "effect"),
            (next, "GET", "pending", "undo"),
            (later, "GET", "paid", "confirm_suspect")
        ]
    );
    assert!(clicks.iter().all(|click| click.user_agent == "Mozilla/5.0"));
}

#[tokio::test]
async fn a_scanner_that_straddles_the_end_of_the_quiet_time_answers_nothing() {
    let company = Company::new().await;
    let invoice = asked(&company).await.invoice_id;
    let soon = TUESDAY + Duration::seconds(29);
    assert_eq!(open(&company, invoice, CheckinLink::Paid, soon).await, Verdict::Confirm(Caution::TooSoon));
    let after = TUESDAY + Duration::seconds(31);
    assert_eq!(
        open(&company, invoice, CheckinLink::Pending, after).await,
        Verdict::Confirm(Caution::OtherLink)
    );
    // The same link, opened by a person a little later.
    assert_eq!(open(&company, invoice, CheckinLink::Paid, after).await, Verdict::Effect);
}

#[tokio::test]
async fn an_answer_that_is_taken_back_after_the_invoice_was_planned_anew_leaves_the_new_question_alone() {
    let company = Company::new().await;
    let mut task = asked(&company).await;
    let at = TUESDAY + Duration::MINUTE;
    let mut conn = company.conn().await;
    let (answer, by) = (CheckinAnswer::StillPending, CheckinAnsweredBy::Link);
    record_answer(&mut conn, &mut task, answer, by, None, at).await.unwrap();
    drop(conn);
    let again = rubis_checkins::PlanCheckin { asks_again: true };
    company.plan_as(task.invoice_id, again, at).await;
    record_suspicion(&mut *company.conn().await, &mut task, at).await.unwrap();
    assert_eq!((task.status, task.answer), (CheckinStatus::Expired, None));
}

#[tokio::test]
async fn reminders_wait_as_long_as_the_organization_chose_though_the_links_have_expired() {
    let company = Company::new().await;
    let mut task = asked(&company).await;
    let checkins = rubis_accounts::CheckinPolicyInput {
        wait_for_answer_days: Some(Some(7)),
        ..rubis_accounts::CheckinPolicyInput::default()
    };
    company.checkin_settings(checkins, TUESDAY).await;
    let expired_at = task.expires_at.unwrap();
    record_expired(&mut *company.conn().await, &mut task, expired_at).await.unwrap();
    assert_eq!(task.status, CheckinStatus::Expired);
    let planned = company.plan(task.invoice_id, expired_at).await;
    assert_eq!(planned.awaited_answer.unwrap().until, TUESDAY + Duration::days(7));
    assert_eq!(company.checkin(task.invoice_id).await.id, task.id, "the user is not asked again");
}
