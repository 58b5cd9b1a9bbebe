//! Tests of the recap as its reader sees it.

use time::macros::datetime;

use super::*;
use crate::{
    BillingCycle, Offer, PaidPlan,
    fixtures::{Product, START, organization, owner},
};

fn trial() -> EndingTrial {
    EndingTrial {
        began_at: START,
        // Half past eleven in the evening of the 8th in Paris.
        ends_at: datetime!(2026-12-08 22:30 UTC),
        counted_until: datetime!(2026-12-05 22:30 UTC),
        offer: Some(Offer { plan: PaidPlan::Pro, cycle: BillingCycle::Monthly }),
    }
}

fn figures() -> RecapFigures {
    RecapFigures {
        invoices_imported: 12,
        relances_sent: 9,
        recovered: vec![Money::new(1_234_567, Currency::EUR)],
        rubis: 13,
    }
}

fn charge(interval: PriceInterval, amount_cents: i64) -> Option<Charge> {
    Some(Charge { amount_cents, currency: Currency::EUR, interval })
}

fn mail(trial: &EndingTrial, figures: &RecapFigures, charge: Option<Charge>) -> Email {
    let (product, organization, owner) = (Product::new(), organization(), owner());
    let recap = Recap {
        organization: &organization,
        owner: &owner,
        subscription: &"sub_1".into(),
        trial,
        figures,
        charge,
    };
    compose_recap(&product.terms(), &recap).unwrap()
}

#[test]
fn the_recap_of_a_trial() {
    let mail = mail(&trial(), &figures(), charge(PriceInterval::Month, 2_900));
    assert_eq!(mail.to.address.as_str(), "jeanne.vasseur@menuiserie-vasseur.example");
    assert_eq!(mail.subject, "Votre essai de Rubis Pro se termine le 8\u{a0}décembre\u{a0}2026");
    insta::assert_snapshot!("recap_text", mail.text);
    insta::assert_snapshot!("recap_html", mail.html.unwrap());
}

#[test]
fn the_recap_of_a_trial_in_which_nothing_happened() {
    let mail = mail(&trial(), &RecapFigures::default(), charge(PriceInterval::Year, 29_000));
    insta::assert_snapshot!("recap_of_nothing_text", mail.text);
    insta::assert_snapshot!("recap_of_nothing_html", mail.html.unwrap());
}

#[test]
fn rubis_stand_for_hours_of_work() {
    let text = mail(&trial(), &figures(), None).text;
    assert!(text.contains("Temps libéré\u{a0}: 3\u{a0}h\u{a0}15 (15\u{a0}min par rubis)"), "{text}");
}

#[test]
fn one_of_a_thing_is_singular() {
    let one = RecapFigures { invoices_imported: 1, relances_sent: 0, rubis: 1, ..figures() };
    let html = mail(&trial(), &one, None).html.unwrap();
    for label in [">facture importée<", ">relance envoyée<", ">rubis gagné<"] {
        assert!(html.contains(label), "{label}");
    }
}

#[test]
fn without_a_price_no_amount_is_reported() {
    let text = mail(&trial(), &figures(), None).text;
    assert!(text.contains("Le 8\u{a0}décembre\u{a0}2026, votre abonnement Rubis Pro commence"), "{text}");
    assert!(!text.contains("par mois"), "{text}");
}

#[test]
fn several_currencies_are_not_added_up() {
    let recovered = vec![Money::new(120_000, Currency::EUR), Money::new(5_000, "CHF".parse().unwrap())];
    let text = mail(&trial(), &RecapFigures { recovered, ..figures() }, None).text;
    assert!(text.contains("1\u{202f}200,00\u{a0}€ + 50,00\u{a0}CHF"), "{text}");
}

#[test]
fn the_same_recap_again_is_the_same_mail_and_another_is_not() {
    let charge = charge(PriceInterval::Month, 2_900);
    let first = mail(&trial(), &figures(), charge);
    assert_eq!(first, mail(&trial(), &figures(), charge));
    assert!(first.idempotency_key.starts_with("trial-recap/sub_1.1796769000/"), "{}", first.idempotency_key);
    let other = mail(&trial(), &RecapFigures { rubis: 14, ..figures() }, charge);
    assert_ne!(first.message_id, other.message_id);
    // Extended by some minutes of the same day: the text of the mail does not change.
    let longer = EndingTrial { ends_at: trial().ends_at + time::Duration::minutes(5), ..trial() };
    assert_ne!(first.message_id, mail(&longer, &figures(), charge).message_id);
}
