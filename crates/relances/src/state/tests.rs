use time::macros::datetime;

use super::*;

const BEGAN: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);
const NOW: OffsetDateTime = datetime!(2026-11-25 09:00 UTC);
const STATES: [&str; 8] = [
    "scheduled",
    "drafted",
    "approved",
    "being sent",
    "being sent, approved",
    "sent",
    "cancelled",
    "failed, approved",
];

fn text(body: &str) -> RenderedText {
    RenderedText { subject: "Facture".to_owned(), body: body.to_owned() }
}

fn mail(body: &str) -> Mail {
    let (recipient, message_id) = (Some("compta@client.example".to_owned()), Some("<1@rubis>".to_owned()));
    Mail { text: text(body), recipient, message_id }
}

fn drafted() -> Drafted {
    Drafted { at: BEGAN, draft: Some(Draft::default()) }
}

fn approved() -> Approved {
    Approved { drafted: drafted(), at: BEGAN, by: UserId::from(uuid::Uuid::nil()) }
}

fn written(review: Review) -> Written {
    Written { mail: mail("before"), review }
}

fn note(code: &str) -> Option<Note> {
    Some(Note { code: code.to_owned(), detail: None })
}

/// A state of each kind, in the order of [`STATES`].
fn states() -> [RelanceState; 8] {
    let daily_limit = note("daily_limit");
    [
        RelanceState::Scheduled { attempted: None, note: daily_limit.clone() },
        RelanceState::Drafted { mail: mail("before"), drafted: drafted(), note: note("facts_changed") },
        RelanceState::Approved { mail: mail("before"), approved: approved(), note: daily_limit },
        RelanceState::Sending { since: BEGAN, written: written(Review::Unneeded) },
        RelanceState::Sending { since: BEGAN, written: written(Review::Approved(approved())) },
        RelanceState::Sent { at: BEGAN, written: written(Review::Unneeded), refused_copies: Vec::new() },
        RelanceState::Cancelled { reason: Reason::InvoicePaid.into(), written: None },
        RelanceState::Failed {
            failure: Reason::Rejected.into(),
            written: Some(written(Review::Approved(approved()))),
        },
    ]
}

/// The events, each with the kind of the resulting state from each of [`STATES`]; an empty kind is a rejection, and `=`
/// leaves the state as it is.
#[rustfmt::skip]
fn table() -> [(RelanceEvent, [&'static str; 8]); 12] {
    use RelanceEvent as Event;
    let (reason, refused_copies) = (Reason::InvoicePaid, Vec::new());
    let draft = Draft::default();
    [
        (Event::Drafted { text: text("after"), draft: draft.clone(), note: None, at: NOW },
            ["drafted",    "drafted",    "drafted",    "",           "",           "", "", "drafted"]),
        (Event::Approved { text: text("after"), draft, by: approved().by, at: NOW },
            ["",           "approved",   "",           "",           "",           "", "", ""]),
        (Event::Hurried,
            ["scheduled",  "drafted",    "approved",   "",           "",           "", "", "approved"]),
        (Event::HeldBack,
            ["scheduled",  "drafted",    "approved",   "=",          "=",          "", "", "approved"]),
        (Event::LimitReached,
            ["scheduled",  "drafted",    "approved",   "=",          "=",          "", "", "approved"]),
        (Event::Claimed { mail: mail("after"), at: NOW },
            ["being sent", "being sent", "being sent", "being sent", "being sent", "", "", "being sent"]),
        (Event::NotTaken { began: BEGAN },
            ["",           "",           "",           "scheduled",  "approved",   "", "", ""]),
        (Event::NotTaken { began: NOW },
            ["",           "",           "",           "=",          "=",          "", "", ""]),
        (Event::Sent { refused_copies, at: NOW },
            ["",           "",           "",           "sent",       "sent",       "", "", ""]),
        (Event::GivenUp { failure: Reason::Rejected.into() },
            ["failed",     "failed",     "failed",     "failed",     "failed",     "", "", ""]),
        (Event::Cancelled { reason },
            ["cancelled",  "cancelled",  "cancelled",  "",           "",           "", "", ""]),
        (Event::Withdrawn { reason },
            ["cancelled",  "cancelled",  "cancelled",  "cancelled",  "cancelled",  "", "", "cancelled"]),
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
fn an_approval_lasts_until_the_text_is_drafted_again() {
    let draft_again = RelanceEvent::Drafted { text: text("b"), draft: Draft::default(), note: None, at: NOW };
    for (event, results) in table() {
        for (before, result) in states().into_iter().zip(results) {
            if result.is_empty() || before.approved().is_none() {
                continue;
            }
            let is_void = event.name() == draft_again.name();
            let after = before.apply(event.clone()).unwrap();
            assert_eq!(after.approved(), (!is_void).then_some(&approved()), "{event:?}");
        }
    }
}

#[test]
fn another_attempt_keeps_the_time_of_the_first_one_that_may_have_succeeded() {
    let first = RelanceEvent::Claimed { mail: mail("a"), at: BEGAN };
    let second = RelanceEvent::Claimed { mail: mail("a"), at: NOW };
    let scheduled = RelanceState::Scheduled { attempted: None, note: note("daily_limit") };
    let twice = scheduled.apply(first).and_then(|state| state.apply(second)).unwrap();
    let written = Written { mail: mail("a"), review: Review::Unneeded };
    assert_eq!(twice, RelanceState::Sending { since: BEGAN, written });
}

#[test]
fn a_limit_is_noted_and_an_end_has_its_reason() {
    let scheduled = || RelanceState::Scheduled { attempted: None, note: None };
    let limited = scheduled().apply(RelanceEvent::LimitReached).unwrap();
    assert_eq!(limited, RelanceState::Scheduled { attempted: None, note: note("daily_limit") });
    assert_eq!(limited.apply(RelanceEvent::Hurried).unwrap().note(), None);
    let cancelled = scheduled().apply(RelanceEvent::Cancelled { reason: Reason::Overtaken }).unwrap();
    assert_eq!(cancelled.note(), note("overtaken").as_ref());
}

#[test]
fn a_rejection_names_the_state_and_the_event() {
    let [.., sent, _, _] = states();
    let rejected = sent.apply(RelanceEvent::Cancelled { reason: Reason::CancelledByUser }).unwrap_err();
    assert_eq!(rejected.to_string(), "a reminder that is sent cannot be cancelled");
}
