use std::collections::BTreeMap;

use rubis_kernel::OrganizationId;
use time::{Duration, OffsetDateTime, macros::datetime};

use super::*;

const NOON: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

fn at(at: OffsetDateTime) -> StateMark {
    StateMark { at, fetched: false }
}

fn reported(id: &str, status: SubscriptionStatus) -> StripeSubscription {
    StripeSubscription {
        id: id.into(),
        customer: "cus_1".into(),
        status,
        lookup_key: Some("rubis_pro_monthly".to_owned()),
        charge: None,
        current_period_end: Some(NOON + Duration::days(30)),
        cancel_at_period_end: false,
        trial_end: None,
        created: NOON,
        metadata: BTreeMap::new(),
    }
}

fn having(snapshot: &StripeSubscription) -> Subscription {
    let mut subscription = Subscription::nothing_of(OrganizationId::new());
    subscription.take_over(snapshot, at(NOON));
    subscription
}

#[test]
fn what_stripe_says_is_what_one_has() {
    let trial_end = Some(NOON + Duration::days(14));
    let subscription =
        having(&StripeSubscription { trial_end, ..reported("sub_1", SubscriptionStatus::Trialing) });
    assert_eq!(subscription.plan, BillingPlan::Pro);
    assert_eq!(subscription.cycle, Some(BillingCycle::Monthly));
    assert_eq!(subscription.status, Some(SubscriptionStatus::Trialing));
    assert_eq!(subscription.trial_ends_at, trial_end);
    assert_eq!(subscription.customer, Some("cus_1".into()));
    assert_eq!((subscription.state, subscription.revision), (Some(at(NOON)), 1));
}

#[test]
fn an_end_leads_back_to_free_and_keeps_that_there_was_a_trial() {
    let trial_end = Some(NOON + Duration::days(14));
    let mut subscription =
        having(&StripeSubscription { trial_end, ..reported("sub_1", SubscriptionStatus::Trialing) });
    subscription.take_over(&reported("sub_1", SubscriptionStatus::Canceled), at(NOON + Duration::DAY));
    assert_eq!((subscription.plan, subscription.cycle), (BillingPlan::Free, None));
    assert_eq!(subscription.trial_ends_at, trial_end);
    assert_eq!(subscription.stripe_id, Some("sub_1".into()), "a late event about it is recognised");
    assert!(!subscription.is_in_trial(NOON));
}

#[test]
fn a_payment_is_missing_since_it_first_failed() {
    let mut subscription = having(&reported("sub_1", SubscriptionStatus::Active));
    subscription.take_over(&reported("sub_1", SubscriptionStatus::PastDue), at(NOON + Duration::days(1)));
    subscription.take_over(&reported("sub_1", SubscriptionStatus::PastDue), at(NOON + Duration::days(3)));
    assert_eq!(subscription.past_due_since, Some(NOON + Duration::days(1)));
    subscription.take_over(&reported("sub_1", SubscriptionStatus::Active), at(NOON + Duration::days(4)));
    assert_eq!(subscription.past_due_since, None);
}

#[test]
fn a_price_that_lost_its_lookup_key_leaves_the_plan_as_it_was() {
    let keyless = StripeSubscription { lookup_key: None, ..reported("sub_1", SubscriptionStatus::Active) };
    let mut subscription = having(&reported("sub_1", SubscriptionStatus::Active));
    subscription.take_over(&keyless, at(NOON + Duration::DAY));
    assert_eq!((subscription.plan, subscription.cycle), (BillingPlan::Pro, Some(BillingCycle::Monthly)));

    let metadata = BTreeMap::from([("plan".to_owned(), "business".to_owned())]);
    let named = having(&StripeSubscription { metadata, ..keyless.clone() });
    assert_eq!((named.plan, named.cycle), (BillingPlan::Business, None), "else the metadata tells");
    assert_eq!(having(&keyless).plan, BillingPlan::Free, "and a price of another product is none of ours");
}

#[test]
fn a_live_subscription_gives_way_to_a_later_one_that_lives_and_to_no_other() {
    let live = having(&reported("sub_1", SubscriptionStatus::Active));
    let other = |status, after| StripeSubscription { created: NOON + after, ..reported("sub_2", status) };
    assert!(live.gives_way_to(&other(SubscriptionStatus::Trialing, Duration::DAY)));
    assert!(!live.gives_way_to(&other(SubscriptionStatus::Active, -Duration::DAY)));
    assert!(!live.gives_way_to(&other(SubscriptionStatus::Active, Duration::ZERO)));
    assert!(!live.gives_way_to(&other(SubscriptionStatus::Canceled, Duration::DAY)));
    assert!(!live.gives_way_to(&other(SubscriptionStatus::Incomplete, Duration::DAY)));

    let ended = having(&reported("sub_1", SubscriptionStatus::Canceled));
    assert!(ended.gives_way_to(&other(SubscriptionStatus::Active, -Duration::DAY)));
    assert!(ended.gives_way_to(&other(SubscriptionStatus::Incomplete, Duration::DAY)));
    assert!(!ended.gives_way_to(&other(SubscriptionStatus::Canceled, -Duration::DAY)));
}

#[test]
fn a_trial_that_is_made_longer_awaits_another_recap_and_one_that_is_reported_again_does_not() {
    let until = |days| StripeSubscription {
        trial_end: Some(NOON + Duration::days(days)),
        ..reported("sub_1", SubscriptionStatus::Trialing)
    };
    let mut subscription = having(&until(14));
    let now = NOON + Duration::days(11);
    (subscription.recap_queued_at, subscription.recap_sent_at) = (Some(now), Some(now));
    assert!(!subscription.awaits_recap(now));
    for same_or_shorter in [14, 13] {
        subscription.take_over(&until(same_or_shorter), at(now));
        assert_eq!((subscription.recap_queued_at, subscription.recap_sent_at), (Some(now), Some(now)));
    }
    subscription.take_over(&until(28), at(now));
    assert_eq!((subscription.recap_queued_at, subscription.recap_sent_at), (None, None));
    assert!(subscription.awaits_recap(now));
}
