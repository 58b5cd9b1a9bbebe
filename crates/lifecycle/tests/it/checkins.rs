//! The user answers whether an invoice was paid, once, and by a person's hand.

use std::sync::Arc;

use rubis_accounts::{NewAccount, NewAccountInput, PasswordHash};
use rubis_checkins::{
    CheckinAnswer, CheckinAnsweredBy, CheckinLink, CheckinRules, CheckinStatus, Opening, clicks_of,
};
use rubis_invoices::{Invoice, InvoiceStatus, NewPayment, Reason};
use rubis_lifecycle::{AnsweredBy, CheckinOutcome, CheckinState};
use rubis_relances::RelanceStatus;
use rubis_testkit::{BROWSER_HEADERS, Chain};
use serde_json::Value;
use time::{
    Duration, OffsetDateTime,
    macros::{date, datetime},
};

use CheckinAnswer::{Paid, StillPending};

/// A Tuesday at ten in Paris.
const TUESDAY: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);
const SENT_AT: OffsetDateTime = datetime!(2026-11-24 09:01 UTC);
const LATE: time::Date = date!(2026 - 11 - 20);

/// A company that was asked a moment ago about an invoice that is late, and the token it was asked with.
async fn asked() -> (Chain, Invoice, String) {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let invoice = chain.invoice_due(LATE).await;
    chain.worker.run_until(SENT_AT + Duration::seconds(30)).await;
    let token = chain.token(invoice.id).await;
    (chain, invoice, token)
}

/// The headers of a browser, with these besides.
fn browser(
    headers: impl IntoIterator<Item = (&'static str, &'static [u8])>,
) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    BROWSER_HEADERS.iter().map(|(name, value)| (*name, value.as_bytes())).chain(headers)
}

async fn rubis_of(chain: &Chain) -> i64 {
    let conn = chain.conn().await;
    let organization = rubis_accounts::organization(&conn, chain.organization).await.unwrap().unwrap();
    organization.rubis_count
}

/// The verdicts on the openings of an invoice's last check-in.
async fn verdicts(chain: &Chain, invoice: &Invoice) -> Vec<String> {
    let checkin = chain.checkins(invoice.id).await.pop().unwrap();
    let clicks = clicks_of(&mut *chain.conn().await, chain.organization, checkin.id).await.unwrap();
    clicks.into_iter().map(|click| click.verdict).collect()
}

#[tokio::test]
async fn declaring_an_invoice_paid_has_exactly_the_effects_of_marking_it_paid() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let declared = chain.invoice_to("Boulangerie Martin", "compta@martin.example", LATE).await;
    let marked = chain.invoice_to("Garage Lopez", "contact@lopez.example", LATE).await;
    chain.worker.run_until(SENT_AT + Duration::seconds(30)).await;
    let (token, organization) = (chain.token(declared.id).await, chain.organization);

    assert_eq!(chain.open_link(&token, Paid).await, CheckinOutcome::Settled);
    let payment = NewPayment::of_balance(chain.today(), "via check-in");
    let mut conn = chain.conn().await;
    rubis_lifecycle::record_payment(&mut conn, organization, marked.id, &payment, None, chain.now())
        .await
        .unwrap();

    let mut told = Vec::new();
    for invoice in [declared.id, marked.id] {
        let after = chain.invoice(invoice).await;
        let payment =
            rubis_invoices::payments_of(&mut conn, organization, invoice).await.unwrap().pop().unwrap();
        let events = rubis_accounts::events_of_invoice(&mut conn, organization, invoice, 200).await.unwrap();
        let event = events.last().unwrap();
        let mut meta = event.meta.clone();
        for own in ["invoiceId", "clientId", "numero", "paymentId"] {
            assert!(meta.as_object_mut().unwrap().remove(own).is_some_and(|id| id != Value::Null));
        }
        let stopped: Vec<_> = chain
            .relances(invoice)
            .await
            .into_iter()
            .map(|task| (task.status, task.reason, task.send_at))
            .collect();
        told.push((
            (after.status, after.settled, after.paid_at, after.rubis_earned, after.awaited_answer),
            (payment.amount_cents, payment.kind, payment.method, payment.paid_on, payment.label),
            (event.kind.clone(), event.actor, meta, events.len()),
            stopped,
        ));
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0].0.0, InvoiceStatus::Paid);
    assert_eq!(told[0].1.4, "via check-in");
    assert_eq!(rubis_of(&chain).await, 2);

    let checkin = chain.checkins(declared.id).await.remove(0);
    assert_eq!((checkin.answer, checkin.answered_by), (Some(Paid), Some(CheckinAnsweredBy::Link)));
    assert_eq!(chain.checkins(marked.id).await[0].status, CheckinStatus::Cancelled);
}

#[tokio::test]
async fn fifty_clicks_at_the_same_moment_give_one_payment_one_event_and_one_rubis() {
    let (chain, invoice, token) = asked().await;
    let pool = Arc::new(rubis_db::connect(&chain.database.url, 20).unwrap());
    let now = chain.now();
    let mut clicks = tokio::task::JoinSet::new();
    for click in 0..50 {
        let (pool, token) = (pool.clone(), token.clone());
        clicks.spawn(async move {
            let mut conn = pool.get().await.unwrap();
            let by = if click % 2 == 0 {
                AnsweredBy::Link(Opening::from_request(now, "GET", CheckinLink::Paid, browser([])))
            } else {
                AnsweredBy::Button { user_agent: String::new() }
            };
            rubis_lifecycle::answer_checkin(&mut conn, &token, Paid, by, &CheckinRules::default(), now)
                .await
                .unwrap()
        });
    }
    let outcomes = clicks.join_all().await;

    let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    assert_eq!((count(CheckinOutcome::Settled), count(CheckinOutcome::AlreadyAnswered)), (1, 49));
    let payments =
        rubis_invoices::payments_of(&mut *chain.conn().await, chain.organization, invoice.id).await.unwrap();
    assert_eq!(payments.len(), 1);
    let paid = chain.events(invoice.id).await.into_iter().filter(|kind| kind == "invoice_paid").count();
    assert_eq!((paid, rubis_of(&chain).await, chain.invoice(invoice.id).await.rubis_earned), (1, 1, 1));
    assert_eq!(verdicts(&chain, &invoice).await.len(), 50, "every opening is kept");
    chain.worker.run_due().await;
    assert_eq!(chain.confirmations().len(), 1);
}

#[tokio::test]
async fn answers_together_answers_alone_and_planning_at_the_same_moment_do_not_stand_in_each_others_way() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let mut asked = Vec::new();
    for client in 0..10 {
        let (name, email) = (format!("Client {client}"), format!("compta@client-{client}.example"));
        asked.push(chain.invoice_to(&name, &email, LATE).await);
    }
    chain.worker.run_until(SENT_AT + Duration::seconds(30)).await;
    let (mut answers, mut tokens) = (Vec::new(), Vec::new());
    for invoice in &asked {
        answers.push((chain.checkins(invoice.id).await[0].id, Paid));
        tokens.push(chain.token(invoice.id).await);
    }
    let pool = Arc::new(rubis_db::connect(&chain.database.url, 20).unwrap());
    let (organization, now) = (chain.organization, chain.now());
    let mut at_once = tokio::task::JoinSet::new();
    for round in 0..30 {
        let (pool, mut answers, token) = (pool.clone(), answers.clone(), tokens[round % 10].clone());
        at_once.spawn(async move {
            let mut conn = pool.get().await.unwrap();
            let rules = CheckinRules::default();
            let count = |outcomes: &[CheckinOutcome]| {
                outcomes.iter().filter(|outcome| **outcome == CheckinOutcome::Settled).count()
            };
            match round % 3 {
                0 => {
                    answers.rotate_left(round % 10);
                    let outcomes =
                        rubis_lifecycle::answer_many(&mut conn, &token, &answers, "", &rules, now).await;
                    let outcomes: Vec<_> =
                        outcomes.unwrap().unwrap().into_iter().map(|(_, outcome)| outcome).collect();
                    count(&outcomes)
                }
                1 => {
                    let by = AnsweredBy::Button { user_agent: String::new() };
                    let answered =
                        rubis_lifecycle::answer_checkin(&mut conn, &token, Paid, by, &rules, now).await;
                    count(&[answered.unwrap()])
                }
                _ => {
                    let all = rubis_invoices::InvoiceScope::All;
                    rubis_lifecycle::plan_page_again(&mut conn, organization, all, None, now).await.unwrap();
                    0
                }
            }
        });
    }
    let settled: usize = at_once.join_all().await.into_iter().sum();
    assert_eq!((settled, rubis_of(&chain).await), (10, 10));
}

#[tokio::test]
async fn a_click_and_a_payment_by_hand_at_the_same_moment_settle_once() {
    let (chain, invoice, token) = asked().await;
    let payment = NewPayment::of_balance(chain.today(), "virement");
    let (mut conn, organization) = (chain.conn().await, chain.organization);
    let by_hand =
        rubis_lifecycle::record_payment(&mut conn, organization, invoice.id, &payment, None, chain.now());
    let (by_hand, clicked) = tokio::join!(by_hand, chain.open_link(&token, Paid));
    let expected = if by_hand.is_ok() { CheckinOutcome::AlreadyAnswered } else { CheckinOutcome::Settled };
    assert_eq!(clicked, expected);
    assert_eq!((rubis_of(&chain).await, chain.invoice(invoice.id).await.rubis_earned), (1, 1));
}

#[tokio::test]
async fn a_scanner_that_opens_both_links_leaves_the_chain_alive_whichever_comes_first() {
    for (first, second) in [(Paid, StillPending), (StillPending, Paid)] {
        let (chain, invoice, token) = asked().await;
        assert_ne!(chain.open_link(&token, first).await, CheckinOutcome::Confirm);
        chain.clock.advance(Duration::seconds(59));
        assert_eq!(chain.open_link(&token, second).await, CheckinOutcome::Confirm, "{first:?} first");

        let after = chain.invoice(invoice.id).await;
        assert_eq!(after.status, InvoiceStatus::AwaitingUserConfirmation);
        assert_eq!((after.balance().cents, after.rubis_earned), (120_000, 0));
        assert_eq!(rubis_of(&chain).await, 0);
        assert_eq!(chain.planned(invoice.id).await.len(), 4, "{first:?} first");
        assert_eq!(chain.planned(invoice.id).await[0], SENT_AT + Duration::days(1));
        for answer in [Paid, StillPending] {
            assert_eq!(
                chain.open_link(&token, answer).await,
                CheckinOutcome::Confirm,
                "a link is not believed"
            );
        }
        chain.worker.run_until(SENT_AT + Duration::hours(1)).await;
        assert!(chain.reminders().is_empty() && chain.confirmations().is_empty());
        assert_eq!(chain.press(&token, Paid).await, CheckinOutcome::Settled, "a button is");
        assert_eq!(rubis_of(&chain).await, 1);
    }
}

#[tokio::test]
async fn nobody_answers_without_a_reply_that_a_person_reads() {
    let (chain, invoice, token) = asked().await;
    let now = chain.now();
    let opening = |method, headers: &[(&'static str, &'static [u8])]| {
        AnsweredBy::Link(Opening::from_request(
            now,
            method,
            CheckinLink::Paid,
            browser(headers.iter().copied()),
        ))
    };
    for by in [
        opening("HEAD", &[]),
        opening("GET", &[("Sec-Purpose", b"prefetch;prerender")]),
        opening("GET", &[("X-Moz", b"prefetch")]),
        opening("GET", &[("Range", b"bytes=0-0")]),
    ] {
        assert_eq!(chain.answer(&token, Paid, by).await, CheckinOutcome::Confirm);
    }
    assert_eq!(chain.invoice(invoice.id).await.status, InvoiceStatus::AwaitingUserConfirmation);
    assert_eq!(
        verdicts(&chain, &invoice).await,
        ["confirm_head", "confirm_prefetch", "confirm_prefetch", "confirm_range"]
    );
    assert_eq!(chain.answer(&token, Paid, opening("GET", &[])).await, CheckinOutcome::Settled);
}

#[tokio::test]
async fn a_link_that_is_opened_as_soon_as_the_mail_left_is_confirmed_by_a_button() {
    let (chain, _, token) = asked().await;
    chain.clock.set(SENT_AT + Duration::seconds(29));
    assert_eq!(chain.open_link(&token, Paid).await, CheckinOutcome::Confirm);
    assert_eq!(chain.press(&token, Paid).await, CheckinOutcome::Settled);
}

#[tokio::test]
async fn a_click_counts_until_the_last_second_of_its_life() {
    let last_second = SENT_AT + Duration::days(1) - Duration::seconds(1);
    for (at, outcome) in [
        (last_second, CheckinOutcome::Settled),
        (last_second + Duration::seconds(1), CheckinOutcome::Expired),
        (last_second + Duration::seconds(2), CheckinOutcome::Expired),
    ] {
        let (chain, invoice, token) = asked().await;
        // The job that ends its life comes late.
        chain.clock.set(at);
        assert_eq!(chain.open_link(&token, Paid).await, outcome, "{at}");
        assert_eq!(
            chain.press(&token, Paid).await == CheckinOutcome::Expired,
            outcome != CheckinOutcome::Settled
        );
        let is_paid = chain.invoice(invoice.id).await.status == InvoiceStatus::Paid;
        assert_eq!(is_paid, outcome == CheckinOutcome::Settled);
    }
}

#[tokio::test]
async fn a_second_answer_is_refused() {
    let (chain, _, token) = asked().await;
    assert_eq!(chain.press(&token, StillPending).await, CheckinOutcome::StillPending);
    chain.clock.advance(Duration::hours(1));
    assert_eq!(chain.open_link(&token, Paid).await, CheckinOutcome::AlreadyAnswered);
    assert_eq!(chain.press(&token, Paid).await, CheckinOutcome::AlreadyAnswered);
    assert_eq!(chain.checkin_view(&token).await.unwrap().checkin.state, CheckinState::StillPending);
}

#[tokio::test]
async fn malformed_and_unknown_tokens_are_invalid_alike() {
    let (chain, _, token) = asked().await;
    let longer = format!("{token}=");
    let upper = token.to_uppercase();
    for unknown in ["", "a", "../../etc/passwd", "\0", &longer, &upper, &token[1..]] {
        assert_eq!(chain.open_link(unknown, Paid).await, CheckinOutcome::Invalid);
        assert_eq!(chain.checkin_view(unknown).await, None);
    }
}

#[tokio::test]
async fn a_token_changes_nothing_in_another_organization() {
    let (chain, _, token) = asked().await;
    let mut conn = chain.conn().await;
    let input = NewAccountInput {
        email: "paul@ailleurs.example".to_owned(),
        password: "un autre mot de passe".to_owned(),
        full_name: "Paul Ailleurs".to_owned(),
        organization_name: "Ailleurs".to_owned(),
    };
    let account = NewAccount::parse(&input).unwrap();
    let hash = PasswordHash::hash(&account.password).unwrap();
    let other =
        rubis_lifecycle::sign_up(&mut conn, &account, &hash, &rubis_testkit::account_keys(), chain.now())
            .await
            .unwrap();
    rubis_lifecycle::mark_address_verified(&mut conn, other.user.id, chain.now()).await.unwrap();
    let new = rubis_invoices::NewInvoice {
        client: rubis_invoices::InvoicedClient::Named(rubis_invoices::NamedClient {
            kind: rubis_invoices::ClientKind::Person,
            name: "Boulangerie Martin".to_owned(),
            email: "compta@boulangerie-martin.example".parse().unwrap(),
            create_new: false,
        }),
        numero: "F-2026-001".to_owned(),
        amount: rubis_kernel::Money::new(120_000, rubis_kernel::Currency::EUR),
        issue_date: LATE,
        due_date: LATE,
        lines: Vec::new(),
    };
    let (plan, rules) = (rubis_lifecycle::PlanChoice::Default, rubis_testkit::no_limits());
    let other = other.organization.id;
    let theirs = rubis_lifecycle::create_invoice(&mut conn, other, &new, plan, None, &rules, chain.now())
        .await
        .unwrap()
        .invoice;
    drop(conn);
    chain.worker.run_until(chain.now() + Duration::minutes(5)).await;
    let mut conn = chain.conn().await;
    let their_checkin =
        rubis_checkins::checkins_of_invoice(&mut conn, other, theirs.id).await.unwrap().remove(0);
    let rules = CheckinRules::default();

    let answers = [(their_checkin.id, Paid)];
    let outcomes =
        rubis_lifecycle::answer_many(&mut conn, &token, &answers, "", &rules, chain.now()).await.unwrap();
    assert_eq!(outcomes, Some(vec![(their_checkin.id, CheckinOutcome::Invalid)]));
    assert_eq!(chain.open_link(&token, Paid).await, CheckinOutcome::Settled);

    let untouched = rubis_invoices::invoice(&mut conn, other, theirs.id).await.unwrap().unwrap();
    assert_eq!(untouched.status, InvoiceStatus::AwaitingUserConfirmation);
    let organization = rubis_accounts::organization(&conn, other).await.unwrap().unwrap();
    assert_eq!(organization.rubis_count, 0);
}

#[tokio::test]
async fn invoices_of_one_mail_are_answered_together_each_by_its_own_task() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let mut invoices = Vec::new();
    for client in 0..4 {
        let (name, email) = (format!("Client {client}"), format!("compta@client-{client}.example"));
        invoices.push(chain.invoice_to(&name, &email, LATE).await);
    }
    chain.worker.run_until(SENT_AT + Duration::seconds(30)).await;
    assert_eq!(chain.checkin_mails().len(), 1);
    chain.pay(invoices[2].id, None).await;
    let token = chain.token(invoices[0].id).await;
    let mut ids = Vec::new();
    for invoice in &invoices {
        ids.push(chain.checkins(invoice.id).await[0].id);
    }

    let answers = [(ids[0], Paid), (ids[1], StillPending), (ids[2], Paid)];
    let mut conn = chain.conn().await;
    let rules = CheckinRules::default();
    let outcomes =
        rubis_lifecycle::answer_many(&mut conn, &token, &answers, "Firefox", &rules, chain.now()).await;

    let outcomes: Vec<_> = outcomes.unwrap().unwrap().into_iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(
        outcomes,
        [CheckinOutcome::Settled, CheckinOutcome::StillPending, CheckinOutcome::AlreadyAnswered]
    );
    let view = chain.checkin_view(&token).await.unwrap();
    assert_eq!(
        (view.checkin.id, view.checkin.state, view.checkin.can_undo),
        (ids[0], CheckinState::Paid, true)
    );
    let siblings: Vec<_> = view.siblings.iter().map(|sibling| (sibling.id, sibling.state)).collect();
    assert_eq!(
        siblings,
        [
            (ids[1], CheckinState::StillPending),
            (ids[2], CheckinState::AlreadyAnswered),
            (ids[3], CheckinState::Open)
        ]
    );
    assert_eq!(rubis_of(&chain).await, 2, "one declared, one paid otherwise");
    let last = chain.token(invoices[3].id).await;
    assert_eq!(chain.open_link(&last, Paid).await, CheckinOutcome::Settled, "each has links of its own");
}

#[tokio::test]
async fn a_partly_paid_invoice_is_settled_by_what_is_left() {
    let (chain, invoice, token) = asked().await;
    chain.pay(invoice.id, Some(45_000)).await;
    assert_eq!(chain.checkin_view(&token).await.unwrap().checkin.invoice.unwrap().balance.cents, 75_000);
    assert_eq!(chain.open_link(&token, Paid).await, CheckinOutcome::Settled);
    let payments =
        rubis_invoices::payments_of(&mut *chain.conn().await, chain.organization, invoice.id).await.unwrap();
    assert_eq!(payments.last().unwrap().amount_cents, 75_000);
    let relances = chain.relances(invoice.id).await;
    assert!(relances.iter().all(|task| task.status == RelanceStatus::Cancelled));
}

#[tokio::test]
async fn a_check_in_that_cannot_be_put_into_a_mail_has_failed_and_the_reminders_go_on() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let invoice = chain.invoice_due(LATE).await;
    let checkin = chain.checkins(invoice.id).await.remove(0);
    let job = rubis_checkins::GatherCheckins { organization_id: chain.organization, task_id: checkin.id };
    chain.clock.set(SENT_AT);
    let mut conn = chain.conn().await;
    let failure = rubis_kernel::MailFailure::Internal;
    rubis_lifecycle::record_checkin_not_gathered(
        &mut conn,
        &job,
        Reason::AttemptsExhausted,
        &failure,
        chain.now(),
    )
    .await
    .unwrap();
    assert_eq!(chain.checkins(invoice.id).await[0].status, CheckinStatus::Failed);
    assert_eq!(chain.planned(invoice.id).await.first(), Some(&(SENT_AT + Duration::minutes(1))));
    let events = chain.events(invoice.id).await;
    assert!(events.contains(&"checkin_failed".to_owned()), "{events:?}");
}
