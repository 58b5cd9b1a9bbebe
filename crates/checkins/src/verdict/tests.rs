//! Tests of every rule, at its bounds.

use rstest::rstest;
use rubis_kernel::{CheckinTaskId, InvoiceId, OrganizationId};
use time::{
    Duration,
    macros::{date, datetime},
};

use super::*;
use crate::{CheckinAnswer, CheckinLink};

const SENT_AT: OffsetDateTime = datetime!(2026-11-24 08:00 UTC);
const EXPIRES_AT: OffsetDateTime = datetime!(2026-11-25 08:00 UTC);
const NOON: OffsetDateTime = datetime!(2026-11-24 11:00 UTC);

fn seconds(count: i64) -> Duration {
    Duration::seconds(count)
}

/// Returns a check-in that was sent and waits for its answer.
fn sent() -> CheckinTask {
    CheckinTask {
        id: CheckinTaskId::new(),
        organization_id: OrganizationId::new(),
        invoice_id: InvoiceId::new(),
        due_date: date!(2026 - 11 - 24),
        send_at: SENT_AT,
        status: CheckinStatus::Sent,
        mail_id: None,
        renews: None,
        token_hash: Some([7; 32]),
        sending_since: None,
        sent_at: Some(SENT_AT),
        expires_at: Some(EXPIRES_AT),
        answered_at: None,
        answer: None,
        answered_by: None,
        payment_id: None,
        answered_with: None,
        suspect_since: None,
        reason: None,
        created_at: SENT_AT,
    }
}

/// Returns one that was answered at noon.
fn answered(answer: CheckinAnswer, by: CheckinAnsweredBy) -> CheckinTask {
    CheckinTask {
        status: CheckinStatus::Answered,
        answered_at: Some(NOON),
        answer: Some(answer),
        answered_by: Some(by),
        ..sent()
    }
}

/// Returns one whose mail was handed over without a record yet.
fn being_sent() -> CheckinTask {
    CheckinTask {
        status: CheckinStatus::Scheduled,
        sending_since: Some(SENT_AT),
        sent_at: None,
        expires_at: None,
        ..sent()
    }
}

fn opened(link: CheckinLink, at: OffsetDateTime) -> Opening {
    request("GET", link, at, &[])
}

/// Headers sent by a browser when a person follows a link.
const BROWSER: [(&str, &str); 3] = [
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Dest", "document"),
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"),
];

fn request(method: &str, link: CheckinLink, at: OffsetDateTime, headers: &[(&str, &str)]) -> Opening {
    let headers: Vec<_> = BROWSER.iter().chain(headers).copied().collect();
    bare(method, link, at, &headers)
}

/// Returns a request with only these headers.
fn bare(method: &str, link: CheckinLink, at: OffsetDateTime, headers: &[(&str, &str)]) -> Opening {
    let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
    Opening::from_request(at, method, link, headers)
}

fn judged(task: &CheckinTask, opening: &Opening) -> Verdict {
    verdict(task, opening, None, &CheckinRules::default())
}

#[rstest]
#[case::the_moment_it_leaves(seconds(0), Verdict::Confirm(Caution::TooSoon))]
#[case::a_second_before_the_quiet_time_ends(seconds(29), Verdict::Confirm(Caution::TooSoon))]
#[case::when_the_quiet_time_ends(seconds(30), Verdict::Effect)]
#[case::a_second_after_the_quiet_time(seconds(31), Verdict::Effect)]
#[case::hours_later(seconds(10_800), Verdict::Effect)]
#[case::a_second_before_the_end_of_life(seconds(86_399), Verdict::Effect)]
#[case::when_the_life_ends(seconds(86_400), Verdict::Expired)]
#[case::a_second_after_the_end_of_life(seconds(86_401), Verdict::Expired)]
#[case::by_a_clock_that_is_behind(seconds(-2), Verdict::Confirm(Caution::TooSoon))]
fn a_link_counts_from_the_end_of_the_quiet_time_to_the_end_of_its_life(
    #[case] after: Duration,
    #[case] expected: Verdict,
    #[values(CheckinLink::Paid, CheckinLink::Pending)] link: CheckinLink,
) {
    assert_eq!(judged(&sent(), &opened(link, SENT_AT + after)), expected);
}

#[rstest]
#[case(CheckinStatus::Expired)]
#[case(CheckinStatus::Cancelled)]
#[case(CheckinStatus::Failed)]
fn a_check_in_that_has_ended_reads_as_expired_however_it_is_opened(#[case] status: CheckinStatus) {
    let task = CheckinTask { status, ..sent() };
    for method in ["GET", "HEAD"] {
        assert_eq!(judged(&task, &request(method, CheckinLink::Paid, NOON, &[])), Verdict::Expired);
    }
}

#[test]
fn before_it_is_recorded_that_the_mail_left_a_link_waits_for_a_button() {
    let at = SENT_AT + seconds(3_600);
    assert_eq!(judged(&being_sent(), &opened(CheckinLink::Paid, at)), Verdict::Confirm(Caution::TooSoon));
    assert!(being_sent().takes_answers(at));
}

#[rstest]
#[case("HEAD", &[], Caution::Head)]
#[case("head", &[], Caution::Head)]
#[case("GET", &[("Purpose", "prefetch")], Caution::Prefetch)]
#[case("GET", &[("purpose", "Prefetch")], Caution::Prefetch)]
#[case("GET", &[("PURPOSE", "preview")], Caution::Prefetch)]
#[case("GET", &[("Sec-Purpose", "prefetch")], Caution::Prefetch)]
#[case("GET", &[("sec-purpose", "prefetch;prerender")], Caution::Prefetch)]
#[case("GET", &[("Sec-Purpose", "prefetch; anonymous-client-ip")], Caution::Prefetch)]
#[case("GET", &[("Sec-Purpose", "PRERENDER")], Caution::Prefetch)]
#[case("GET", &[("X-Purpose", "preview")], Caution::Prefetch)]
#[case("GET", &[("x-purpose", ": preview")], Caution::Prefetch)]
#[case("GET", &[("X-Moz", "prefetch")], Caution::Prefetch)]
#[case("GET", &[("x-moz", "PREFETCH")], Caution::Prefetch)]
#[case("GET", &[("Accept", "*/*"), ("Sec-Purpose", "prefetch")], Caution::Prefetch)]
#[case("GET", &[("Range", "bytes=0-1023")], Caution::Range)]
#[case("GET", &[("range", "")], Caution::Range)]
fn a_machine_that_says_so_changes_nothing(
    #[case] method: &str,
    #[case] headers: &[(&str, &str)],
    #[case] caution: Caution,
) {
    let opening = request(method, CheckinLink::Paid, NOON, headers);
    assert_eq!(judged(&sent(), &opening), Verdict::Confirm(caution));
    let after_an_answer = answered(CheckinAnswer::StillPending, CheckinAnsweredBy::Link);
    assert_eq!(
        judged(&after_an_answer, &opening),
        Verdict::AlreadyAnswered,
        "nor does it take anything back"
    );
}

#[rstest]
#[case(&[("Purpose", "navigation")])]
#[case(&[("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-User", "?1")])]
#[case(&[("X-Purpose", "")])]
#[case(&[("If-Range", "abc")])]
fn what_a_browser_sends_for_a_person_is_believed(#[case] headers: &[(&str, &str)]) {
    assert_eq!(judged(&sent(), &request("GET", CheckinLink::Paid, NOON, headers)), Verdict::Effect);
}

#[rstest]
#[case::nothing(&[])]
#[case::a_page_alone(&[("Sec-Fetch-Dest", "document")])]
#[case::a_navigation_alone(&[("Sec-Fetch-Mode", "navigate")])]
#[case::a_script(&[("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")])]
#[case::a_picture(&[("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")])]
#[case::a_frame(&[("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")])]
fn what_does_not_look_like_the_navigation_of_a_person_waits_for_a_button(#[case] headers: &[(&str, &str)]) {
    let agent = ("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36");
    let headers: Vec<_> = headers.iter().copied().chain([agent]).collect();
    let opening = bare("GET", CheckinLink::Paid, NOON, &headers);
    assert_eq!(judged(&sent(), &opening), Verdict::Confirm(Caution::NoNavigation));
}

#[rstest]
#[case("Barracuda Sentinel (EE)")]
#[case("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")]
#[case("python-requests/2.32.3")]
#[case("")]
fn a_known_agent_waits_for_a_button_whatever_else_it_sends(#[case] agent: &str) {
    let headers = [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"), ("User-Agent", agent)];
    let opening = bare("GET", CheckinLink::Paid, NOON, &headers);
    assert_eq!(judged(&sent(), &opening), Verdict::Confirm(Caution::Agent));
}

#[rstest]
#[case::at_once(seconds(0), Verdict::Undo)]
#[case::a_second_before_the_end_of_the_suspect_time(seconds(59), Verdict::Undo)]
#[case::at_the_end_of_the_suspect_time(seconds(60), Verdict::Undo)]
#[case::a_second_after_the_suspect_time(seconds(61), Verdict::AlreadyAnswered)]
#[case::by_a_clock_that_is_behind(seconds(-3), Verdict::Undo)]
fn the_other_link_takes_an_answer_by_link_back_within_the_suspect_time(
    #[case] after: Duration,
    #[case] expected: Verdict,
    #[values(CheckinAnswer::Paid, CheckinAnswer::StillPending)] first: CheckinAnswer,
) {
    let other = match first {
        CheckinAnswer::Paid => CheckinLink::Pending,
        CheckinAnswer::StillPending => CheckinLink::Paid,
    };
    let task = answered(first, CheckinAnsweredBy::Link);
    assert_eq!(judged(&task, &opened(other, NOON + after)), expected);
    assert_eq!(judged(&task, &opened(first.into(), NOON + after)), Verdict::AlreadyAnswered, "the same link");
    let by_button = answered(first, CheckinAnsweredBy::Button);
    assert_eq!(
        judged(&by_button, &opened(other, NOON + after)),
        Verdict::AlreadyAnswered,
        "a person answered"
    );
}

#[test]
fn an_answer_at_the_very_end_of_the_life_is_taken_back_after_it_too() {
    let task = CheckinTask {
        answered_at: Some(EXPIRES_AT - seconds(1)),
        ..answered(CheckinAnswer::Paid, CheckinAnsweredBy::Link)
    };
    assert_eq!(judged(&task, &opened(CheckinLink::Pending, EXPIRES_AT + seconds(30))), Verdict::Undo);
}

#[rstest]
fn once_both_links_were_opened_only_a_button_is_believed(
    #[values(CheckinLink::Paid, CheckinLink::Pending)] link: CheckinLink,
) {
    let task = CheckinTask { suspect_since: Some(NOON), ..sent() };
    let later = NOON + seconds(3_600);
    assert_eq!(judged(&task, &opened(link, later)), Verdict::Confirm(Caution::Suspect));
    assert!(task.takes_answers(later));
}

#[rstest]
#[case::a_moment_ago(seconds(1), Verdict::Confirm(Caution::OtherLink))]
#[case::at_the_end_of_the_suspect_time(seconds(60), Verdict::Confirm(Caution::OtherLink))]
#[case::before_the_suspect_time(seconds(61), Verdict::Effect)]
fn a_scanner_that_begins_in_the_quiet_time_and_ends_after_it_answers_nothing(
    #[case] before: Duration,
    #[case] expected: Verdict,
) {
    let opening = opened(CheckinLink::Pending, NOON);
    assert_eq!(verdict(&sent(), &opening, Some(NOON - before), &CheckinRules::default()), expected);
}

#[test]
fn operations_can_widen_the_quiet_and_the_suspect_time() {
    let rules = CheckinRules { quiet: seconds(120), suspect: seconds(300), ..CheckinRules::default() };
    let soon = opened(CheckinLink::Paid, SENT_AT + seconds(119));
    assert_eq!(verdict(&sent(), &soon, None, &rules), Verdict::Confirm(Caution::TooSoon));
    let task = answered(CheckinAnswer::Paid, CheckinAnsweredBy::Link);
    assert_eq!(
        verdict(&task, &opened(CheckinLink::Pending, NOON + seconds(300)), None, &rules),
        Verdict::Undo
    );
}

#[test]
fn what_a_program_calls_itself_is_kept_to_500_characters() {
    let agent = format!("Mozilla\0/5.0\r\n {}", "é".repeat(600));
    let opening = request("GET", CheckinLink::Page, NOON, &[("user-agent", &agent)]);
    assert_eq!(opening.user_agent.chars().count(), 500);
    assert!(opening.user_agent.starts_with("Mozilla/5.0 é"));
}

#[test]
fn every_verdict_is_kept_under_a_name_that_the_database_takes() {
    let cautions = [
        Caution::Head,
        Caution::Prefetch,
        Caution::Range,
        Caution::Agent,
        Caution::NoNavigation,
        Caution::TooSoon,
        Caution::OtherLink,
        Caution::Suspect,
    ];
    let others = [Verdict::Effect, Verdict::Undo, Verdict::AlreadyAnswered, Verdict::Expired];
    let mut names: Vec<&str> =
        cautions.into_iter().map(Verdict::Confirm).chain(others).map(Verdict::as_str).collect();
    assert!(names.iter().all(|name| name.chars().all(|letter| letter == '_' || letter.is_ascii_lowercase())));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 12);
}

proptest::proptest! {
    #[test]
    fn nothing_but_a_plain_request_within_the_life_ever_counts(
        after in -100i64..100_000, is_head: bool, is_prefetch: bool, is_range: bool, suspect: bool,
    ) {
        let task = CheckinTask { suspect_since: suspect.then_some(NOON), ..sent() };
        let mut opening = opened(CheckinLink::Paid, SENT_AT + seconds(after));
        opening.is_prefetch = is_prefetch;
        opening.is_range = is_range;
        if is_head {
            opening.method = "HEAD".to_owned();
        }
        let counts = !(is_head || is_prefetch || is_range || suspect) && (30..86_400).contains(&after);
        proptest::prop_assert_eq!(judged(&task, &opening) == Verdict::Effect, counts);
    }
}
