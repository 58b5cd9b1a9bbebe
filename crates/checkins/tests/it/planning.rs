//! Each invoice is asked about once for its due date, at the organization's sending time.

use rubis_accounts::{CheckinPolicyInput, OrganizationInput, Pause, pause_organization, resume_organization};
use rubis_checkins::{CATCH_UP_DELAY, CheckinStatus, PlanCheckin};
use rubis_invoices::{AwaitedAnswer, InvoiceInput, InvoicePatch, InvoiceStatus, Reason, Transition};
use time::{
    Date, Duration, OffsetDateTime,
    macros::{date, datetime},
};

use crate::company::{Company, Product, TUESDAY};

const DAY: Duration = Duration::DAY;

/// Changes the due date of an invoice without planning it again.
async fn move_due_date(company: &Company, invoice: rubis_kernel::InvoiceId, due_date: Date) {
    let patch =
        InvoicePatch::parse(InvoiceInput { due_date: Some(due_date), ..InvoiceInput::default() }).unwrap();
    let mut conn = company.conn().await;
    rubis_invoices::update_invoice(&mut conn, company.id, invoice, patch, TUESDAY).await.unwrap();
}

#[tokio::test]
async fn an_invoice_is_asked_about_at_nine_in_the_morning_of_its_due_date() {
    let company = Company::new().await;
    for (due_date, leaves) in [
        (date!(2026 - 12 - 01), datetime!(2026-12-01 08:00 UTC)),
        // A Saturday.
        (date!(2026 - 12 - 05), datetime!(2026-12-07 08:00 UTC)),
        // Around the changes to summer and to winter time, which fall on Sundays.
        (date!(2027 - 03 - 26), datetime!(2027-03-26 08:00 UTC)),
        (date!(2027 - 03 - 28), datetime!(2027-03-30 07:00 UTC)),
        (date!(2027 - 10 - 29), datetime!(2027-10-29 07:00 UTC)),
        (date!(2027 - 10 - 31), datetime!(2027-11-02 08:00 UTC)),
    ] {
        let invoice = company.planned_invoice(due_date, TUESDAY).await;
        let task = company.checkin(invoice.id).await;
        assert_eq!((task.send_at, task.due_date), (leaves, due_date));
        assert_eq!(company.gathers_at(&task).await, Some(leaves));
        assert_eq!(invoice.awaited_answer, Some(AwaitedAnswer { from: leaves, until: leaves + DAY }));
    }
}

#[tokio::test]
async fn where_mail_leaves_on_sundays_nine_in_the_morning_is_nine_whatever_the_clocks_did_that_night() {
    let company = Company::new().await;
    let sundays_too = OrganizationInput { business_days_only: Some(false), ..OrganizationInput::default() };
    company.settings(sundays_too, TUESDAY).await;
    for (due_date, leaves) in [
        (date!(2026 - 03 - 28), datetime!(2026-03-28 08:00 UTC)),
        (date!(2026 - 03 - 29), datetime!(2026-03-29 07:00 UTC)),
        (date!(2026 - 10 - 24), datetime!(2026-10-24 07:00 UTC)),
        (date!(2026 - 10 - 25), datetime!(2026-10-25 08:00 UTC)),
    ] {
        let now = datetime!(2026-01-05 08:00 UTC);
        let invoice = company.planned_invoice(due_date, now).await;
        assert_eq!(company.checkin(invoice.id).await.send_at, leaves);
    }
}

#[tokio::test]
async fn a_late_invoice_is_asked_about_a_minute_from_now_and_planning_again_does_not_put_it_off() {
    let company = Company::new().await;
    let invoice = company.planned_invoice(date!(2026 - 10 - 01), TUESDAY).await;
    let task = company.checkin(invoice.id).await;
    let leaves = TUESDAY + CATCH_UP_DELAY;
    assert_eq!(task.send_at, leaves);
    assert_eq!(invoice.awaited_answer, Some(AwaitedAnswer { from: leaves, until: leaves + DAY }));

    let again = company.plan(invoice.id, TUESDAY + Duration::seconds(40)).await;
    assert_eq!(company.checkin(invoice.id).await, task);
    assert_eq!(again.awaited_answer, invoice.awaited_answer);
    // The same holds if the check-in is late itself; reminders still wait for it.
    let late = TUESDAY + Duration::hours(3);
    let again = company.plan(invoice.id, late).await;
    assert_eq!(company.checkin(invoice.id).await, task);
    assert_eq!(again.awaited_answer, Some(AwaitedAnswer { from: late, until: late + DAY }));
}

#[tokio::test]
async fn planning_the_same_again_changes_nothing() {
    let company = Company::new().await;
    let invoice = company.planned_invoice(date!(2026 - 12 - 01), TUESDAY).await;
    let (task, job) = (
        company.checkin(invoice.id).await,
        company.job(&company.checkin(invoice.id).await.gather_job_id()).await,
    );
    for hours in [0, 1, 100] {
        let again = company.plan(invoice.id, TUESDAY + Duration::hours(hours)).await;
        assert_eq!(company.checkins(invoice.id).await, std::slice::from_ref(&task));
        assert_eq!(company.job(&task.gather_job_id()).await, job);
        assert_eq!(again.awaited_answer, invoice.awaited_answer);
    }
}

#[tokio::test]
async fn another_due_date_calls_the_check_in_off_and_plans_it_afresh() {
    let company = Company::new().await;
    let invoice = company.planned_invoice(date!(2026 - 12 - 01), TUESDAY).await;
    let first = company.checkin(invoice.id).await;
    move_due_date(&company, invoice.id, date!(2026 - 12 - 15)).await;
    company.plan(invoice.id, TUESDAY).await;

    let all = company.checkins(invoice.id).await;
    assert_eq!(all.len(), 2);
    assert_eq!((all[0].status, all[0].reason.as_deref()), (CheckinStatus::Cancelled, Some("replanned")));
    assert_eq!(company.gathers_at(&first).await, None);
    assert_eq!(all[1].send_at, datetime!(2026-12-15 08:00 UTC));
    assert_eq!(company.gathers_at(&all[1]).await, Some(all[1].send_at));
}

#[tokio::test]
async fn another_sending_time_moves_what_is_scheduled_and_asks_nobody_twice() {
    let company = Company::new().await;
    let product = Product::new();
    let asked = company.planned_invoice(date!(2026 - 11 - 24), TUESDAY - Duration::hours(1)).await;
    company.send(&product, &company.checkin(asked.id).await, TUESDAY).await;
    let scheduled = company.planned_invoice(date!(2026 - 12 - 01), TUESDAY).await;
    let at_ten = OrganizationInput { sending_time: Some("10:00".to_owned()), ..OrganizationInput::default() };
    company.settings(at_ten, TUESDAY).await;
    company.plan(asked.id, TUESDAY).await;
    company.plan(scheduled.id, TUESDAY).await;
    assert_eq!(company.checkin(asked.id).await.status, CheckinStatus::Sent);
    assert_eq!(company.checkin(scheduled.id).await.send_at, datetime!(2026-12-01 09:00 UTC));
}

#[tokio::test]
async fn once_asked_the_user_is_not_asked_about_the_same_due_date_again_unless_the_invoice_is_reopened() {
    let company = Company::new().await;
    let product = Product::new();
    let invoice = company.planned_invoice(date!(2026 - 11 - 20), TUESDAY).await;
    let asked_at = TUESDAY + CATCH_UP_DELAY;
    company.send(&product, &company.checkin(invoice.id).await, asked_at).await;
    let again = company.plan(invoice.id, asked_at + DAY).await;
    assert_eq!(company.checkin(invoice.id).await.status, CheckinStatus::Sent);
    assert_eq!(
        again.awaited_answer,
        Some(AwaitedAnswer { from: asked_at, until: asked_at + DAY }),
        "from when it left"
    );

    company
        .change(invoice.id, async |conn, invoice| {
            rubis_checkins::cancel_of_invoice(conn, invoice, Reason::InvoicePaid, TUESDAY).await.map(drop)
        })
        .await;
    let reopened_at = TUESDAY + DAY * 3;
    company.plan_as(invoice.id, PlanCheckin { asks_again: true }, reopened_at).await;
    let task = company.checkin(invoice.id).await;
    assert_eq!((task.status, task.send_at), (CheckinStatus::Scheduled, reopened_at + CATCH_UP_DELAY));
    // The check-in planned because of the reopening stays when it is planned again.
    company.plan(invoice.id, reopened_at + Duration::seconds(30)).await;
    assert_eq!(company.checkin(invoice.id).await, task);
}

#[tokio::test]
async fn another_due_date_after_the_question_left_ends_its_links_and_asks_anew() {
    let company = Company::new().await;
    let product = Product::new();
    let invoice = company.planned_invoice(date!(2026 - 11 - 20), TUESDAY).await;
    let asked_at = TUESDAY + CATCH_UP_DELAY;
    company.send(&product, &company.checkin(invoice.id).await, asked_at).await;
    company
        .change(invoice.id, async |conn, invoice| {
            rubis_invoices::transition(conn, invoice, Transition::CheckinSent, asked_at).await.unwrap();
            Ok(())
        })
        .await;
    move_due_date(&company, invoice.id, date!(2026 - 12 - 15)).await;
    let moved = company.plan(invoice.id, asked_at).await;

    let all = company.checkins(invoice.id).await;
    assert_eq!(all[0].status, CheckinStatus::Cancelled);
    assert!(company.job(&all[0].expiry_job_id()).await.is_none());
    assert_eq!(all[1].send_at, datetime!(2026-12-15 08:00 UTC));
    assert_eq!(moved.status, InvoiceStatus::Pending, "the user is no longer asked");
}

#[tokio::test]
async fn a_pause_with_an_end_moves_the_check_in_there_and_one_without_leaves_it_without_a_job() {
    let company = Company::new().await;
    let invoice = company.planned_invoice(date!(2026 - 12 - 01), TUESDAY).await;
    let pause = async |until: Option<Date>| {
        let zone = company.organization().await.time_zone;
        let pause = Pause::starting(TUESDAY, until, zone).unwrap();
        let mut conn = company.conn().await;
        rubis_invoices::set_invoice_pause(&mut conn, company.id, invoice.id, pause, TUESDAY).await.unwrap();
        drop(conn);
        company.plan(invoice.id, TUESDAY).await;
    };

    // A Sunday.
    pause(Some(date!(2026 - 12 - 06))).await;
    let moved = company.checkin(invoice.id).await;
    assert_eq!(moved.send_at, datetime!(2026-12-07 08:00 UTC));
    assert_eq!(company.gathers_at(&moved).await, Some(moved.send_at));

    pause(Some(date!(2026 - 11 - 26))).await;
    assert_eq!(company.checkin(invoice.id).await.send_at, datetime!(2026-12-01 08:00 UTC), "ends before");

    pause(None).await;
    let held = company.checkin(invoice.id).await;
    assert_eq!((held.status, held.send_at), (CheckinStatus::Scheduled, datetime!(2026-12-01 08:00 UTC)));
    assert_eq!(company.gathers_at(&held).await, None);

    let resumed_at = datetime!(2026-12-20 12:00 UTC);
    let mut conn = company.conn().await;
    rubis_invoices::clear_invoice_pause(&mut conn, company.id, invoice.id, resumed_at).await.unwrap();
    drop(conn);
    let resumed = company.plan(invoice.id, resumed_at).await;
    let task = company.checkin(invoice.id).await;
    assert_eq!(company.gathers_at(&task).await, Some(resumed_at), "it is long overdue");
    assert_eq!(
        resumed.awaited_answer,
        Some(AwaitedAnswer { from: resumed_at, until: resumed_at + DAY }),
        "reminders wait from now on, not from when it should have left"
    );
}

#[tokio::test]
async fn the_organizations_pause_and_the_clients_count_too() {
    let company = Company::new().await;
    let invoice = company.planned_invoice(date!(2026 - 11 - 25), TUESDAY).await;
    let mut conn = company.conn().await;
    pause_organization(&mut conn, company.id, Some(date!(2026 - 12 - 02)), TUESDAY).await.unwrap();
    let zone = company.organization().await.time_zone;
    let client_pause = Pause::starting(TUESDAY, Some(date!(2026 - 12 - 09)), zone).unwrap();
    rubis_invoices::set_client_pause(&mut conn, company.id, invoice.client_id, client_pause, TUESDAY)
        .await
        .unwrap();
    drop(conn);
    company.plan(invoice.id, TUESDAY).await;
    assert_eq!(company.checkin(invoice.id).await.send_at, datetime!(2026-12-09 08:00 UTC), "the longest");
    let mut conn = company.conn().await;
    rubis_invoices::clear_client_pause(&mut conn, company.id, invoice.client_id, TUESDAY).await.unwrap();
    resume_organization(&mut conn, company.id, TUESDAY).await.unwrap();
    drop(conn);
    company.plan(invoice.id, TUESDAY).await;
    assert_eq!(company.checkin(invoice.id).await.send_at, datetime!(2026-11-25 08:00 UTC));
}

#[tokio::test]
async fn an_organization_that_is_not_to_be_asked_loses_what_is_planned_and_gets_it_back() {
    let company = Company::new().await;
    let invoice = company.planned_invoice(date!(2026 - 12 - 01), TUESDAY).await;
    let switch = async |enabled: bool| {
        let checkins = CheckinPolicyInput { enabled: Some(enabled), ..CheckinPolicyInput::default() };
        company.checkin_settings(checkins, TUESDAY).await;
        company.plan(invoice.id, TUESDAY).await
    };
    let off = switch(false).await;
    let tasks = company.checkins(invoice.id).await;
    assert_eq!(
        (tasks[0].status, tasks[0].reason.as_deref()),
        (CheckinStatus::Cancelled, Some("checkins_off"))
    );
    assert_eq!(company.gathers_at(&tasks[0]).await, None);
    assert_eq!(off.awaited_answer, None);
    let on = switch(true).await;
    assert_eq!(company.checkin(invoice.id).await.status, CheckinStatus::Scheduled);
    assert!(on.awaited_answer.is_some());
}

#[tokio::test]
async fn invoices_that_are_paid_cancelled_or_disputed_are_not_asked_about() {
    let company = Company::new().await;
    for (transition, reason) in [
        (None, "invoice_paid"),
        (Some(Transition::Cancelled), "invoice_cancelled"),
        (Some(Transition::Disputed), "invoice_disputed"),
    ] {
        let invoice = company.planned_invoice(date!(2026 - 12 - 01), TUESDAY).await;
        match transition {
            None => company.pay(invoice.id, TUESDAY).await,
            Some(transition) => {
                let moved = async |conn: &mut rubis_db::AsyncPgConnection,
                                   invoice: &mut rubis_invoices::Invoice| {
                    rubis_invoices::transition(conn, invoice, transition, TUESDAY).await.unwrap();
                    Ok(())
                };
                company.change(invoice.id, moved).await;
            }
        }
        let planned = company.plan(invoice.id, TUESDAY).await;
        let tasks = company.checkins(invoice.id).await;
        assert_eq!((tasks[0].status, tasks[0].reason.as_deref()), (CheckinStatus::Cancelled, Some(reason)));
        assert_eq!(planned.awaited_answer, None);
        assert_eq!(tasks.len(), 1);
    }
}

#[tokio::test]
async fn how_long_reminders_wait_is_the_organizations_choice() {
    let company = Company::new().await;
    let invoice = company.planned_invoice(date!(2026 - 12 - 01), TUESDAY).await;
    let leaves: OffsetDateTime = datetime!(2026-12-01 08:00 UTC);
    let waits = |until| Some(AwaitedAnswer { from: leaves, until });
    let choose = async |grace_hours: Option<i64>, days: Option<Option<i64>>| {
        let checkins = CheckinPolicyInput { enabled: None, grace_hours, wait_for_answer_days: days };
        company.checkin_settings(checkins, TUESDAY).await;
        company.plan(invoice.id, TUESDAY).await.awaited_answer
    };
    assert_eq!(choose(Some(0), None).await, None);
    assert_eq!(choose(Some(5), None).await, waits(leaves + Duration::hours(5)));
    assert_eq!(choose(None, Some(Some(10))).await, waits(leaves + DAY * 10));
    assert_eq!(choose(None, Some(None)).await, waits(leaves + Duration::hours(5)));
}
