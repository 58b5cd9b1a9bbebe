use rubis_kernel::CheckinMailId;
use time::macros::datetime;

use super::*;

const BEGAN: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);
const NOW: OffsetDateTime = datetime!(2026-11-25 09:00 UTC);
const STATES: [&str; 10] = [
    "scheduled",
    "gathered",
    "being sent",
    "sent",
    "answered while being sent",
    "answered",
    "expired",
    "cancelled while being sent",
    "cancelled",
    "failed",
];

fn planned(mail: Option<u128>) -> Planned {
    Planned { mail: mail.map(mail_id), token: Some([1; 32]) }
}

fn mail_id(id: u128) -> CheckinMailId {
    CheckinMailId::from(Uuid::from_u128(id))
}

fn attempt() -> Attempt {
    Attempt { mail: mail_id(1), token: [1; 32], since: BEGAN }
}

fn delivered() -> Delivered {
    Delivered { mail: mail_id(1), token: [1; 32], at: BEGAN, expires_at: NOW }
}

fn answer() -> GivenAnswer {
    let (answer, by) = (CheckinAnswer::Paid, CheckinAnsweredBy::Link);
    GivenAnswer { answer, by, at: BEGAN, payment: None, with: Some(Uuid::from_u128(7)) }
}

/// A state of each kind, in the order of [`STATES`].
fn states() -> [CheckinState; 10] {
    let reason = || "invoice_paid".to_owned();
    [
        CheckinState::Scheduled(planned(None)),
        CheckinState::Scheduled(planned(Some(1))),
        CheckinState::Sending(attempt()),
        CheckinState::Sent(delivered()),
        CheckinState::Answered { answer: answer(), delivery: Delivery::Sending(attempt()) },
        CheckinState::Answered { answer: answer(), delivery: Delivery::Sent(delivered()) },
        CheckinState::Expired { reason: None, delivery: Delivery::Sent(delivered()) },
        CheckinState::Cancelled { reason: reason(), delivery: Delivery::Sending(attempt()) },
        CheckinState::Cancelled { reason: reason(), delivery: Delivery::Planned(planned(None)) },
        CheckinState::Failed { reason: reason(), delivery: Delivery::Planned(planned(Some(1))) },
    ]
}

/// The events, each with the kind of the resulting state from each of [`STATES`]; an empty kind is a rejection, and `=`
/// leaves the state as it is.
#[rustfmt::skip]
fn table() -> [(CheckinEvent, [&'static str; 10]); 14] {
    use CheckinEvent as Event;
    let reason = Reason::InvoiceDisputed;
    let with = Uuid::from_u128(8);
    [
        (Event::Gathered { mail: mail_id(2) },
            ["scheduled", "scheduled",  "",           "",          "",         "",         "",  "",          "",  ""]),
        (Event::PutBack,
            ["=",         "scheduled",  "=",          "",          "",         "",         "",  "",          "",  "scheduled"]),
        (Event::Claimed { token: [2; 32], at: NOW },
            ["",          "being sent", "being sent", "",          "",         "",         "",  "",          "",  "being sent"]),
        (Event::NotTaken { began: BEGAN },
            ["",          "",           "scheduled",  "",          "answered", "",         "",  "cancelled", "",  ""]),
        (Event::NotTaken { began: NOW },
            ["",          "",           "=",          "",          "=",        "",         "",  "=",         "",  ""]),
        (Event::Sent { at: NOW, expires_at: NOW },
            ["",          "",           "sent",       "",          "answered", "",         "",  "cancelled", "",  ""]),
        (Event::GivenUp { reason },
            ["failed",    "failed",     "failed",     "",          "answered", "",         "",  "cancelled", "",  ""]),
        (Event::Answered(answer()),
            ["answered",  "answered",   "answered",   "answered",  "=",        "=",        "",  "",          "",  ""]),
        (Event::AnsweredTogether { with },
            ["",          "",           "",           "",          "answered", "answered", "",  "",          "",  ""]),
        (Event::Suspected { is_replaced: false },
            ["",          "",           "",           "",          "being sent", "sent",   "",  "",          "",  ""]),
        (Event::Suspected { is_replaced: true },
            ["",          "",           "",           "",          "expired",  "expired",  "",  "",          "",  ""]),
        (Event::Expired,
            ["expired",   "expired",    "expired",    "expired",   "",         "",         "",  "",          "",  ""]),
        (Event::Renewed,
            ["",          "",           "",           "expired",   "",         "",         "",  "",          "",  ""]),
        (Event::Cancelled { reason },
            ["cancelled", "cancelled",  "cancelled",  "cancelled", "",         "",         "",  "",          "",  "cancelled"]),
    ]
}

#[test]
fn every_event_has_the_result_of_the_table_in_every_state() {
    for (event, results) in table() {
        for ((before, name), expected) in states().into_iter().zip(STATES).zip(results) {
            let after = before.clone().apply(event.clone());
            match (expected, after) {
                ("", Err(rejected)) => {
                    assert_eq!(rejected, Rejected { from: before.name(), event: event.name() });
                }
                ("=", Ok(after)) => assert_eq!(after, before, "{event:?} from {name}"),
                (expected, Ok(after)) => assert_eq!(after.name(), expected, "{event:?} from {name}"),
                (_, Err(rejected)) => panic!("{event:?} from {name}: {rejected}"),
            }
        }
    }
}

#[test]
fn only_the_outcome_of_the_attempt_ends_it() {
    for (event, results) in table() {
        let is_outcome = matches!(event, CheckinEvent::Sent { .. } | CheckinEvent::GivenUp { .. })
            || event == CheckinEvent::NotTaken { began: BEGAN };
        for (before, result) in states().into_iter().zip(results) {
            if result.is_empty() || before.attempt().is_none() {
                continue;
            }
            let after = before.apply(event.clone()).unwrap();
            let since = after.attempt().map(|attempt| (attempt.mail, attempt.since));
            assert_eq!(since, (!is_outcome).then_some((mail_id(1), BEGAN)), "{event:?}");
        }
    }
}

#[test]
fn another_answer_keeps_the_mark_of_those_that_were_given_together() {
    let before = CheckinState::Answered { answer: answer(), delivery: Delivery::Sent(delivered()) };
    let undone = GivenAnswer { answer: CheckinAnswer::StillPending, with: None, ..answer() };
    let after = before.apply(CheckinEvent::Answered(undone)).unwrap();
    let expected = GivenAnswer { with: answer().with, ..undone };
    assert_eq!(after, CheckinState::Answered { answer: expected, delivery: Delivery::Sent(delivered()) });
}

#[test]
fn a_check_in_that_is_put_back_leaves_its_mail_and_keeps_its_token() {
    let [_, gathered, .., failed] = states();
    for before in [gathered, failed] {
        assert_eq!(before.apply(CheckinEvent::PutBack), Ok(CheckinState::Scheduled(planned(None))));
    }
}

#[test]
fn a_rejection_names_the_state_and_the_event() {
    let [.., failed] = states();
    let rejected = failed.apply(CheckinEvent::Expired).unwrap_err();
    assert_eq!(rejected.to_string(), "a check-in that is failed cannot be expired");
}
