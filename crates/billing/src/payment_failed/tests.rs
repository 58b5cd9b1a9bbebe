//! Tests of the mail about a failed payment as its reader sees it.

use rubis_kernel::OrganizationId;
use time::{Duration, macros::datetime};

use super::*;
use crate::{
    BillingPlan, PlanLimits,
    fixtures::{Product, organization, owner},
};

fn missing() -> Subscription {
    Subscription {
        plan: BillingPlan::Pro,
        status: Some(SubscriptionStatus::PastDue),
        past_due_since: Some(FAILED_AT),
        ..Subscription::nothing_of(OrganizationId::new())
    }
}

const FAILED_AT: OffsetDateTime = datetime!(2026-12-08 23:30 UTC);

/// Composes the mail at an instant, with Stripe's next attempt.
fn mail_at(product: &Product, now: OffsetDateTime, next_attempt_at: Option<OffsetDateTime>) -> Email {
    let job = PaymentFailedMail {
        organization_id: OrganizationId::new(),
        stripe_invoice_id: "in_1".into(),
        next_attempt_at,
    };
    compose(&product.terms(), &organization(), &owner(), &missing(), &job, now).unwrap()
}

fn mail(product: &Product) -> Email {
    mail_at(product, FAILED_AT, Some(FAILED_AT + Duration::days(3)))
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
fn what_the_free_plan_allows_is_reported_as_it_is() {
    let reported = |free| {
        let mut product = Product::new();
        product.rules.limits = PlanLimits { free, ..product.rules.limits };
        mail(&product).text
    };
    assert!(reported(None).contains("les relances déjà en cours continuent."));
    assert!(reported(Some(0)).contains("aucune autre facture n’est relancée"));
    assert!(reported(Some(1)).contains("une facture à la fois"));
}

#[test]
fn nothing_is_promised_of_a_grace_that_is_over() {
    let mut at_once = Product::new();
    at_once.rules.grace = Duration::ZERO;
    let later = FAILED_AT + Duration::days(8);
    for mail in [
        mail_at(&Product::new(), later, Some(later + Duration::DAY)),
        mail_at(&at_once, FAILED_AT, Some(later)),
    ] {
        let html = mail.html.unwrap();
        for reported in [&mail.text, &html] {
            assert!(
                !reported.contains("rien ne change") && !reported.contains("Passé cette date"),
                "{reported}"
            );
            assert!(
                reported.contains("Tant que le paiement manque, les limites de l’offre gratuite"),
                "{reported}"
            );
        }
        assert!(!html.contains("<strong></strong>"), "{html}");
    }
}

#[test]
fn a_payment_that_stripe_will_not_try_again_is_not_announced() {
    let given_up = mail_at(&Product::new(), FAILED_AT, None);
    let past = mail_at(&Product::new(), FAILED_AT, Some(FAILED_AT - Duration::HOUR));
    for mail in [given_up, past] {
        for reported in [mail.text, mail.html.unwrap()] {
            assert!(!reported.contains("Nous présenterons de nouveau"), "{reported}");
            assert!(reported.contains("réglez la facture en attente depuis la même page."), "{reported}");
        }
    }
}
