//! Events of one company, which cannot change another's subscription.

use rubis_billing::{BillingPlan, EventOutcome};
use serde_json::json;
use time::Duration;

use crate::company::{Company, TUESDAY, event};

#[tokio::test]
async fn metadata_that_names_another_company_changes_neither() {
    let company = Company::on_trial().await;
    let neighbour = company.neighbour().await;
    let before = (company.subscription().await, company.subscription_of(neighbour).await);

    let later = TUESDAY + Duration::days(1);
    let forged = company.paid().set("metadata", json!({ "organization_id": neighbour }));
    for event in [
        company.updated(later, &forged),
        company.deleted(later + Duration::SECOND, &forged),
        company.trial_will_end(later + Duration::SECOND, &forged),
    ] {
        let outcome = company.deliver(&event, later).await;
        assert_eq!(outcome, EventOutcome::ConflictingOrganization, "{}", event.id);
    }
    let session = json!({
        "id": "cs_1", "customer": "cus_1", "subscription": "sub_9", "metadata": { "organization_id": neighbour },
    });
    let completed = event("checkout.session.completed", later, session);
    assert_eq!(company.deliver(&completed, later).await, EventOutcome::ConflictingOrganization);

    assert_eq!((company.subscription().await, company.subscription_of(neighbour).await), before);
    assert!(company.jobs().await.is_empty());
}

#[tokio::test]
async fn another_customer_cannot_take_a_companys_place() {
    let company = Company::on_trial().await;
    let later = TUESDAY + Duration::days(1);
    // An unknown customer, with the metadata of a company that has another customer.
    let forged = company.paid().set("customer", "cus_9").set("id", "sub_9").with("created", later);
    let created = company.created(later, &forged);
    assert_eq!(company.deliver(&created, later).await, EventOutcome::ConflictingOrganization);
    assert_eq!(company.subscription().await.customer, Some("cus_1".into()));
    assert_eq!(company.subscription().await.stripe_id, Some("sub_1".into()));
}

#[tokio::test]
async fn an_answer_about_another_customers_subscription_is_not_taken_over() {
    let company = Company::on_trial().await;
    let later = TUESDAY + Duration::days(1);
    let session = json!({
        "id": "cs_1", "customer": "cus_1", "subscription": "sub_9",
        "metadata": { "organization_id": company.id },
    });
    let completed = event("checkout.session.completed", later, session);
    let theirs = company.paid().set("customer", "cus_9").set("id", "sub_9").with("created", later);
    let outcome = company.deliver_asking(&completed, &theirs, later).await;
    assert_eq!(outcome, EventOutcome::ConflictingOrganization);
    assert_eq!(company.subscription().await.stripe_id, Some("sub_1".into()));
}

#[tokio::test]
async fn each_company_keeps_its_own_subscription() {
    let company = Company::on_trial().await;
    let neighbour = company.neighbour().await;
    let later = TUESDAY + Duration::days(1);
    let theirs = crate::company::Told::new(neighbour, "active")
        .set("id", "sub_2")
        .set("customer", "cus_2")
        .price("rubis_business_yearly");
    assert_eq!(
        company.deliver_confirmed(&company.created(later, &theirs), later).await,
        EventOutcome::Applied
    );
    assert_eq!(company.subscription_of(neighbour).await.plan, BillingPlan::Business);
    assert_eq!(company.subscription().await.plan, BillingPlan::Pro);
}

#[tokio::test]
async fn a_subscription_that_stripe_does_not_know_is_linked_to_nobody() {
    let company = Company::new().await;
    let forged = company.paid().price("rubis_business_yearly");
    let created = company.created(TUESDAY, &forged);
    assert_eq!(company.deliver_asking_in_vain(&created, TUESDAY).await, EventOutcome::UnknownSubscription);
    let session = json!({
        "id": "cs_1", "customer": "cus_1", "subscription": "sub_1", "metadata": { "organization_id": company.id },
    });
    let completed = event("checkout.session.completed", TUESDAY, session);
    assert_eq!(company.deliver_asking_in_vain(&completed, TUESDAY).await, EventOutcome::UnknownSubscription);
    let before = company.subscription().await;
    assert_eq!((before.plan, before.customer, before.stripe_id), (BillingPlan::Free, None, None));

    // The control: it is linked once Stripe confirms it.
    assert_eq!(company.deliver_confirmed(&created, TUESDAY).await, EventOutcome::Applied);
    assert_eq!(company.subscription().await.plan, BillingPlan::Business);
}

#[tokio::test]
async fn another_organizations_subscription_is_linked_to_none_that_merely_names_it() {
    let company = Company::new().await;
    let neighbour = company.neighbour().await;
    let created = company.created(TUESDAY, &company.paid());
    for metadata in [json!({ "organization_id": neighbour }), json!({})] {
        let theirs = company.paid().set("metadata", metadata);
        let outcome = company.deliver_asking(&created, &theirs, TUESDAY).await;
        assert_eq!(
            outcome,
            EventOutcome::ConflictingOrganization,
            "what Stripe has does not name the company"
        );
        assert_eq!(company.subscription().await.plan, BillingPlan::Free);
    }
}

#[tokio::test]
async fn what_would_allow_more_is_asked_about_and_what_allows_less_is_not() {
    let company = Company::paying().await;
    let mut at = TUESDAY + Duration::days(1);
    for raising in [
        company.paid().price("rubis_business_monthly"),
        company.trial(),
        company.paid().set("status", "trialing").with("trial_end", TUESDAY + Duration::days(900)),
    ] {
        let outcome = company.deliver_asking(&company.updated(at, &raising), &company.paid(), at).await;
        assert_eq!(outcome, EventOutcome::Applied, "as Stripe has it");
        let known = company.subscription().await;
        assert_eq!((known.plan, known.is_in_trial(at)), (BillingPlan::Pro, false));
        at += Duration::days(1);
    }
    let past_due = company.paid().set("status", "past_due");
    assert_eq!(company.deliver(&company.updated(at, &past_due), at).await, EventOutcome::Applied);
    let since = company.subscription().await.past_due_since;
    at += Duration::days(1);
    let outcome = company.deliver_asking(&company.updated(at, &company.paid()), &past_due, at).await;
    assert_eq!(outcome, EventOutcome::Applied);
    assert_eq!(company.subscription().await.past_due_since, since, "the grace does not begin anew");
}
