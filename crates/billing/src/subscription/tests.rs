use rstest::rstest;
use time::macros::datetime;

use super::*;

const NOON: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

fn on_trial_until(end: OffsetDateTime) -> Subscription {
    Subscription {
        plan: BillingPlan::Pro,
        status: Some(SubscriptionStatus::Trialing),
        trial_ends_at: Some(end),
        ..Subscription::nothing_of(OrganizationId::new())
    }
}

fn in_state(status: SubscriptionStatus) -> Subscription {
    Subscription {
        plan: BillingPlan::Pro,
        status: Some(status),
        past_due_since: (status == SubscriptionStatus::PastDue).then_some(NOON),
        ..Subscription::nothing_of(OrganizationId::new())
    }
}

#[rstest]
#[case("a whole trial", Duration::days(14), 14)]
#[case("a second less", Duration::days(14) - Duration::SECOND, 14)]
#[case("a second more than thirteen days", Duration::days(13) + Duration::SECOND, 14)]
#[case("thirteen days", Duration::days(13), 13)]
#[case("a day", Duration::DAY, 1)]
#[case("a second", Duration::SECOND, 1)]
#[case("a nanosecond", Duration::NANOSECOND, 1)]
#[case("nothing", Duration::ZERO, 0)]
#[case("over since a second", -Duration::SECOND, 0)]
fn the_days_that_remain_are_rounded_up(#[case] _left: &str, #[case] left: Duration, #[case] days: u32) {
    let subscription = on_trial_until(NOON + left);
    assert_eq!(subscription.trial_days_remaining(NOON), days);
    assert_eq!(subscription.is_in_trial(NOON), days > 0);
}

#[test]
fn a_day_of_a_trial_has_24_hours_when_the_clocks_change() {
    // In Paris the clocks go back on 25 October 2026: that day has 25 hours, and the trial ends at another time of
    // day than it began.
    let (begin, end) = (datetime!(2026-10-20 10:00 +02:00), datetime!(2026-11-03 09:00 +01:00));
    assert_eq!(end - begin, Duration::days(14));
    let subscription = on_trial_until(end);
    assert_eq!(subscription.trial_days_remaining(begin), 14);
    assert_eq!(subscription.trial_days_remaining(datetime!(2026-10-25 00:00 +02:00)), 10);
    assert_eq!(subscription.trial_days_remaining(datetime!(2026-10-25 10:00 +01:00)), 9);
    assert_eq!(subscription.trial_days_remaining(datetime!(2026-10-25 09:00 +01:00)), 9);
    assert_eq!(subscription.trial_days_remaining(datetime!(2026-10-25 08:59 +01:00)), 10);
}

#[test]
fn a_trial_has_no_limit_until_the_instant_it_ends() {
    let rules = BillingRules::default();
    let subscription = on_trial_until(NOON);
    assert_eq!(subscription.invoice_limit(&rules, NOON - Duration::NANOSECOND), None);
    assert_eq!(subscription.invoice_limit(&rules, NOON), Some(100));
}

#[rstest]
#[case(SubscriptionStatus::Trialing, BillingPlan::Pro)]
#[case(SubscriptionStatus::Active, BillingPlan::Pro)]
#[case(SubscriptionStatus::PastDue, BillingPlan::Pro)]
#[case(SubscriptionStatus::Canceled, BillingPlan::Free)]
#[case(SubscriptionStatus::Incomplete, BillingPlan::Free)]
#[case(SubscriptionStatus::IncompleteExpired, BillingPlan::Free)]
#[case(SubscriptionStatus::Unpaid, BillingPlan::Free)]
#[case(SubscriptionStatus::Paused, BillingPlan::Free)]
fn the_state_decides_whose_rights_one_has(#[case] status: SubscriptionStatus, #[case] expected: BillingPlan) {
    assert_eq!(in_state(status).effective_plan(&BillingRules::default(), NOON), expected);
}

#[test]
fn a_missing_payment_leaves_the_plan_its_limit_for_the_grace() {
    let rules = BillingRules::default();
    let subscription = in_state(SubscriptionStatus::PastDue);
    let end = NOON + Duration::days(7);
    assert_eq!(subscription.grace_ends_at(&rules), Some(end));
    assert_eq!(subscription.invoice_limit(&rules, end - Duration::SECOND), Some(100));
    assert_eq!(subscription.invoice_limit(&rules, end), Some(2));
}

#[test]
fn who_never_subscribed_has_the_limit_of_free() {
    let nothing = Subscription::nothing_of(OrganizationId::new());
    assert_eq!(nothing.invoice_limit(&BillingRules::default(), NOON), Some(2));
    assert_eq!(nothing.invoice_limit(&BillingRules::without_limits(), NOON), None);
    assert!(!nothing.is_live());
}

#[test]
fn only_a_trial_that_will_be_charged_awaits_its_recap() {
    let trial = on_trial_until(NOON + Duration::days(3));
    assert!(trial.awaits_recap(NOON));
    assert!(!Subscription { cancel_at_period_end: true, ..trial.clone() }.awaits_recap(NOON));
    assert!(!Subscription { status: Some(SubscriptionStatus::Active), ..trial.clone() }.awaits_recap(NOON));
    assert!(!trial.awaits_recap(NOON + Duration::days(3)));
    assert!(!Subscription::nothing_of(OrganizationId::new()).awaits_recap(NOON));
}
