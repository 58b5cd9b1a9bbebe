//! The order of events: the state never moves backwards, in whatever order they arrive.

use rubis_billing::{Applied, BillingPlan, EventOutcome, apply_event};
use rubis_stripe::{SubscriptionStatus, parse_subscription};
use time::Duration;

use crate::company::{Company, TRIAL_END, TUESDAY};

#[tokio::test]
async fn events_leave_the_same_state_in_either_order() {
    for forwards in [true, false] {
        let company = Company::on_trial().await;
        let first_at = TUESDAY + Duration::hours(1);
        let second_at = first_at + Duration::SECOND;
        let first = company.updated(first_at, &company.paid());
        let second = company.updated(second_at, &company.paid().price("rubis_business_yearly"));
        let now = second_at + Duration::SECOND;
        let outcomes = if forwards {
            [company.deliver(&first, now).await, company.deliver_confirmed(&second, now).await]
        } else {
            [company.deliver_confirmed(&second, now).await, company.deliver(&first, now).await]
        };
        let expected =
            if forwards { [EventOutcome::Applied; 2] } else { [EventOutcome::Applied, EventOutcome::Stale] };
        assert_eq!(outcomes, expected);
        assert_eq!(company.subscription().await.plan, BillingPlan::Business);
        assert_eq!(company.subscription().await.trial_ends_at, Some(TRIAL_END));
    }
}

#[tokio::test]
async fn a_deletion_that_comes_before_the_creation_stands() {
    let company = Company::new().await;
    let deleted_at = TUESDAY + Duration::days(1);
    company.end(deleted_at, &company.trial()).await;
    let late = company.created(TUESDAY, &company.trial());
    assert_eq!(company.deliver(&late, deleted_at).await, EventOutcome::Stale);
    let subscription = company.subscription().await;
    assert_eq!(subscription.status, Some(SubscriptionStatus::Canceled));
    assert_eq!(subscription.trial_ends_at, Some(TRIAL_END));
}

#[tokio::test]
async fn of_two_events_of_one_second_stripe_reports_which_counts() {
    let company = Company::on_trial().await;
    let at = TUESDAY + Duration::hours(1);
    company.deliver(&company.updated(at, &company.paid()), at).await;
    let other = company.updated(at, &company.paid().set("status", "past_due"));
    let now = at + Duration::SECOND;
    assert_eq!(company.deliver_asking(&other, &company.paid(), now).await, EventOutcome::Applied);
    assert_eq!(company.subscription().await.status, Some(SubscriptionStatus::Active));
}

#[tokio::test]
async fn an_event_that_happened_before_stripe_was_asked_does_not_undo_the_answer() {
    let company = Company::on_trial().await;
    let at = TUESDAY + Duration::hours(1);
    company.deliver(&company.updated(at, &company.paid()), at).await;
    let doubtful = company.updated(at, &company.paid().set("status", "past_due"));
    let asked_at = at + Duration::minutes(10);
    let now_business = company.paid().price("rubis_business_monthly");
    company.deliver_asking(&doubtful, &now_business, asked_at).await;
    let late = company.updated(at + Duration::minutes(2), &company.trial());
    assert_eq!(company.deliver(&late, asked_at + Duration::minutes(1)).await, EventOutcome::Stale);
    assert_eq!(company.subscription().await.plan, BillingPlan::Business);
}

#[tokio::test]
async fn an_answer_that_something_else_has_overtaken_is_asked_for_again() {
    let company = Company::on_trial().await;
    let at = TUESDAY + Duration::hours(1);
    company.deliver(&company.updated(at, &company.paid()), at).await;
    let doubtful = company.updated(at, &company.paid().set("status", "past_due"));
    let mut conn = company.conn().await;
    let Applied::Ask(question) = apply_event(&mut conn, &doubtful, None, at).await.unwrap() else {
        panic!("Stripe has to be asked");
    };
    let before = question.answered(Some(parse_subscription(&company.paid().object()).unwrap()));
    // A later event arrives while Stripe answers, in the same second as far as the timestamps show.
    let meanwhile = company.deleted(at, &company.paid());
    assert_eq!(
        company.deliver_asking(&meanwhile, &company.paid().set("status", "canceled"), at).await,
        EventOutcome::Applied
    );
    let applied = apply_event(&mut conn, &doubtful, Some(&before), at).await.unwrap();
    let Applied::Ask(again) = applied else { panic!("the old answer counted") };
    let after = question_answer(again, &company.paid().set("status", "canceled").object());
    let applied = apply_event(&mut conn, &doubtful, Some(&after), at).await.unwrap();
    assert_eq!(applied, Applied::Done(EventOutcome::Applied));
    assert_eq!(company.subscription().await.status, Some(SubscriptionStatus::Canceled));
}

fn question_answer(question: rubis_billing::Question, object: &serde_json::Value) -> rubis_billing::Answer {
    question.answered(Some(parse_subscription(object).unwrap()))
}

#[tokio::test]
async fn what_happens_to_an_old_subscription_leaves_the_new_one_alone() {
    let company = Company::on_trial().await;
    let ended_at = TUESDAY + Duration::days(20);
    company.end(ended_at, &company.trial()).await;
    // The organization subscribes again, to Business.
    let again_at = TUESDAY + Duration::days(40);
    let second = company.paid().set("id", "sub_2").price("rubis_business_monthly").with("created", again_at);
    let created = company.created(again_at, &second);
    assert_eq!(company.deliver_asking(&created, &second, again_at).await, EventOutcome::Applied);
    assert_eq!(company.subscription().await.plan, BillingPlan::Business);

    let now = again_at + Duration::hours(1);
    for late in [
        company.updated(ended_at - Duration::HOUR, &company.paid()),
        company.deleted(now, &company.trial()),
        company.updated(now, &company.paid().set("status", "canceled")),
    ] {
        assert_eq!(company.deliver(&late, now).await, EventOutcome::Superseded, "{}", late.id);
    }
    let subscription = company.subscription().await;
    assert_eq!(subscription.stripe_id, Some("sub_2".into()));
    assert_eq!(subscription.status, Some(SubscriptionStatus::Active));
    assert_eq!(subscription.trial_ends_at, Some(TRIAL_END), "the trial stays used");

    // A failed payment of the old subscription does not concern the new one.
    let failed = company.payment_failed(now, "in_1");
    let old = company.paid().set("status", "canceled");
    assert_eq!(company.deliver_asking(&failed, &old, now).await, EventOutcome::Superseded);
    assert!(company.jobs().await.is_empty());
}

#[tokio::test]
async fn a_late_event_does_not_bring_a_subscription_back_that_ended_before_the_last_one() {
    let company = Company::on_trial().await;
    let later = TUESDAY + Duration::days(40);
    let second = company.paid().set("id", "sub_2").with("created", later);
    company.end(later - Duration::DAY, &company.trial()).await;
    company.deliver_asking(&company.created(later, &second), &second, later).await;
    let end = later + Duration::days(1);
    company.end(end, &second).await;

    // The event says that the first one is paid, as it once was; Stripe answers that it is not.
    let late = company.updated(TUESDAY + Duration::days(14), &company.paid());
    let truth = company.paid().set("status", "canceled");
    assert_eq!(company.deliver_asking(&late, &truth, end).await, EventOutcome::Superseded);
    assert_eq!(company.subscription().await.plan, BillingPlan::Free);
    assert_eq!(company.subscription().await.stripe_id, Some("sub_2".into()));
}

#[tokio::test]
async fn of_two_subscriptions_that_are_charged_the_later_counts_and_operations_are_reported() {
    let company = Company::on_trial().await;
    let later = TUESDAY + Duration::minutes(5);
    let second = company.paid().set("id", "sub_2").with("created", later);
    let created = company.created(later, &second);
    assert_eq!(company.deliver_asking(&created, &second, later).await, EventOutcome::SecondSubscription);
    assert_eq!(company.subscription().await.stripe_id, Some("sub_2".into()));
    assert!(EventOutcome::SecondSubscription.is_suspicious());
}

#[tokio::test]
async fn a_subscription_that_stripe_does_not_know_changes_nothing() {
    let company = Company::on_trial().await;
    let before = company.subscription().await;
    let second = company.paid().set("id", "sub_2").with("created", TUESDAY + Duration::DAY);
    let created = company.created(TUESDAY + Duration::DAY, &second);
    let now = TUESDAY + Duration::DAY;
    let mut conn = company.conn().await;
    let Applied::Ask(question) = apply_event(&mut conn, &created, None, now).await.unwrap() else {
        panic!("Stripe has to be asked");
    };
    let applied = apply_event(&mut conn, &created, Some(&question.answered(None)), now).await.unwrap();
    assert_eq!(applied, Applied::Done(EventOutcome::UnknownSubscription));
    assert_eq!(company.subscription().await, before);
}

#[tokio::test]
async fn a_failed_payment_and_the_update_that_goes_with_it_come_in_either_order() {
    for update_first in [true, false] {
        let company = Company::paying().await;
        let at = TUESDAY + Duration::days(30);
        let past_due = company.paid().set("status", "past_due");
        let (updated, failed) = (company.updated(at, &past_due), company.payment_failed(at, "in_1"));
        if update_first {
            company.deliver(&updated, at).await;
            company.deliver_asking(&failed, &past_due, at).await;
        } else {
            company.deliver_asking(&failed, &past_due, at).await;
            company.deliver_asking(&updated, &past_due, at).await;
        }
        assert_eq!(company.subscription().await.status, Some(SubscriptionStatus::PastDue));
        assert_eq!(company.jobs().await, ["payment-failed:in_1"]);
    }
}

#[tokio::test]
async fn a_failed_payment_does_not_make_the_change_before_it_look_old() {
    let company = Company::paying().await;
    let changed_at = TUESDAY + Duration::days(30);
    let failed_at = changed_at + Duration::SECOND;
    let business = company.paid().price("rubis_business_yearly").set("cancel_at_period_end", true);
    let past_due = business.clone().set("status", "past_due");
    // The delivery of the change failed, and it is repeated an hour later.
    let failed = company.payment_failed(failed_at, "in_1");
    assert_eq!(company.deliver_asking(&failed, &past_due, failed_at).await, EventOutcome::Applied);
    let again_at = changed_at + Duration::HOUR;
    let changed = company.updated(changed_at, &business);
    assert_eq!(company.deliver_asking(&changed, &past_due, again_at).await, EventOutcome::Applied);
    let subscription = company.subscription().await;
    assert_eq!(subscription.plan, BillingPlan::Business);
    assert!(subscription.cancel_at_period_end);
    assert_eq!(subscription.status, Some(SubscriptionStatus::PastDue));
    assert_eq!(subscription.past_due_since, Some(failed_at));
}

#[tokio::test]
async fn a_failed_payment_of_a_subscription_that_is_paid_meanwhile_changes_nothing_and_mails_nobody() {
    let company = Company::paying().await;
    let at = TUESDAY + Duration::days(30);
    let failed = company.payment_failed(at, "in_1");
    let heard_at = at + Duration::HOUR;
    assert_eq!(company.deliver_asking(&failed, &company.paid(), heard_at).await, EventOutcome::Applied);
    assert_eq!(company.subscription().await.status, Some(SubscriptionStatus::Active));
    assert!(company.jobs().await.is_empty());
}

#[tokio::test]
async fn when_the_one_that_counts_ends_another_that_lives_takes_its_place() {
    let company = Company::paying().await;
    let later = TUESDAY + Duration::minutes(5);
    let second = company.paid().set("id", "sub_2").price("rubis_business_monthly").with("created", later);
    company.deliver_asking(&company.created(later, &second), &second, later).await;

    let ended_at = later + Duration::DAY;
    let ended = second.clone().set("status", "canceled");
    let strangers = company.paid().set("id", "sub_3").set("customer", "cus_9").with("created", ended_at);
    let others = [ended.clone(), strangers, company.paid()];
    let deleted = company.deleted(ended_at, &second);
    let outcome = company.deliver_asking_beside(&deleted, &ended, &others, ended_at).await;
    assert_eq!(outcome, EventOutcome::Applied);
    let subscription = company.subscription().await;
    assert_eq!(subscription.stripe_id, Some("sub_1".into()));
    assert_eq!(subscription.plan, BillingPlan::Pro);
}
