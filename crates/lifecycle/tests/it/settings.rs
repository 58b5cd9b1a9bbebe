//! What an organization sets decides when its reminders leave, those planned before included.

use rubis_accounts::OrganizationInput;
use rubis_relances::{PlanInput, RelanceStatus, StepInput, Tone};
use rubis_testkit::Chain;
use time::{
    Duration, OffsetDateTime,
    macros::{date, datetime},
};

const TUESDAY: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);
const IN_A_MINUTE: OffsetDateTime = datetime!(2026-11-24 09:01 UTC);

#[tokio::test]
async fn another_sending_time_and_time_zone_move_what_is_planned() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    chain.set(OrganizationInput { sending_time: Some("07:30".to_owned()), ..Default::default() }).await;
    assert_eq!(chain.planned(invoice.id).await.first(), Some(&datetime!(2026-12-04 06:30 UTC)));
    chain.set(OrganizationInput { time_zone: Some("Indian/Reunion".to_owned()), ..Default::default() }).await;
    assert_eq!(chain.planned(invoice.id).await.first(), Some(&datetime!(2026-12-04 03:30 UTC)));
}

#[tokio::test]
async fn weekends_count_once_business_days_are_turned_off() {
    let chain = Chain::start_at(TUESDAY).await;
    // Three days later is a Saturday.
    let invoice = chain.invoice_due(date!(2026 - 12 - 02)).await;
    assert_eq!(chain.planned(invoice.id).await.first(), Some(&datetime!(2026-12-07 08:00 UTC)));
    chain.set(OrganizationInput { business_days_only: Some(false), ..Default::default() }).await;
    assert_eq!(chain.planned(invoice.id).await.first(), Some(&datetime!(2026-12-05 08:00 UTC)));
}

#[tokio::test]
async fn skipped_steps_are_reported_and_planning_again_does_not_bring_them_back() {
    let chain = Chain::start_at(TUESDAY).await;
    chain.set(OrganizationInput { catch_up_policy: Some("skip".to_owned()), ..Default::default() }).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 12)).await;
    let told = |task: &rubis_relances::ListedRelance| (task.status, task.reason.clone());
    let relances = chain.relances(invoice.id).await;
    assert_eq!(
        told(&relances[0]),
        (RelanceStatus::Cancelled, Some("skipped_by_catch_up".to_owned())),
        "the timeline says why the first step did not leave"
    );
    assert_eq!(relances[1].send_at, IN_A_MINUTE);
    chain.worker.run_until(TUESDAY + Duration::hours(1)).await;
    chain.plan_again().await;
    chain.worker.run_until(TUESDAY + Duration::hours(2)).await;
    assert_eq!(chain.worker.mailer.outbox().len(), 1);
    assert_eq!(chain.relances(invoice.id).await.len(), 4);
}

#[tokio::test]
async fn with_immediate_one_missed_step_is_sent_in_a_minute_and_one_more_each_business_day() {
    let chain = Chain::start_at(TUESDAY).await;
    chain
        .set(OrganizationInput { catch_up_policy: Some("immediate".to_owned()), ..Default::default() })
        .await;
    let invoice = chain.invoice_due(date!(2026 - 10 - 20)).await;
    let planned = [IN_A_MINUTE, datetime!(2026-11-25 08:00 UTC), datetime!(2026-11-26 08:00 UTC)];
    assert_eq!(chain.planned(invoice.id).await[..3], planned);
    for (sent, at) in planned.into_iter().enumerate() {
        chain.worker.run_until(at - Duration::seconds(1)).await;
        assert_eq!(chain.worker.mailer.outbox().len(), sent);
        chain.worker.run_until(at).await;
    }
    let offsets = chain.relances(invoice.id).await.into_iter().filter(|task| task.sent_at.is_some());
    assert_eq!(offsets.count(), 3, "none is lost");
    assert_eq!(
        subjects(&chain),
        [
            "Votre facture F-2026-001",
            "Facture F-2026-001\u{a0}: en attente de règlement",
            "Facture F-2026-001\u{a0}: 37\u{a0}jours de retard"
        ]
    );
}

fn subjects(chain: &Chain) -> Vec<String> {
    chain.worker.mailer.outbox().into_iter().map(|mail| mail.subject).collect()
}

/// A plan with steps of these offsets.
async fn plan_of(chain: &Chain, offsets: &[i32]) -> rubis_kernel::PlanId {
    let step = |offset_days: &i32| StepInput {
        id: None,
        offset_days: *offset_days,
        tone: Tone::Ferme,
        subject: format!("J{offset_days}"),
        body: "Il reste {{balance}}.".to_owned(),
        requires_manual_validation: None,
    };
    let steps = offsets.iter().map(step).collect();
    let input = PlanInput { name: "Autre".to_owned(), is_default: true, steps };
    let (organization, now) = (chain.organization, chain.now());
    let mut conn = chain.conn().await;
    rubis_relances::create_plan(&mut conn, organization, input.try_into().unwrap(), now).await.unwrap().id
}

#[tokio::test]
async fn a_missed_step_before_the_due_date_has_its_reason_in_the_timeline_and_delays_nothing() {
    let chain = Chain::start_at(TUESDAY).await;
    plan_of(&chain, &[-7, -1, 3]).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 27)).await;
    let planned = [datetime!(2026-11-26 08:00 UTC), datetime!(2026-11-30 08:00 UTC)];
    assert_eq!(chain.planned(invoice.id).await, planned);
    chain.plan_again().await;
    let skipped: Vec<_> =
        chain.relances(invoice.id).await.into_iter().filter_map(|task| task.reason).collect();
    assert_eq!(skipped, ["day_passed"], "it is recorded once");
    chain.worker.run_until(datetime!(2026-12-31 08:00 UTC)).await;
    assert_eq!(subjects(&chain), ["J-1", "J3"]);
}

#[tokio::test]
async fn steps_that_a_weekend_brings_together_are_sent_on_two_days() {
    let chain = Chain::start_at(TUESDAY).await;
    plan_of(&chain, &[1, 3, 10]).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 27)).await;
    chain.worker.run_until(datetime!(2026-11-30 20:00 UTC)).await;
    assert_eq!(subjects(&chain), ["J1"]);
    chain.plan_again().await;
    let planned = [datetime!(2026-12-01 08:00 UTC), datetime!(2026-12-07 08:00 UTC)];
    assert_eq!(chain.planned(invoice.id).await, planned, "and the third is not delayed");
    chain.worker.run_until(datetime!(2026-12-31 20:00 UTC)).await;
    assert_eq!(subjects(&chain), ["J1", "J3", "J10"]);
}

/// The kinds of the organization's last events, the latest first.
async fn feed(chain: &Chain) -> Vec<String> {
    let mut conn = chain.conn().await;
    let page = rubis_accounts::feed(&mut conn, chain.organization, None, 200).await.unwrap();
    page.items.into_iter().map(|event| event.kind).collect()
}

#[tokio::test]
async fn a_settings_change_is_one_event_and_gives_reminders_and_check_ins_other_dates_in_place() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let mut invoices = Vec::new();
    for _ in 0..5 {
        invoices.push(chain.invoice_due(date!(2026 - 12 - 01)).await.id);
    }
    let rows = async || {
        let (mut relances, mut checkins) = (Vec::new(), Vec::new());
        for invoice in &invoices {
            relances.extend(chain.relances(*invoice).await.into_iter().map(|task| (task.id, task.send_at)));
            checkins.extend(chain.checkins(*invoice).await.into_iter().map(|task| (task.id, task.send_at)));
        }
        (relances, checkins)
    };
    let (relances, checkins) = rows().await;
    let events = feed(&chain).await.len();

    chain.set(OrganizationInput { sending_time: Some("10:15".to_owned()), ..Default::default() }).await;

    let later = Duration::minutes(75);
    let (moved_relances, moved_checkins) = rows().await;
    let expected: Vec<_> = relances.into_iter().map(|(id, at)| (id, at + later)).collect();
    assert_eq!(moved_relances, expected, "rows and ids stay");
    let expected: Vec<_> = checkins.into_iter().map(|(id, at)| (id, at + later)).collect();
    assert_eq!(moved_checkins, expected);
    let after = feed(&chain).await;
    assert_eq!((after.len() - events, after[0].as_str()), (1, "settings_changed"), "{after:?}");
    // The jobs moved along.
    chain.worker.run_until(datetime!(2026-12-01 09:14 UTC)).await;
    assert!(chain.worker.mailer.outbox().is_empty());
    chain.worker.run_until(datetime!(2026-12-01 09:15 UTC)).await;
    assert_eq!(chain.checkin_mails().len(), 1);
    chain.worker.run_until(datetime!(2026-12-04 09:15 UTC)).await;
    assert_eq!(chain.reminders().len(), 5);
    // Control: a change that no date depends on is none of the feed's.
    let events = feed(&chain).await.len();
    chain.set(OrganizationInput { name: Some("Vasseur & Fils".to_owned()), ..Default::default() }).await;
    assert_eq!(feed(&chain).await.len(), events);
}

#[tokio::test]
async fn what_a_user_resumes_on_a_weekend_is_sent_at_once_and_what_ends_on_its_own_waits_for_monday() {
    let saturday = datetime!(2026-12-05 20:00 UTC);
    for by_client in [true, false] {
        let chain = Chain::start_at(TUESDAY).await;
        let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
        let (organization, client, owner) = (chain.organization, invoice.client_id, Some(chain.owner));
        let mut conn = chain.conn().await;
        if by_client {
            rubis_lifecycle::pause_client(&mut conn, organization, client, None, owner, TUESDAY)
                .await
                .unwrap();
        } else {
            rubis_lifecycle::pause_organization(&mut conn, organization, None, owner, TUESDAY).await.unwrap();
        }
        chain.worker.run_until(saturday).await;
        // A change of settings in the meantime does not send anything at night.
        chain.set(OrganizationInput { sending_time: Some("08:00".to_owned()), ..Default::default() }).await;
        assert_eq!(chain.planned(invoice.id).await.first(), Some(&datetime!(2026-12-07 07:00 UTC)));
        if by_client {
            rubis_lifecycle::resume_client(&mut conn, organization, client, owner, saturday).await.unwrap();
        } else {
            rubis_lifecycle::resume_organization(&mut conn, organization, owner, saturday).await.unwrap();
        }
        chain.worker.run_until(saturday + Duration::minutes(2)).await;
        assert_eq!(chain.reminders().len(), 1);
    }
}

#[tokio::test]
async fn planning_the_same_again_and_again_changes_nothing() {
    let chain = Chain::start_at(TUESDAY).await;
    let late = chain.invoice_due(date!(2026 - 11 - 12)).await;
    let on_time = chain.invoice_due(date!(2026 - 12 - 01)).await;
    let before = (chain.relances(late.id).await, chain.relances(on_time.id).await);
    for seconds in [1, 20, 40] {
        chain.clock.set(TUESDAY + Duration::seconds(seconds));
        chain.plan_again().await;
    }
    assert_eq!((chain.relances(late.id).await, chain.relances(on_time.id).await), before);
    let planned = chain.events(late.id).await.into_iter().filter(|kind| kind == "relances_planned").count();
    assert_eq!(planned, 1, "and nobody is told of what did not happen");
}

#[tokio::test]
async fn another_plan_takes_over_where_the_first_one_stopped() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    chain.worker.run_until(datetime!(2026-12-11 12:00 UTC)).await;
    let step = |offset_days| StepInput {
        id: None,
        offset_days,
        tone: Tone::Ferme,
        subject: "Rappel {{numero}}".to_owned(),
        body: "Il reste {{balance}}.".to_owned(),
        requires_manual_validation: None,
    };
    let input =
        PlanInput { name: "Direct".to_owned(), is_default: false, steps: [2, 8, 15, 25].map(step).to_vec() };
    let plan = rubis_relances::create_plan(
        &mut *chain.conn().await,
        chain.organization,
        input.try_into().unwrap(),
        chain.now(),
    )
    .await
    .unwrap();
    let correction = rubis_invoices::InvoiceInput { plan_id: Some(Some(plan.id)), ..Default::default() };
    chain.correct(invoice.id, correction).await;
    assert_eq!(
        chain.planned(invoice.id).await,
        [datetime!(2026-12-16 08:00 UTC), datetime!(2026-12-28 08:00 UTC)],
        "a reminder of ten days has left: those of two and of eight days are over"
    );
}

#[tokio::test]
async fn an_invoice_without_a_plan_is_not_chased() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    let correction = rubis_invoices::InvoiceInput { plan_id: Some(None), ..Default::default() };
    chain.correct(invoice.id, correction).await;
    assert!(chain.planned(invoice.id).await.is_empty());
    chain.worker.run_until(datetime!(2027-02-01 12:00 UTC)).await;
    assert!(chain.worker.mailer.outbox().is_empty());
}

#[tokio::test]
async fn the_timeline_says_what_leaves_when_what_left_and_why_the_rest_does_not() {
    use rubis_lifecycle::WhyNot;
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    chain.worker.run_until(datetime!(2026-12-04 12:00 UTC)).await;
    let timeline = async || {
        rubis_lifecycle::timeline(&mut *chain.conn().await, chain.organization, invoice.id, chain.now())
            .await
            .unwrap()
            .unwrap()
    };
    let why = async || -> Vec<Option<WhyNot>> {
        timeline().await.relances.into_iter().map(|relance| relance.why_not).collect()
    };
    assert_eq!(why().await, [None, None, None, None], "one has left, three wait for their dates");
    rubis_lifecycle::pause_invoice(
        &mut *chain.conn().await,
        chain.organization,
        invoice.id,
        None,
        None,
        chain.now(),
    )
    .await
    .unwrap();
    let paused = Some(WhyNot::Paused(None));
    assert_eq!(why().await, [None, paused.clone(), paused.clone(), paused]);
    chain.pay(invoice.id, None).await;
    let ended = Some(WhyNot::Ended("invoice_paid".to_owned()));
    assert_eq!(why().await, [None, ended.clone(), ended.clone(), ended]);
    let stranger = rubis_kernel::OrganizationId::new();
    let foreign =
        rubis_lifecycle::timeline(&mut *chain.conn().await, stranger, invoice.id, chain.now()).await.unwrap();
    assert!(foreign.is_none());
}
