//! The end of an invoice's chase ends its check-in too.

use rubis_checkins::{CheckinAnswer, CheckinAnsweredBy, CheckinStatus, cancel_of_invoice, record_answer};
use rubis_invoices::{InvoiceStatus, Reason, Transition};
use rubis_kernel::InvoiceId;
use time::{Duration, macros::date};

use crate::company::{Company, Product, TUESDAY};

async fn cancel(company: &Company, invoice: InvoiceId) -> bool {
    let mut had_one = false;
    company
        .change(invoice, async |conn, invoice| {
            had_one = cancel_of_invoice(conn, invoice, Reason::InvoiceCancelled, TUESDAY).await?;
            Ok(())
        })
        .await;
    had_one
}

#[tokio::test]
async fn what_is_scheduled_is_called_off_with_its_job_and_reminders_wait_no_more() {
    let company = Company::new().await;
    let invoice = company.planned_invoice(date!(2026 - 12 - 01), TUESDAY).await;
    let other = company.planned_invoice(date!(2026 - 12 - 01), TUESDAY).await;
    assert!(cancel(&company, invoice.id).await);
    let task = company.checkins(invoice.id).await.remove(0);
    assert_eq!((task.status, task.reason.as_deref()), (CheckinStatus::Cancelled, Some("invoice_cancelled")));
    assert_eq!(company.gathers_at(&task).await, None);
    assert_eq!(company.invoice(invoice.id).await.awaited_answer, None);
    assert!(!cancel(&company, invoice.id).await, "there is none any more");
    assert_eq!(company.checkin(other.id).await.status, CheckinStatus::Scheduled);
}

#[tokio::test]
async fn what_is_asked_is_called_off_and_the_invoice_goes_back_to_where_it_was() {
    let company = Company::new().await;
    let invoice = company.planned_invoice(date!(2026 - 11 - 24), TUESDAY - Duration::DAY).await;
    company.send(&Product::new(), &company.checkin(invoice.id).await, TUESDAY).await;
    company
        .change(invoice.id, async |conn, invoice| {
            rubis_invoices::transition(conn, invoice, Transition::CheckinSent, TUESDAY).await.unwrap();
            Ok(())
        })
        .await;
    assert!(cancel(&company, invoice.id).await);
    let task = company.checkins(invoice.id).await.remove(0);
    assert_eq!(task.status, CheckinStatus::Cancelled);
    assert!(!task.takes_answers(TUESDAY));
    assert!(company.job(&task.expiry_job_id()).await.is_none());
    assert_eq!(company.invoice(invoice.id).await.status, InvoiceStatus::Pending);
}

#[tokio::test]
async fn an_answer_stays_an_answer() {
    let company = Company::new().await;
    let invoice = company.planned_invoice(date!(2026 - 11 - 24), TUESDAY - Duration::DAY).await;
    company.send(&Product::new(), &company.checkin(invoice.id).await, TUESDAY).await;
    let mut task = company.checkin(invoice.id).await;
    let mut conn = company.conn().await;
    let (answer, by) = (CheckinAnswer::StillPending, CheckinAnsweredBy::Button);
    record_answer(&mut conn, &mut task, answer, by, None, TUESDAY).await.unwrap();
    drop(conn);
    assert!(!cancel(&company, invoice.id).await);
    assert_eq!(company.checkin(invoice.id).await, task);
}
