//! All check-ins of an organization for one morning go into one mail.

use rubis_accounts::{CheckinPolicyInput, Pause, pause_organization};
use rubis_checkins::{CheckinStatus, GatherCheckins, Gathered, MAX_OF_MAIL, gather, siblings};
use rubis_invoices::{Invoice, Reason, Transition};
use time::{
    Duration,
    macros::{date, datetime},
};

use crate::company::{Company, TUESDAY};

/// Number of connections in a test database's pool.
const WORKERS_AT_ONCE: usize = 8;

/// Creates invoices due on Tuesday, planned the week before.
async fn due_on_tuesday(company: &Company, count: usize) -> Vec<Invoice> {
    let mut invoices = Vec::new();
    for _ in 0..count {
        invoices.push(company.planned_invoice(date!(2026 - 11 - 24), TUESDAY - Duration::WEEK).await);
    }
    invoices
}

/// Runs the jobs of all these invoices' check-ins at once, each in its own worker. The last ones start first: the
/// first mail has no room for them after the earliest ones.
async fn gather_all_at_once(company: &Company, invoices: &[Invoice]) -> Vec<Gathered> {
    let mut workers = Vec::new();
    for invoice in invoices {
        let task = company.checkin(invoice.id).await;
        let job = GatherCheckins { organization_id: company.id, task_id: task.id };
        let lease = company.lease(&job, TUESDAY).await.unwrap();
        let pool = company.database.pool.clone();
        workers.push(async move {
            let mut conn = pool.get().await.unwrap();
            gather(&mut conn, &job, &lease, TUESDAY).await.unwrap()
        });
    }
    // Opened beforehand, so that the first worker is not done before the second is connected.
    let mut connections = Vec::new();
    for _ in 0..WORKERS_AT_ONCE {
        connections.push(company.conn().await);
    }
    drop(connections);
    let running: Vec<_> = workers.into_iter().rev().map(tokio::spawn).collect();
    let mut gathered = Vec::new();
    for worker in running {
        gathered.push(worker.await.unwrap());
    }
    gathered
}

#[tokio::test]
async fn several_due_at_once_make_one_mail_however_many_workers_gather_them() {
    let company = Company::new().await;
    let invoices = due_on_tuesday(&company, 6).await;
    let gathered = gather_all_at_once(&company, &invoices).await;
    let made: Vec<_> = gathered.iter().filter(|gathered| matches!(gathered, Gathered::Mail(..))).collect();
    let [Gathered::Mail(mail, count)] = made.as_slice() else { panic!("{gathered:?}") };
    assert_eq!(*count, 6);
    assert_eq!(gathered.iter().filter(|gathered| **gathered == Gathered::AlreadyDone).count(), 5);
    assert_eq!(siblings(&mut *company.conn().await, company.id, *mail).await.unwrap().len(), 6);
    for invoice in &invoices {
        let task = company.checkin(invoice.id).await;
        assert_eq!(task.mail_id, Some(*mail));
        assert_eq!(company.gathers_at(&task).await, None, "no job is left over");
    }
}

#[tokio::test]
async fn more_than_one_mail_holds_make_two_mails_however_many_workers_gather_them() {
    let company = Company::new().await;
    let invoices = due_on_tuesday(&company, MAX_OF_MAIL + 8).await;
    let gathered = gather_all_at_once(&company, &invoices).await;
    let mut counts: Vec<usize> = gathered
        .iter()
        .filter_map(|gathered| match gathered {
            Gathered::Mail(_, count) => Some(*count),
            _ => None,
        })
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, [8, MAX_OF_MAIL]);
}

#[tokio::test]
async fn the_siblings_jobs_need_not_run_any_more() {
    let company = Company::new().await;
    let invoices = due_on_tuesday(&company, 3).await;
    let later = company.planned_invoice(date!(2026 - 11 - 25), TUESDAY).await;
    let first = company.checkin(invoices[0].id).await;
    assert!(matches!(company.gather(&first, TUESDAY).await, Some(Gathered::Mail(_, 3))));
    for invoice in &invoices {
        assert_eq!(company.gather(&company.checkin(invoice.id).await, TUESDAY).await, None);
    }
    let not_due = company.checkin(later.id).await;
    assert_eq!(not_due.mail_id, None);
    assert_eq!(company.gathers_at(&not_due).await, Some(datetime!(2026-11-25 08:00 UTC)));
}

#[tokio::test]
async fn more_than_one_mail_holds_make_several_mails_and_none_is_forgotten_whichever_job_runs_first() {
    let company = Company::new().await;
    let invoices = due_on_tuesday(&company, MAX_OF_MAIL + 3).await;
    // Starts with the last one: it is not among the earliest of one mail.
    let last = company.checkin(invoices[MAX_OF_MAIL + 2].id).await;
    assert!(matches!(company.gather(&last, TUESDAY).await, Some(Gathered::Mail(_, MAX_OF_MAIL))));
    assert!(company.checkin(invoices[MAX_OF_MAIL + 2].id).await.mail_id.is_some());
    let mut mails = Vec::new();
    for invoice in &invoices {
        if let Some(gathered) = company.gather(&company.checkin(invoice.id).await, TUESDAY).await {
            mails.push(gathered);
        }
        let task = company.checkin(invoice.id).await;
        assert!(task.mail_id.is_some() || company.gathers_at(&task).await.is_some());
    }
    assert!(matches!(mails.as_slice(), [Gathered::Mail(_, 3)]), "{mails:?}");
}

#[tokio::test]
async fn what_is_settled_or_disputed_meanwhile_is_left_out_and_called_off() {
    let company = Company::new().await;
    let invoices = due_on_tuesday(&company, 3).await;
    company.pay(invoices[1].id, TUESDAY).await;
    company
        .change(invoices[2].id, async |conn, invoice| {
            rubis_invoices::transition(conn, invoice, Transition::Disputed, TUESDAY).await.unwrap();
            Ok(())
        })
        .await;
    let first = company.checkin(invoices[0].id).await;
    assert!(matches!(company.gather(&first, TUESDAY).await, Some(Gathered::Mail(_, 1))));
    for (invoice, reason) in [(&invoices[1], "invoice_paid"), (&invoices[2], "invoice_disputed")] {
        let tasks = company.checkins(invoice.id).await;
        assert_eq!((tasks[0].status, tasks[0].reason.as_deref()), (CheckinStatus::Cancelled, Some(reason)));
        assert_eq!(company.gathers_at(&tasks[0]).await, None);
        assert_eq!(company.invoice(invoice.id).await.awaited_answer, None);
    }
}

#[tokio::test]
async fn a_check_in_whose_own_invoice_is_settled_makes_no_mail_of_the_others() {
    let company = Company::new().await;
    let invoices = due_on_tuesday(&company, 2).await;
    company.pay(invoices[0].id, TUESDAY).await;
    let own = company.checkin(invoices[0].id).await;
    assert_eq!(company.gather(&own, TUESDAY).await, Some(Gathered::Cancelled(Reason::InvoicePaid)));
    let other = company.checkin(invoices[1].id).await;
    assert_eq!((other.mail_id, other.status), (None, CheckinStatus::Scheduled));
    assert!(matches!(company.gather(&other, TUESDAY).await, Some(Gathered::Mail(_, 1))));
}

#[tokio::test]
async fn an_organization_that_is_not_to_be_asked_any_more_is_not() {
    let company = Company::new().await;
    let invoices = due_on_tuesday(&company, 1).await;
    let off = CheckinPolicyInput { enabled: Some(false), ..CheckinPolicyInput::default() };
    company.checkin_settings(off, TUESDAY).await;
    let task = company.checkin(invoices[0].id).await;
    assert_eq!(company.gather(&task, TUESDAY).await, Some(Gathered::Cancelled(Reason::CheckinsOff)));
}

#[tokio::test]
async fn what_is_paused_waits_for_its_end_and_does_not_hold_up_the_others() {
    let company = Company::new().await;
    let invoices = due_on_tuesday(&company, 3).await;
    let zone = company.organization().await.time_zone;
    let mut conn = company.conn().await;
    // Paused just before nine, and not planned again since.
    for (invoice, until) in [(&invoices[0], Some(date!(2026 - 12 - 01))), (&invoices[1], None)] {
        let pause = Pause::starting(TUESDAY, until, zone).unwrap();
        rubis_invoices::set_invoice_pause(&mut conn, company.id, invoice.id, pause, TUESDAY).await.unwrap();
    }
    drop(conn);
    let tasks = [
        company.checkin(invoices[0].id).await,
        company.checkin(invoices[1].id).await,
        company.checkin(invoices[2].id).await,
    ];
    assert!(matches!(company.gather(&tasks[2], TUESDAY).await, Some(Gathered::Mail(_, 1))));
    assert_eq!(company.gather(&tasks[0], TUESDAY).await, Some(Gathered::Paused));
    assert_eq!(company.gather(&tasks[1], TUESDAY).await, Some(Gathered::Paused));

    let moved = company.checkin(invoices[0].id).await;
    assert_eq!(moved.send_at, datetime!(2026-12-01 08:00 UTC));
    assert_eq!(company.gathers_at(&moved).await, Some(moved.send_at));
    let held = company.checkin(invoices[1].id).await;
    assert_eq!((held.id, held.status), (tasks[1].id, CheckinStatus::Scheduled));
    assert_eq!(company.gathers_at(&held).await, None);
}

#[tokio::test]
async fn many_that_are_held_back_do_not_hide_the_others() {
    let company = Company::new().await;
    let held = due_on_tuesday(&company, 205).await;
    let zone = company.organization().await.time_zone;
    let pause = Pause::starting(TUESDAY, None, zone).unwrap();
    let mut conn = company.conn().await;
    rubis_invoices::set_client_pause(&mut conn, company.id, held[0].client_id, pause, TUESDAY).await.unwrap();
    drop(conn);
    let mut others = Vec::new();
    for client in ["Garage Petit", "Ferme Grand"] {
        let invoice = company.invoice_to(client, date!(2026 - 11 - 24)).await;
        others.push(company.plan(invoice.id, TUESDAY - Duration::HOUR).await);
    }
    let last = company.checkin(others[1].id).await;
    assert!(matches!(company.gather(&last, TUESDAY).await, Some(Gathered::Mail(_, 2))));
}

#[tokio::test]
async fn a_pause_of_the_whole_organization_holds_everything_back() {
    let company = Company::new().await;
    let invoices = due_on_tuesday(&company, 1).await;
    let mut conn = company.conn().await;
    pause_organization(&mut conn, company.id, None, TUESDAY).await.unwrap();
    drop(conn);
    let task = company.checkin(invoices[0].id).await;
    assert_eq!(company.gather(&task, TUESDAY).await, Some(Gathered::Paused));
}

#[tokio::test]
async fn a_job_that_outlived_a_change_of_its_date_waits_for_the_new_one() {
    let company = Company::new().await;
    let invoice = company.planned_invoice(date!(2026 - 12 - 01), TUESDAY).await;
    let task = company.checkin(invoice.id).await;
    let job = GatherCheckins { organization_id: company.id, task_id: task.id };
    rubis_jobs::enqueue(&mut *company.conn().await, &job, TUESDAY, TUESDAY).await.unwrap();
    assert_eq!(company.gather(&task, TUESDAY).await, Some(Gathered::NotYetDue));
    assert_eq!(company.gathers_at(&task).await, Some(task.send_at));
}

#[tokio::test]
async fn a_neighbours_check_ins_are_not_gathered() {
    let company = Company::new().await;
    let neighbour = company.neighbour().await;
    let invoices = due_on_tuesday(&company, 1).await;
    let task = company.checkin(invoices[0].id).await;
    let job = GatherCheckins { organization_id: neighbour, task_id: task.id };
    rubis_jobs::enqueue(&mut *company.conn().await, &job, TUESDAY, TUESDAY).await.unwrap();
    let lease = company.lease(&job, TUESDAY).await.unwrap();
    let gathered = gather(&mut *company.conn().await, &job, &lease, TUESDAY).await.unwrap();
    assert_eq!(gathered, Gathered::AlreadyDone);
    assert_eq!(company.checkin(invoices[0].id).await.mail_id, None);
}
