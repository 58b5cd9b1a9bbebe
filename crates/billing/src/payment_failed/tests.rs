//! The mail about a failed payment as its reader gets it.

use rubis_kernel::OrganizationId;
use time::macros::datetime;

use super::*;
use crate::{
    BillingPlan, PlanLimits,
    fixtures::{Product, organization, owner},
};

fn missing() -> Subscription {
    Subscription {
        plan: BillingPlan::Pro,
        status: Some(SubscriptionStatus::PastDue),
        past_due_since: Some(datetime!(2026-12-08 23:30 UTC)),
        ..Subscription::nothing_of(OrganizationId::new())
    }
}

fn mail(product: &Product) -> Email {
    compose(&product.terms(), &organization(), &owner(), &missing(), &"in_1".into())
}

#[test]
fn the_mail_about_a_failed_payment() {
    let mail = mail(&Product::new());
    assert_eq!(mail.subject, "Le paiement de votre abonnement Rubis Pro n’a pas abouti");
    assert!(mail.idempotency_key.starts_with("payment-failed/in_1/"), "{}", mail.idempotency_key);
    insta::assert_snapshot!("payment_failed_text", mail.text);
    insta::assert_snapshot!("payment_failed_html", mail.html.unwrap());
}

#[test]
fn what_the_free_plan_allows_is_told_as_it_is() {
    let told = |free| {
        let mut product = Product::new();
        product.rules.limits = PlanLimits { free, ..product.rules.limits };
        mail(&product).text
    };
    assert!(told(None).contains("les relances déjà en cours continuent."));
    assert!(told(Some(0)).contains("aucune autre facture n’est relancée"));
    assert!(told(Some(1)).contains("une facture à la fois"));
}
