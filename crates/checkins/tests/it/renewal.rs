//! New links are mailed to the same user, once an hour.

use rubis_checkins::{
    CheckinStatus, CheckinTask, Gathered, RenewError, record_answer, record_expired, renew,
};
use rubis_db::AsyncConnection;
use rubis_invoices::Reason;
use rubis_kernel::{CheckinTaskId, InvoiceId};
use time::{Duration, OffsetDateTime, macros::date};

use crate::company::{Company, Product, TUESDAY, tokens_in};

async fn renewed(
    company: &Company,
    invoice: InvoiceId,
    ended: CheckinTaskId,
    now: OffsetDateTime,
) -> Result<CheckinTask, RenewError> {
    let organization = company.organization().await;
    let mut conn = company.conn().await;
    conn.transaction(async |conn| {
        let mut invoice = rubis_invoices::lock_invoice(conn, company.id, invoice).await?.unwrap();
        renew(conn, &organization, &mut invoice, ended, now).await
    })
    .await
}

/// Returns a check-in that was sent on Tuesday and expired on Wednesday.
async fn expired(company: &Company) -> CheckinTask {
    let invoice = company.planned_invoice(date!(2026 - 11 - 24), TUESDAY - Duration::DAY).await;
    company.send(&Product::new(), &company.checkin(invoice.id).await, TUESDAY).await;
    let mut task = company.checkin(invoice.id).await;
    let at = task.expires_at.unwrap();
    record_expired(&mut *company.conn().await, &mut task, at).await.unwrap();
    task
}

#[tokio::test]
async fn fresh_links_leave_at_once_and_reminders_wait_for_them() {
    let company = Company::new().await;
    let ended = expired(&company).await;
    let now = TUESDAY + Duration::days(2);
    let fresh = renewed(&company, ended.invoice_id, ended.id, now).await.unwrap();
    assert_eq!((fresh.renews, fresh.send_at, fresh.due_date), (Some(ended.id), now, ended.due_date));
    let awaited = company.invoice(ended.invoice_id).await.awaited_answer.unwrap();
    assert_eq!((awaited.from, awaited.until), (now, now + Duration::DAY));
    // Planning again before it was sent changes nothing.
    company.plan(ended.invoice_id, now).await;
    let email = company.send(&Product::new(), &fresh, now).await;
    assert_eq!(tokens_in(&email).len(), 1);
    let tasks = company.checkins(ended.invoice_id).await;
    assert_eq!(
        tasks.iter().map(|task| task.status).collect::<Vec<_>>(),
        [CheckinStatus::Expired, CheckinStatus::Sent]
    );
}

#[tokio::test]
async fn fresh_links_are_mailed_once_an_hour() {
    let company = Company::new().await;
    let ended = expired(&company).await;
    let now = TUESDAY + Duration::days(2);
    let fresh = renewed(&company, ended.invoice_id, ended.id, now).await.unwrap();
    company.send(&Product::new(), &fresh, now).await;
    let almost = now + Duration::HOUR - Duration::SECOND;
    match renewed(&company, ended.invoice_id, ended.id, almost).await {
        Err(RenewError::TooSoon { retry_after }) => assert_eq!(retry_after, Duration::SECOND),
        other => panic!("{other:?}"),
    }
    let again = renewed(&company, ended.invoice_id, ended.id, now + Duration::HOUR).await.unwrap();
    let tasks = company.checkins(ended.invoice_id).await;
    assert_eq!(tasks[1].status, CheckinStatus::Expired, "the first fresh links end");
    assert_eq!(tasks[1].reason.as_deref(), Some("renewed"));
    assert!(company.job(&tasks[1].expiry_job_id()).await.is_none());
    assert_eq!((again.id, again.status), (tasks[2].id, CheckinStatus::Scheduled));
}

#[tokio::test]
async fn whoever_asks_for_fresh_links_gets_them_though_reminders_are_paused() {
    let company = Company::new().await;
    let ended = expired(&company).await;
    let now = TUESDAY + Duration::days(2);
    let mut conn = company.conn().await;
    rubis_accounts::pause_organization(&mut conn, company.id, None, now).await.unwrap();
    drop(conn);
    let fresh = renewed(&company, ended.invoice_id, ended.id, now).await.unwrap();
    company.plan(ended.invoice_id, now).await;
    company.send(&Product::new(), &fresh, now).await;
    assert_eq!(company.checkins(ended.invoice_id).await[1].status, CheckinStatus::Sent);
}

#[tokio::test]
async fn an_invoice_that_is_not_to_be_asked_about_gets_no_fresh_links() {
    let company = Company::new().await;
    let ended = expired(&company).await;
    let now = TUESDAY + Duration::days(2);
    company.pay(ended.invoice_id, now).await;
    let refused = renewed(&company, ended.invoice_id, ended.id, now).await;
    assert!(matches!(refused, Err(RenewError::NotAsked(Reason::InvoicePaid))));
}

#[tokio::test]
async fn a_check_in_that_is_on_its_way_is_left_to_arrive() {
    let company = Company::new().await;
    let ended = expired(&company).await;
    let again = rubis_checkins::PlanCheckin { asks_again: true };
    let now = TUESDAY + Duration::days(2);
    company.plan_as(ended.invoice_id, again, now - Duration::MINUTE).await;
    let task = company.checkins(ended.invoice_id).await.pop().unwrap();
    assert!(matches!(company.gather(&task, now).await, Some(Gathered::Mail(_, 1))));
    let found = renewed(&company, ended.invoice_id, ended.id, now).await.unwrap();
    assert_eq!(found.id, task.id);
}

#[tokio::test]
async fn fresh_links_before_a_later_due_date_do_not_take_its_question() {
    let company = Company::new().await;
    let ended = expired(&company).await;
    let input = rubis_invoices::InvoiceInput {
        due_date: Some(date!(2026 - 12 - 15)),
        ..rubis_invoices::InvoiceInput::default()
    };
    let patch = rubis_invoices::InvoicePatch::parse(input).unwrap();
    let now = TUESDAY + Duration::days(2);
    let mut conn = company.conn().await;
    rubis_invoices::update_invoice(&mut conn, company.id, ended.invoice_id, patch, now).await.unwrap();
    drop(conn);
    company.plan(ended.invoice_id, now).await;
    let fresh = renewed(&company, ended.invoice_id, ended.id, now).await.unwrap();
    company.send(&Product::new(), &fresh, now).await;
    let mut task = company.checkins(ended.invoice_id).await.pop().unwrap();
    let (answer, by) = (rubis_checkins::CheckinAnswer::StillPending, rubis_checkins::CheckinAnsweredBy::Link);
    record_answer(&mut *company.conn().await, &mut task, answer, by, None, now).await.unwrap();
    company.plan(ended.invoice_id, now).await;
    let planned = company.checkins(ended.invoice_id).await.pop().unwrap();
    assert_eq!((planned.status, planned.due_date), (CheckinStatus::Scheduled, date!(2026 - 12 - 15)));
    // On that day the user is asked, and not again afterwards.
    company.send(&Product::new(), &planned, planned.send_at).await;
    company.plan(ended.invoice_id, planned.send_at + Duration::DAY).await;
    assert_eq!(company.checkins(ended.invoice_id).await.pop().unwrap().id, planned.id);
}
