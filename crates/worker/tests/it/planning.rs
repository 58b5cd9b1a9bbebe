//! Changes of the rules plan invoices again in the background, without delaying anybody else's reminders.

use std::sync::Arc;

use diesel::{QueryableByName, prelude::*, sql_types::BigInt};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use rubis_accounts::{NewAccount, NewAccountInput, OrganizationInput, OrganizationPatch, PasswordHash};
use rubis_db::schema::{jobs, planning_requests};
use rubis_invoices::{InvoiceScope, InvoicedClient, NamedClient, NewInvoice};
use rubis_jobs::{Job as _, Queue};
use rubis_kernel::{ClientId, Currency, InvoiceId, Money, OrganizationId};
use rubis_lifecycle::{MAX_SCOPES, PlanAgain, PlanChoice};
use rubis_queue::{QueueRunner, QueueSettings};
use rubis_testkit::{Chain, handler_parts, no_limits, turn_checkins_off};
use rubis_worker::handlers;
use time::{
    Date, Duration, OffsetDateTime,
    macros::{date, datetime},
};

const TUESDAY: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);
/// More than two pages.
const MANY: u32 = 230;

/// A company of its own beside the chain's.
async fn another_company(chain: &Chain) -> OrganizationId {
    let input = NewAccountInput {
        email: "paul@garage-lopez.example".to_owned(),
        password: "un autre mot de passe solide".to_owned(),
        full_name: "Paul Lopez".to_owned(),
        organization_name: "Garage Lopez".to_owned(),
    };
    let account = NewAccount::parse(&input).unwrap();
    let hash = PasswordHash::hash(&account.password).unwrap();
    let mut conn = chain.conn().await;
    let signed_up =
        rubis_lifecycle::sign_up(&mut conn, &account, &hash, &rubis_testkit::account_keys(), chain.now())
            .await
            .unwrap();
    rubis_lifecycle::mark_address_verified(&mut conn, signed_up.user.id, chain.now()).await.unwrap();
    turn_checkins_off(&mut conn, signed_up.organization.id, chain.now()).await;
    signed_up.organization.id
}

async fn invoice_of(chain: &Chain, organization: OrganizationId, numero: &str, due_date: Date) -> InvoiceId {
    let new = NewInvoice {
        client: InvoicedClient::Named(NamedClient {
            kind: rubis_invoices::ClientKind::Person,
            name: "Boulangerie Martin".to_owned(),
            email: "compta@boulangerie-martin.example".parse().unwrap(),
            create_new: false,
        }),
        numero: numero.to_owned(),
        amount: Money::new(120_000, Currency::EUR),
        issue_date: due_date - Duration::days(30),
        due_date,
        lines: Vec::new(),
    };
    let mut conn = chain.conn().await;
    rubis_lifecycle::create_invoice(
        &mut conn,
        organization,
        &new,
        PlanChoice::Default,
        None,
        &no_limits(),
        chain.now(),
    )
    .await
    .unwrap()
    .invoice
    .id
}

async fn many_invoices(chain: &Chain) -> Vec<InvoiceId> {
    let mut ids = Vec::new();
    for _ in 0..MANY {
        ids.push(chain.invoice_due(date!(2026 - 12 - 01)).await.id);
    }
    ids
}

async fn set_sending_time(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    at: &str,
    now: OffsetDateTime,
) {
    let input = OrganizationInput { sending_time: Some(at.to_owned()), ..Default::default() };
    let patch = OrganizationPatch::parse(input).unwrap();
    rubis_lifecycle::update_organization(conn, organization, patch, None, now).await.unwrap();
}

/// A replica that serves one queue, this many jobs at a time.
fn runner(chain: &Chain, queue: Queue, concurrency: u32) -> QueueRunner {
    let settings =
        QueueSettings { prefix: chain.redis.prefix.clone(), concurrency, ..QueueSettings::default() };
    let handlers = handlers(handler_parts(chain.worker.mailer.clone()));
    QueueRunner::new(queue, settings, chain.database.pool.clone(), chain.redis.pool.clone(), handlers)
}

/// Runs what is due now, and counts the pages.
async fn pages(planning: &QueueRunner, now: OffsetDateTime) -> u64 {
    let mut pages = 0;
    while let Some(batch) = planning.run_batch(now).await.unwrap() {
        pages += batch.done;
    }
    pages
}

async fn planning_jobs(chain: &Chain) -> Vec<String> {
    let kind = format!("{}:%", PlanAgain::KIND);
    let mut conn = chain.conn().await;
    jobs::table.filter(jobs::id.like(kind)).order(jobs::id).select(jobs::id).load(&mut conn).await.unwrap()
}

async fn requests(chain: &Chain) -> i64 {
    planning_requests::table.count().get_result(&mut *chain.conn().await).await.unwrap()
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// The number of reminders of the chain's company that are planned for this time of day in Paris.
async fn planned_at(chain: &Chain, time: &str) -> i64 {
    let sql =
        "SELECT count(*) AS count FROM relance_tasks WHERE organization_id = $1 AND status = 'scheduled'
               AND (send_at AT TIME ZONE 'Europe/Paris')::time = $2::time";
    let found: Count = diesel::sql_query(sql)
        .bind::<diesel::sql_types::Uuid, _>(chain.organization.as_uuid())
        .bind::<diesel::sql_types::Text, _>(time)
        .get_result(&mut *chain.conn().await)
        .await
        .unwrap();
    found.count
}

#[tokio::test]
async fn a_storm_of_changes_is_one_job_and_another_companys_reminder_leaves_in_its_turn() {
    let chain = Chain::start_at(TUESDAY).await;
    many_invoices(&chain).await;
    let other = another_company(&chain).await;
    let late = invoice_of(&chain, other, "G-1", date!(2026 - 11 - 20)).await;

    let mut conn = chain.conn().await;
    for at in ["07:30", "10:00", "11:15", "14:00", "16:45", "08:15"] {
        set_sending_time(&mut conn, chain.organization, at, chain.now()).await;
    }
    drop(conn);
    let expected = format!("plan-again:{}:all", chain.organization);
    assert_eq!(planning_jobs(&chain).await, std::slice::from_ref(&expected));

    // The reminder is due while the first of three pages is done.
    chain.clock.advance(Duration::minutes(1));
    let (planning, relances) = (runner(&chain, Queue::Planning, 1), runner(&chain, Queue::Relances, 1));
    planning.feed_once(chain.now()).await.unwrap();
    relances.feed_once(chain.now()).await.unwrap();
    planning.run_batch(chain.now()).await.unwrap().unwrap();
    assert_eq!(planned_at(&chain, "08:15").await, 400, "one page of a hundred invoices, four reminders each");
    assert_eq!(planning_jobs(&chain).await, [expected], "the job goes on");
    relances.run_batch(chain.now()).await.unwrap().unwrap();
    assert_eq!(chain.reminders().len(), 1);
    let sent = rubis_relances::relances_of_invoice(&mut *chain.conn().await, other, late).await.unwrap();
    assert_eq!(sent[0].sent_at, Some(TUESDAY + Duration::minutes(1)));

    chain.worker.run_due().await;
    assert_eq!(planned_at(&chain, "08:15").await, i64::from(MANY) * 4, "the last change wins for all");
    assert_eq!((planning_jobs(&chain).await.len(), requests(&chain).await), (0, 0));
}

#[tokio::test]
async fn companies_take_turns_page_by_page() {
    let chain = Chain::start_at(TUESDAY).await;
    many_invoices(&chain).await;
    let other = another_company(&chain).await;
    let theirs = invoice_of(&chain, other, "G-1", date!(2026 - 12 - 01)).await;
    let mut conn = chain.conn().await;
    set_sending_time(&mut conn, chain.organization, "08:15", chain.now()).await;
    set_sending_time(&mut conn, other, "10:00", chain.now()).await;
    drop(conn);
    chain.clock.advance(Duration::seconds(2));
    // One slot for both.
    let planning = runner(&chain, Queue::Planning, 1);
    planning.feed_once(chain.now()).await.unwrap();
    planning.run_batch(chain.now()).await.unwrap().unwrap();
    planning.run_batch(chain.now()).await.unwrap().unwrap();
    assert_eq!(planned_at(&chain, "08:15").await, 400, "the large company had one page");
    let planned = rubis_relances::relances_of_invoice(&mut *chain.conn().await, other, theirs).await.unwrap();
    assert_eq!(planned.last().unwrap().send_at.time(), time::macros::time!(09:00), "the small one is done");
    assert_eq!(planning_jobs(&chain).await.len(), 1);
}

#[tokio::test]
async fn changes_while_a_page_is_done_start_the_job_over_exactly_once() {
    let chain = Chain::start_at(TUESDAY).await;
    many_invoices(&chain).await;
    set_sending_time(&mut *chain.conn().await, chain.organization, "08:15", chain.now()).await;
    chain.clock.advance(Duration::seconds(2));
    let planning = runner(&chain, Queue::Planning, 1);
    planning.feed_once(chain.now()).await.unwrap();
    planning.run_batch(chain.now()).await.unwrap().unwrap();
    let mut conn = chain.conn().await;
    for at in ["16:45", "11:15", "10:00"] {
        set_sending_time(&mut conn, chain.organization, at, chain.now()).await;
    }
    drop(conn);
    assert_eq!(planning_jobs(&chain).await.len(), 1, "nothing piles up");
    assert_eq!(
        pages(&planning, chain.now()).await,
        2,
        "the pass comes to its end, and waits for the change to settle"
    );
    assert_eq!(planned_at(&chain, "08:15").await, 400, "what it had behind it is as it was");
    assert_eq!((planning_jobs(&chain).await.len(), requests(&chain).await), (1, 1));
    chain.clock.advance(Duration::seconds(2));
    assert_eq!(pages(&planning, chain.now()).await, 3, "one more pass for three changes");
    assert_eq!(planned_at(&chain, "10:00").await, i64::from(MANY) * 4);
    assert_eq!((planning_jobs(&chain).await.len(), requests(&chain).await), (0, 0));
}

#[tokio::test]
async fn a_worker_that_takes_over_continues_after_the_last_page() {
    let chain = Chain::start_at(TUESDAY).await;
    let ids = many_invoices(&chain).await;
    set_sending_time(&mut *chain.conn().await, chain.organization, "08:15", chain.now()).await;
    chain.clock.advance(Duration::seconds(2));
    let planning = runner(&chain, Queue::Planning, 1);
    planning.feed_once(chain.now()).await.unwrap();
    planning.run_batch(chain.now()).await.unwrap().unwrap();
    // A worker claims the second page and dies.
    let lease = std::time::Duration::from_secs(10);
    let mut conn = chain.conn().await;
    let lost = rubis_jobs::claim_due(&mut conn, Queue::Planning, 1, lease, Some(chain.now())).await.unwrap();
    assert_eq!(lost.len(), 1);
    let cursor: Option<uuid::Uuid> =
        planning_requests::table.select(planning_requests::after_invoice_id).first(&mut conn).await.unwrap();
    let mut sorted = ids.clone();
    sorted.sort();
    assert_eq!(cursor, Some(sorted[99].as_uuid()));
    drop(conn);
    chain.clock.advance(Duration::minutes(1));
    planning.feed_once(chain.now()).await.unwrap();
    assert_eq!(pages(&planning, chain.now()).await, 2, "the two that were left");
    assert_eq!(planned_at(&chain, "08:15").await, i64::from(MANY) * 4);
    // The one that died comes back, and can record nothing.
    let job = PlanAgain { organization_id: chain.organization, scope: InvoiceScope::All };
    let refused =
        rubis_lifecycle::run_planning_page(&mut *chain.conn().await, &job, &lost[0].lease, chain.now()).await;
    assert!(matches!(refused, Err(rubis_jobs::FinishError::LeaseLost)), "{refused:?}");
}

#[tokio::test]
async fn a_change_that_commits_while_the_last_page_is_recorded_is_not_missed() {
    let chain = Arc::new(Chain::start_at(TUESDAY).await);
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    set_sending_time(&mut *chain.conn().await, chain.organization, "08:15", chain.now()).await;
    chain.clock.advance(Duration::seconds(2));
    let planning = runner(&chain, Queue::Planning, 1);
    planning.feed_once(chain.now()).await.unwrap();
    let mut conn = chain.conn().await;
    let page = conn
        .transaction(async |conn| {
            set_sending_time(conn, chain.organization, "10:00", chain.now()).await;
            // It reads the settings of before and waits for this transaction, or begins after it.
            let (planning, now) = (planning.clone(), chain.now());
            Ok::<_, diesel::result::Error>(tokio::spawn(async move { planning.run_batch(now).await }))
        })
        .await
        .unwrap();
    page.await.unwrap().unwrap();
    drop(conn);
    assert_eq!(planning_jobs(&chain).await.len(), 1);
    chain.worker.run_until(chain.now() + Duration::seconds(2)).await;
    assert_eq!(chain.planned(invoice.id).await[0], datetime!(2026-12-04 09:00 UTC));
    assert_eq!((planning_jobs(&chain).await.len(), requests(&chain).await), (0, 0));
}

#[tokio::test]
async fn changes_that_never_cease_postpone_nothing_for_long() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    let before = chain.planned(invoice.id).await;
    for second in 0_u32..40 {
        let at = format!("{:02}:{:02}", 8 + second % 8, second);
        set_sending_time(&mut *chain.conn().await, chain.organization, &at, chain.now()).await;
        chain.worker.run_until(chain.now() + Duration::seconds(1)).await;
        assert_eq!(planning_jobs(&chain).await.len(), 1);
        if second < 25 {
            assert_eq!(chain.planned(invoice.id).await, before, "while they keep coming");
        }
    }
    assert_ne!(chain.planned(invoice.id).await, before, "after half a minute it does not wait for the last");
    chain.worker.run_until(chain.now() + Duration::seconds(2)).await;
    assert_eq!(
        chain.planned(invoice.id).await[0],
        datetime!(2026-12-04 14:39 UTC),
        "which counts in the end"
    );
    assert_eq!(requests(&chain).await, 0);
}

#[tokio::test]
async fn beyond_twenty_scopes_a_company_is_planned_as_a_whole() {
    let chain = Chain::start_at(TUESDAY).await;
    let mut clients: Vec<(ClientId, InvoiceId)> = Vec::new();
    for number in 0..30 {
        let (name, email) = (format!("Client {number}"), format!("compta@client-{number}.example"));
        let invoice = chain.invoice_to(&name, &email, date!(2026 - 12 - 01)).await;
        clients.push((invoice.client_id, invoice.id));
    }
    let until = Some(date!(2027 - 01 - 11));
    for (client, _) in &clients {
        for _ in 0..2 {
            let mut conn = chain.conn().await;
            rubis_lifecycle::pause_client(&mut conn, chain.organization, *client, until, None, chain.now())
                .await
                .unwrap();
        }
    }
    let waiting = planning_jobs(&chain).await;
    assert_eq!(i64::try_from(waiting.len()).unwrap(), MAX_SCOPES + 1);
    assert!(waiting.contains(&format!("plan-again:{}:all", chain.organization)));
    chain.worker.run_until(chain.now() + Duration::seconds(2)).await;
    for (_, invoice) in clients {
        assert!(chain.planned(invoice).await[0] >= datetime!(2027-01-11 00:00 UTC));
    }
    assert_eq!((planning_jobs(&chain).await.len(), requests(&chain).await), (0, 0));
}

#[tokio::test]
async fn a_job_of_the_release_before_is_done_as_one_of_this() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    set_sending_time(&mut *chain.conn().await, chain.organization, "08:15", chain.now()).await;
    let mut conn = chain.conn().await;
    diesel::delete(planning_requests::table).execute(&mut conn).await.unwrap();
    let change = "0193a1de-7c00-7000-8000-000000000001";
    let old = serde_json::json!({
        "organization_id": chain.organization, "scope": "all", "change_id": change,
    });
    diesel::update(jobs::table.filter(jobs::queue.eq("planning")))
        .set((
            jobs::id.eq(format!("plan-again:{}:{change}", chain.organization)),
            jobs::queue.eq("relances"),
            jobs::payload.eq(old),
        ))
        .execute(&mut conn)
        .await
        .unwrap();
    drop(conn);
    chain.worker.run_until(chain.now() + Duration::seconds(5)).await;
    assert_eq!(chain.planned(invoice.id).await[0], datetime!(2026-12-04 07:15 UTC));
    assert_eq!((planning_jobs(&chain).await.len(), requests(&chain).await), (0, 0));
}

#[tokio::test]
async fn the_next_change_revives_a_job_that_was_given_up_or_dropped() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    for (round, (at, hour)) in [("08:15", 7), ("09:15", 8)].into_iter().enumerate() {
        set_sending_time(&mut *chain.conn().await, chain.organization, "12:00", chain.now()).await;
        let mut conn = chain.conn().await;
        if round == 0 {
            let dead = "UPDATE jobs SET state = 'dead', attempts = 10 WHERE queue = 'planning'";
            diesel::sql_query(dead).execute(&mut conn).await.unwrap();
        } else {
            diesel::delete(jobs::table.filter(jobs::queue.eq("planning"))).execute(&mut conn).await.unwrap();
        }
        set_sending_time(&mut conn, chain.organization, at, chain.now()).await;
        drop(conn);
        chain.worker.run_until(chain.now() + Duration::seconds(2)).await;
        assert_eq!(chain.planned(invoice.id).await[0].time(), time::Time::from_hms(hour, 15, 0).unwrap());
        assert_eq!((planning_jobs(&chain).await.len(), requests(&chain).await), (0, 0));
    }
}
