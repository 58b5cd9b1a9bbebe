//! The effect of each kind of event.

use rubis_billing::{BillingCycle, BillingPlan, EventOutcome, TrialRecap, record_recap_sent};
use rubis_jobs::{Job as _, Queue};
use rubis_stripe::SubscriptionStatus;
use serde_json::json;
use time::Duration;

use crate::company::{Company, TRIAL_END, TUESDAY, event};

#[tokio::test]
async fn a_subscription_that_is_created_is_on_record() {
    let company = Company::on_trial().await;
    let subscription = company.subscription().await;
    assert_eq!(subscription.plan, BillingPlan::Pro);
    assert_eq!(subscription.cycle, Some(BillingCycle::Monthly));
    assert_eq!(subscription.status, Some(SubscriptionStatus::Trialing));
    assert_eq!(subscription.trial_ends_at, Some(TRIAL_END));
    assert_eq!(subscription.current_period_end, Some(TRIAL_END));
    assert_eq!(subscription.customer, Some("cus_1".into()));
    assert_eq!(company.outcomes().await, ["applied"]);
    assert!(company.jobs().await.is_empty());
}

#[tokio::test]
async fn both_places_of_the_end_of_the_period_are_read() {
    let company = Company::new().await;
    let mut told = company.paid().object();
    told.as_object_mut().unwrap().remove("current_period_end");
    let end = TUESDAY + Duration::days(31);
    told["items"]["data"][0]["current_period_end"] = end.unix_timestamp().into();
    let created = event("customer.subscription.created", TUESDAY, told);
    assert_eq!(company.deliver_confirmed(&created, TUESDAY).await, EventOutcome::Applied);
    assert_eq!(company.subscription().await.current_period_end, Some(end));
}

#[tokio::test]
async fn an_update_changes_plan_cycle_and_whether_it_ends() {
    let company = Company::paying().await;
    let later = TUESDAY + Duration::days(2);
    let told = company.paid().price("rubis_business_yearly").set("cancel_at_period_end", true);
    let updated = company.updated(later, &told);
    assert_eq!(company.deliver_confirmed(&updated, later).await, EventOutcome::Applied);
    let subscription = company.subscription().await;
    assert_eq!(subscription.plan, BillingPlan::Business);
    assert_eq!(subscription.cycle, Some(BillingCycle::Yearly));
    assert!(subscription.cancel_at_period_end);
}

#[tokio::test]
async fn a_deletion_leads_back_to_free_and_keeps_that_there_was_a_trial() {
    let company = Company::on_trial().await;
    let later = TUESDAY + Duration::days(2);
    // As in old versions, the object of a deletion may have any content.
    assert_eq!(company.end(later, &company.trial()).await, EventOutcome::Applied);
    let subscription = company.subscription().await;
    assert_eq!((subscription.plan, subscription.cycle), (BillingPlan::Free, None));
    assert_eq!(subscription.status, Some(SubscriptionStatus::Canceled));
    assert_eq!(subscription.trial_ends_at, Some(TRIAL_END));
    assert_eq!(subscription.current_period_end, None);
}

#[tokio::test]
async fn a_completed_checkout_lets_stripe_be_asked_for_its_subscription() {
    let company = Company::new().await;
    let session = json!({
        "id": "cs_1", "object": "checkout.session", "customer": "cus_1", "subscription": "sub_1",
        "metadata": { "organization_id": company.id, "plan": "pro", "is_trial": "true" },
    });
    let completed = event("checkout.session.completed", TUESDAY, session);
    let now = TUESDAY + Duration::seconds(1);
    assert_eq!(company.deliver_asking(&completed, &company.trial(), now).await, EventOutcome::Applied);
    assert_eq!(company.subscription().await.trial_ends_at, Some(TRIAL_END));
}

#[tokio::test]
async fn a_completed_checkout_of_a_subscription_that_is_known_changes_nothing() {
    let company = Company::on_trial().await;
    let session = json!({
        "id": "cs_1", "customer": "cus_1", "subscription": "sub_1", "metadata": { "organization_id": company.id },
    });
    let completed = event("checkout.session.completed", TUESDAY, session);
    assert_eq!(company.deliver(&completed, TUESDAY).await, EventOutcome::Unchanged);
}

#[tokio::test]
async fn a_failed_payment_marks_the_subscription_and_mails_the_owner_once_for_an_invoice() {
    let company = Company::paying().await;
    let failed_at = TUESDAY + Duration::days(30);
    let failed = company.payment_failed(failed_at, "in_1");
    let heard_at = failed_at + Duration::hours(9);
    let past_due = company.paid().set("status", "past_due");
    assert_eq!(company.deliver_asking(&failed, &past_due, heard_at).await, EventOutcome::Applied);
    let subscription = company.subscription().await;
    assert_eq!(subscription.status, Some(SubscriptionStatus::PastDue));
    assert_eq!(subscription.past_due_since, Some(failed_at), "whenever that is heard of");
    assert_eq!(company.jobs().await, ["payment-failed:in_1"]);

    // The mail was sent, and Stripe tries the same invoice again.
    let job = ["payment-failed:in_1".parse().unwrap()];
    rubis_jobs::cancel(&mut *company.conn().await, &job).await.unwrap();
    let again_at = failed_at + Duration::days(3);
    assert_eq!(company.fail_payment(again_at, "in_1").await, EventOutcome::Applied);
    assert!(company.jobs().await.is_empty());
    assert_eq!(company.subscription().await.past_due_since, Some(failed_at), "the grace does not begin anew");

    company.fail_payment(again_at + Duration::days(30), "in_2").await;
    assert_eq!(company.jobs().await, ["payment-failed:in_2"]);
}

#[tokio::test]
async fn the_first_payment_of_a_subscription_that_never_began_is_no_missing_one() {
    let company = Company::new().await;
    let told = company.paid().set("status", "incomplete");
    company.deliver_confirmed(&company.created(TUESDAY, &told), TUESDAY).await;
    let later = TUESDAY + Duration::minutes(1);
    let failed = company.payment_failed(later, "in_1");
    assert_eq!(company.deliver(&failed, later).await, EventOutcome::Unchanged);
    assert_eq!(company.subscription().await.status, Some(SubscriptionStatus::Incomplete));
    assert!(company.jobs().await.is_empty());
}

#[tokio::test]
async fn a_payment_that_came_in_lets_stripe_be_asked_how_things_are() {
    let company = Company::paying().await;
    let failed_at = TUESDAY + Duration::days(30);
    company.fail_payment(failed_at, "in_1").await;
    let paid_at = failed_at + Duration::days(1);
    let paid = event("invoice.paid", paid_at, company.invoice("in_1"));
    assert_eq!(company.deliver_asking(&paid, &company.paid(), paid_at).await, EventOutcome::Applied);
    let subscription = company.subscription().await;
    assert_eq!(subscription.status, Some(SubscriptionStatus::Active));
    assert_eq!(subscription.past_due_since, None);

    let next = event("invoice.paid", paid_at + Duration::days(30), company.invoice("in_2"));
    assert_eq!(company.deliver(&next, paid_at + Duration::days(30)).await, EventOutcome::Unchanged);
}

#[tokio::test]
async fn the_end_of_a_trial_asks_for_its_recap_once_however_often_it_is_reported() {
    let company = Company::on_trial().await;
    let reported_at = TRIAL_END - Duration::days(3);
    let told = company.trial_will_end(reported_at, &company.trial());
    assert_eq!(company.deliver(&told, reported_at).await, EventOutcome::Applied);
    assert_eq!(company.jobs().await, ["trial-recap:sub_1"]);
    assert_eq!(company.deliver(&told, reported_at).await, EventOutcome::Duplicate);

    // The mail was sent, and another event reports the same failure.
    let job = TrialRecap { organization_id: company.id, subscription_id: "sub_1".into() };
    let (queue, lease_for) = (Queue::Billing, std::time::Duration::from_secs(60));
    let mut conn = company.conn().await;
    let claimed =
        rubis_jobs::claim(&mut conn, queue, &[job.id()], lease_for, Some(reported_at)).await.unwrap();
    record_recap_sent(&mut conn, &job, &claimed[0].lease, reported_at).await.unwrap();
    let again = company.trial_will_end(reported_at + Duration::hours(1), &company.trial());
    assert_eq!(company.deliver(&again, reported_at + Duration::hours(1)).await, EventOutcome::Applied);
    assert!(company.jobs().await.is_empty());
}

#[tokio::test]
async fn a_trial_that_will_not_be_charged_gets_no_recap() {
    let company = Company::on_trial().await;
    let cancelled_at = TUESDAY + Duration::days(5);
    let cancelled = company.trial().set("cancel_at_period_end", true);
    company.deliver(&company.updated(cancelled_at, &cancelled), cancelled_at).await;
    let reported_at = TRIAL_END - Duration::days(3);
    company.deliver(&company.trial_will_end(reported_at, &cancelled), reported_at).await;
    assert!(company.jobs().await.is_empty());

    let paying = Company::paying().await;
    paying.deliver(&paying.trial_will_end(reported_at, &paying.paid()), reported_at).await;
    assert!(paying.jobs().await.is_empty());
}

#[tokio::test]
async fn a_late_notice_of_the_end_of_a_trial_asks_for_the_recap_all_the_same() {
    let company = Company::on_trial().await;
    let reported_at = TRIAL_END - Duration::days(3);
    let later = reported_at + Duration::hours(2);
    company.deliver(&company.updated(later, &company.trial()), later).await;
    let late = company.trial_will_end(reported_at, &company.trial());
    assert_eq!(company.deliver(&late, later).await, EventOutcome::Stale);
    assert_eq!(company.jobs().await, ["trial-recap:sub_1"]);
}

#[tokio::test]
async fn a_notice_that_comes_after_the_end_of_the_trial_asks_for_nothing() {
    let company = Company::on_trial().await;
    let told = company.trial_will_end(TRIAL_END - Duration::days(3), &company.trial());
    company.deliver(&told, TRIAL_END + Duration::hours(1)).await;
    assert!(company.jobs().await.is_empty());
}

#[tokio::test]
async fn events_of_other_kinds_are_put_on_record_and_do_nothing() {
    let company = Company::on_trial().await;
    let before = company.subscription().await;
    let other = event("customer.updated", TUESDAY, json!({ "id": "cus_1", "object": "customer" }));
    assert_eq!(company.deliver(&other, TUESDAY).await, EventOutcome::Ignored);
    assert_eq!(company.deliver(&other, TUESDAY).await, EventOutcome::Duplicate);
    // A single charge, which belongs to no subscription.
    let invoice = json!({ "id": "in_9", "customer": "cus_1", "amount_due": 500, "currency": "eur" });
    let single = event("invoice.payment_failed", TUESDAY, invoice);
    assert_eq!(company.deliver(&single, TUESDAY).await, EventOutcome::Ignored);
    assert_eq!(company.subscription().await, before);
}

#[tokio::test]
async fn the_organization_is_found_by_its_customer_where_no_metadata_names_it() {
    let company = Company::on_trial().await;
    let later = TUESDAY + Duration::days(14);
    let told = company.paid().set("metadata", json!({}));
    assert_eq!(company.deliver(&company.updated(later, &told), later).await, EventOutcome::Applied);
    assert_eq!(company.subscription().await.status, Some(SubscriptionStatus::Active));
}

#[tokio::test]
async fn an_organization_that_is_not_found_is_put_on_record() {
    let company = Company::new().await;
    let elsewhere = rubis_kernel::OrganizationId::new();
    let told = company.paid().set("metadata", json!({ "organization_id": elsewhere }));
    let created = company.created(TUESDAY, &told);
    assert_eq!(company.deliver(&created, TUESDAY).await, EventOutcome::UnknownOrganization);
    assert_eq!(company.outcomes().await, ["unknown_organization"]);
    assert!(EventOutcome::UnknownOrganization.is_suspicious());
}

#[tokio::test]
async fn an_event_that_found_nobody_is_judged_anew_when_it_is_delivered_again() {
    use diesel_async::RunQueryDsl;
    let company = Company::on_trial().await;
    let at = TUESDAY + Duration::days(1);
    let named = company.updated(at, &company.paid().set("metadata", json!({})));
    let customer = |id: &str| format!("UPDATE subscriptions SET stripe_customer_id = '{id}'");
    let mut conn = company.conn().await;
    diesel::sql_query(customer("cus_9")).execute(&mut conn).await.unwrap();
    for _ in 0..2 {
        assert_eq!(company.deliver(&named, at).await, EventOutcome::UnknownOrganization);
    }
    let conflicting = company.updated(at + Duration::SECOND, &company.paid());
    assert_eq!(company.deliver(&conflicting, at).await, EventOutcome::ConflictingOrganization);

    // Operations fix it, and have Stripe deliver both again.
    diesel::sql_query(customer("cus_1")).execute(&mut conn).await.unwrap();
    for event in [&named, &conflicting] {
        assert_eq!(company.deliver(event, at).await, EventOutcome::Applied);
        assert_eq!(company.deliver(event, at).await, EventOutcome::Duplicate);
    }
    assert_eq!(company.outcomes().await, ["applied"; 3]);
    assert_eq!(company.subscription().await.status, Some(SubscriptionStatus::Active));
}

#[tokio::test]
async fn only_what_is_unresolved_is_judged_anew() {
    let company = Company::new().await;
    for outcome in EventOutcome::ALL.iter().copied() {
        let other = event("customer.updated", TUESDAY, json!({ "id": outcome.as_str() }));
        company.deliver(&other, TUESDAY).await;
        let mut conn = company.conn().await;
        let record =
            format!("UPDATE stripe_events SET outcome = '{}' WHERE id = '{}'", outcome.as_str(), other.id);
        diesel_async::RunQueryDsl::execute(diesel::sql_query(record), &mut conn).await.unwrap();
        let expected = if outcome.is_unresolved() { EventOutcome::Ignored } else { EventOutcome::Duplicate };
        assert_eq!(company.deliver(&other, TUESDAY).await, expected, "{outcome:?}");
    }
}

#[tokio::test]
async fn an_organization_that_signed_up_with_the_release_before_gets_its_row() {
    use diesel_async::RunQueryDsl;
    let company = Company::new().await;
    diesel::sql_query("DELETE FROM subscriptions").execute(&mut *company.conn().await).await.unwrap();
    let created = company.created(TUESDAY, &company.paid());
    assert_eq!(company.deliver_confirmed(&created, TUESDAY).await, EventOutcome::Applied);
    assert_eq!(company.subscription().await.plan, BillingPlan::Pro);
}
