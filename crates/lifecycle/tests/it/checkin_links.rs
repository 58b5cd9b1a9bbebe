//! An answer is taken back, and links that have ended are replaced.

use rubis_checkins::{CheckinAnswer, CheckinRules, CheckinStatus, Opening};
use rubis_invoices::{Invoice, InvoiceScope, InvoiceStatus};
use rubis_lifecycle::{
    AnsweredBy, CheckinOutcome, CheckinState, RenewCheckinError, UndoCheckinError, answer_checkin,
    answer_many, plan_page_again, renew_checkin, undo_checkin, undo_checkins,
};
use rubis_testkit::{BROWSER_HEADERS, Chain};
use time::{
    Duration, OffsetDateTime,
    macros::{date, datetime},
};

use CheckinAnswer::{Paid, StillPending};

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

async fn undo(chain: &Chain, token: &str) -> Result<(), UndoCheckinError> {
    undo_checkin(&mut *chain.conn().await, token, "Firefox", &CheckinRules::default(), chain.now()).await
}

async fn renew(chain: &Chain, token: &str) -> Result<(), RenewCheckinError> {
    renew_checkin(&mut *chain.conn().await, token, "Firefox", &CheckinRules::default(), chain.now()).await
}

#[tokio::test]
async fn a_settlement_by_a_check_in_is_undone_within_seven_days() {
    let (chain, invoice, token) = asked().await;
    chain.open_link(&token, Paid).await;
    let answered_at = chain.now();
    chain.worker.run_until(answered_at + Duration::days(7) - Duration::seconds(1)).await;
    let card = chain.checkin_view(&token).await.unwrap().checkin;
    assert_eq!((card.can_undo, card.undo_until), (true, Some(answered_at + Duration::days(7))));

    undo(&chain, &token).await.unwrap();

    let after = chain.invoice(invoice.id).await;
    assert_eq!((after.status, after.balance().cents), (InvoiceStatus::Pending, 120_000));
    let mut conn = chain.conn().await;
    let organization = rubis_accounts::organization(&conn, chain.organization).await.unwrap().unwrap();
    assert_eq!((organization.rubis_count, after.rubis_earned), (0, 0));
    let events =
        rubis_accounts::events_of_invoice(&mut conn, chain.organization, invoice.id, 200).await.unwrap();
    let reopened = events.iter().find(|event| event.kind == "invoice_reopened").unwrap();
    assert_eq!(reopened.meta["label"], "via check-in");
    drop(conn);
    let checkin = chain.checkins(invoice.id).await.remove(0);
    assert_eq!((checkin.status, checkin.answer), (CheckinStatus::Answered, Some(StillPending)));
    assert_eq!(chain.checkin_view(&token).await.unwrap().checkin.state, CheckinState::StillPending);

    chain.worker.run_until(chain.now() + Duration::minutes(2)).await;
    assert_eq!(chain.reminders().len(), 1, "the reminders go on");
    assert_eq!(chain.checkin_mails().len(), 1, "and the user is not asked again");
    assert!(matches!(undo(&chain, &token).await, Err(UndoCheckinError::NotUndoable)), "once");
}

#[tokio::test]
async fn a_settlement_by_a_check_in_stands_after_seven_days() {
    let (chain, invoice, token) = asked().await;
    chain.open_link(&token, Paid).await;
    chain.worker.run_until(chain.now() + Duration::days(7)).await;
    assert!(matches!(undo(&chain, &token).await, Err(UndoCheckinError::NotUndoable)));
    assert!(!chain.checkin_view(&token).await.unwrap().checkin.can_undo);
    assert_eq!(chain.invoice(invoice.id).await.status, InvoiceStatus::Paid);
}

#[tokio::test]
async fn only_the_settlement_that_the_check_in_made_is_undone() {
    let (chain, invoice, token) = asked().await;
    assert!(matches!(undo(&chain, &token).await, Err(UndoCheckinError::NotUndoable)), "nothing was declared");
    chain.open_link(&token, Paid).await;
    // Somebody reopens it by hand, and the money comes.
    chain.reopen(invoice.id).await;
    assert!(matches!(undo(&chain, &token).await, Err(UndoCheckinError::NotUndoable)));
    chain.pay(invoice.id, None).await;

    assert!(matches!(undo(&chain, &token).await, Err(UndoCheckinError::NotUndoable)));
    assert!(matches!(undo(&chain, "unknown").await, Err(UndoCheckinError::NotFound)));

    assert_eq!(chain.invoice(invoice.id).await.status, InvoiceStatus::Paid);
    assert_eq!(chain.checkin_view(&token).await.unwrap().checkin.undo_until, None);
}

#[tokio::test]
async fn an_undone_settlement_leaves_part_payments_as_they_were() {
    let (chain, invoice, token) = asked().await;
    chain.pay(invoice.id, Some(20_000)).await;
    chain.press(&token, Paid).await;
    undo(&chain, &token).await.unwrap();
    assert_eq!(chain.invoice(invoice.id).await.balance().cents, 100_000);
}

#[tokio::test]
async fn links_that_have_ended_are_replaced_by_a_mail_to_the_same_user_once_an_hour() {
    let (chain, invoice, old) = asked().await;
    assert!(!chain.checkin_view(&old).await.unwrap().checkin.can_renew, "they live");
    chain.worker.run_until(SENT_AT + Duration::days(1)).await;
    let card = chain.checkin_view(&old).await.unwrap().checkin;
    assert_eq!((card.state, card.can_renew), (CheckinState::Expired, true));

    renew(&chain, &old).await.unwrap();
    chain.worker.run_due().await;

    let mails = chain.checkin_mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[1].to, mails[0].to);
    let fresh = chain.token(invoice.id).await;
    assert_ne!(fresh, old);
    assert!(mails[1].text.contains(&fresh) && !mails[1].text.contains(&old));
    assert_eq!(chain.press(&old, Paid).await, CheckinOutcome::Expired);
    assert!(chain.events(invoice.id).await.contains(&"checkin_renewed".to_owned()));

    chain.clock.advance(Duration::minutes(45));
    match renew(&chain, &old).await {
        Err(RenewCheckinError::TooSoon { retry_after }) => assert_eq!(retry_after, Duration::minutes(15)),
        other => panic!("{other:?}"),
    }
    chain.clock.advance(Duration::minutes(15));
    renew(&chain, &old).await.unwrap();
    chain.worker.run_due().await;
    assert_eq!(chain.checkin_mails().len(), 3);
    assert_eq!(chain.press(&fresh, Paid).await, CheckinOutcome::Expired, "replaced in its turn");
    let freshest = chain.token(invoice.id).await;
    assert_eq!(chain.press(&freshest, Paid).await, CheckinOutcome::Settled);
}

#[tokio::test]
async fn no_fresh_links_are_mailed_for_what_is_not_asked_about_any_more() {
    let (chain, invoice, token) = asked().await;
    assert!(matches!(renew(&chain, "unknown").await, Err(RenewCheckinError::NotFound)));
    chain.worker.run_until(SENT_AT + Duration::days(1)).await;
    let (organization, now) = (chain.organization, chain.now());
    let dispute = rubis_lifecycle::dispute_invoice;
    dispute(&mut *chain.conn().await, organization, invoice.id, None, now).await.unwrap();
    assert!(matches!(renew(&chain, &token).await, Err(RenewCheckinError::NotRenewable)));
    assert!(!chain.checkin_view(&token).await.unwrap().checkin.can_renew);
    chain.pay(invoice.id, None).await;
    assert!(matches!(renew(&chain, &token).await, Err(RenewCheckinError::AlreadyAnswered)));
    assert_eq!(chain.press(&token, Paid).await, CheckinOutcome::AlreadyAnswered);
    chain.worker.run_until(now + Duration::hours(1)).await;
    assert_eq!(chain.checkin_mails().len(), 1);
}

#[tokio::test]
async fn reading_a_check_in_changes_nothing() {
    let (chain, invoice, token) = asked().await;
    let before = (chain.invoice(invoice.id).await, chain.checkins(invoice.id).await);
    let card = chain.checkin_view(&token).await.unwrap().checkin;
    let shown = card.invoice.unwrap();
    assert_eq!((card.state, shown.client_name.as_str()), (CheckinState::Open, "Boulangerie Martin"));
    assert_eq!((shown.numero.as_str(), shown.due_date), ("F-2026-001", LATE));
    assert_eq!(card.expires_at, Some(SENT_AT + Duration::days(1)));
    assert_eq!((chain.invoice(invoice.id).await, chain.checkins(invoice.id).await), before);
}

#[tokio::test]
async fn answers_that_were_given_together_are_confirmed_by_one_mail_and_undone_together() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let mut invoices = Vec::new();
    for _ in 0..4 {
        invoices.push(chain.invoice_due(LATE).await);
    }
    chain.worker.run_until(SENT_AT + Duration::minutes(1)).await;
    let (mut ids, mut tokens) = (Vec::new(), Vec::new());
    for invoice in &invoices {
        ids.push(chain.checkins(invoice.id).await.remove(0).id);
        tokens.push(chain.token(invoice.id).await);
    }
    // One by itself, as the control.
    assert_eq!(chain.press(&tokens[3], Paid).await, CheckinOutcome::Settled);
    let answers = [(ids[0], Paid), (ids[1], Paid), (ids[2], StillPending)];
    let rules = CheckinRules::default();
    answer_many(&mut *chain.conn().await, &tokens[2], &answers, "Firefox", &rules, chain.now())
        .await
        .unwrap();
    chain.worker.run_due().await;
    let confirmations = chain.confirmations();
    assert_eq!(confirmations.len(), 2, "one for the single answer, one for the others");
    let together = confirmations.iter().find(|mail| mail.text.contains(&invoices[0].numero)).unwrap();
    for (invoice, is_named) in invoices.iter().zip([true, true, false, false]) {
        assert_eq!(together.text.contains(&invoice.numero), is_named, "{}", invoice.numero);
    }
    for (token, expected) in tokens.iter().zip([2, 2, 2, 2]) {
        assert_eq!(chain.checkin_view(token).await.unwrap().undo_together, expected);
    }

    let undone =
        undo_checkins(&mut *chain.conn().await, &tokens[0], "Firefox", &rules, chain.now()).await.unwrap();
    assert_eq!(undone, 2);
    for (invoice, is_paid) in invoices.iter().zip([false, false, false, true]) {
        let status = chain.invoice(invoice.id).await.status;
        assert_eq!(status == InvoiceStatus::Paid, is_paid, "{status:?}");
    }
    let again = undo_checkins(&mut *chain.conn().await, &tokens[1], "Firefox", &rules, chain.now()).await;
    assert!(matches!(again, Err(UndoCheckinError::NotUndoable)), "{again:?}");
    assert_eq!(chain.checkin_view(&tokens[0]).await.unwrap().undo_together, 0);
}

#[tokio::test]
async fn an_answer_by_link_reaches_no_debtor_for_a_minute_in_which_paid_revokes_it() {
    for is_revoked in [true, false] {
        let (chain, invoice, token) = asked().await;
        let answered_at = chain.now();
        assert_eq!(chain.open_link(&token, StillPending).await, CheckinOutcome::StillPending);
        chain.worker.run_until(answered_at + Duration::seconds(59)).await;
        assert!(chain.reminders().is_empty(), "the user may have mistaken the link");
        if is_revoked {
            assert_eq!(chain.open_link(&token, Paid).await, CheckinOutcome::Confirm);
            assert_eq!(chain.press(&token, Paid).await, CheckinOutcome::Settled);
        }
        chain.worker.run_until(answered_at + Duration::minutes(10)).await;
        assert_eq!(chain.reminders().is_empty(), is_revoked);
        assert_eq!(chain.invoice(invoice.id).await.status == InvoiceStatus::Paid, is_revoked);
    }
}

/// Opens a link of a check-in under other rules than the default.
async fn open_under(
    chain: &Chain,
    token: &str,
    answer: CheckinAnswer,
    rules: &CheckinRules,
) -> CheckinOutcome {
    let headers = BROWSER_HEADERS.iter().map(|(name, value)| (*name, value.as_bytes()));
    let by = AnsweredBy::Link(Opening::from_request(chain.now(), "GET", answer.into(), headers));
    answer_checkin(&mut *chain.conn().await, token, answer, by, rules, chain.now()).await.unwrap()
}

#[tokio::test]
async fn an_answer_by_link_is_held_as_long_as_the_other_link_can_take_it_back() {
    for (suspect, hold) in [(10, 60), (60, 60), (300, 300)] {
        let rules = CheckinRules { suspect: Duration::seconds(suspect), ..CheckinRules::default() };
        let (chain, invoice, token) = asked().await;
        let answered_at = chain.now();
        assert_eq!(open_under(&chain, &token, StillPending, &rules).await, CheckinOutcome::StillPending);
        chain.worker.run_until(answered_at + Duration::seconds(30)).await;
        // A change of settings plans the invoice again in the meantime.
        let (organization, all) = (chain.organization, InvoiceScope::All);
        plan_page_again(&mut *chain.conn().await, organization, all, None, chain.now()).await.unwrap();
        chain.worker.run_until(answered_at + Duration::seconds(hold - 1)).await;
        assert!(chain.reminders().is_empty(), "{suspect} s");
        chain.worker.run_until(answered_at + Duration::seconds(hold + 60)).await;
        assert_eq!(chain.reminders().len(), 1, "{suspect} s");
        assert!(chain.invoice(invoice.id).await.status.is_open());
    }
}

#[tokio::test]
async fn a_second_click_late_in_a_long_suspect_time_keeps_the_reminder_from_the_debtor() {
    for (clicks_after, is_sent) in [(290, false), (310, true)] {
        let rules = CheckinRules { suspect: Duration::seconds(300), ..CheckinRules::default() };
        let (chain, _, token) = asked().await;
        let answered_at = chain.now();
        open_under(&chain, &token, StillPending, &rules).await;
        chain.worker.run_until(answered_at + Duration::seconds(clicks_after)).await;
        let second = open_under(&chain, &token, Paid, &rules).await;
        let expected = if is_sent { CheckinOutcome::AlreadyAnswered } else { CheckinOutcome::Confirm };
        assert_eq!(second, expected);
        chain.worker.run_until(answered_at + Duration::minutes(20)).await;
        assert_eq!(!chain.reminders().is_empty(), is_sent);
    }
}

#[tokio::test]
async fn a_reminder_whose_time_comes_in_that_minute_waits_for_its_end() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 24)).await;
    chain.worker.run_until(datetime!(2026-11-26 10:00 UTC)).await;
    renew(&chain, &chain.token(invoice.id).await).await.unwrap();
    // Its first reminder is planned for Friday at nine in Paris.
    chain.worker.run_until(datetime!(2026-11-27 07:59:40 UTC)).await;
    let token = chain.token(invoice.id).await;
    assert_eq!(chain.open_link(&token, StillPending).await, CheckinOutcome::StillPending);
    chain.worker.run_until(datetime!(2026-11-27 08:00:39 UTC)).await;
    assert!(chain.reminders().is_empty());
    chain.worker.run_until(datetime!(2026-11-27 08:02 UTC)).await;
    assert_eq!(chain.reminders().len(), 1);
}
