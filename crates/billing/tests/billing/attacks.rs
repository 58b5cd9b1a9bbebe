//! One company cannot change what another has.

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
    // A customer that nobody here knows, with the metadata of a company that has another.
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
    assert_eq!(company.deliver(&company.created(later, &theirs), later).await, EventOutcome::Applied);
    assert_eq!(company.subscription_of(neighbour).await.plan, BillingPlan::Business);
    assert_eq!(company.subscription().await.plan, BillingPlan::Pro);
}
