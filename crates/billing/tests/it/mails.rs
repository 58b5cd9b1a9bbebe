//! Conditions for composing mails about a subscription.

use std::time::Duration as StdDuration;

use rubis_billing::{
    BillingLinks, BillingMailTerms, BillingRules, PaymentFailedMail, TrialRecap, claim_payment_failed_mail,
    ending_trial, give_payment_failed_mail_up, give_recap_up, record_recap_sent,
};
use rubis_jobs::{Job, Lease, Queue};
use rubis_kernel::{Email, EmailAddress};
use time::{Duration, OffsetDateTime};

use crate::company::{Company, TRIAL_END, TUESDAY};

async fn claim(company: &Company, job: &impl Job, now: OffsetDateTime) -> Lease {
    let mut conn = company.conn().await;
    let claimed =
        rubis_jobs::claim(&mut conn, Queue::Billing, &[job.id()], StdDuration::from_secs(60), Some(now))
            .await;
    claimed.unwrap().pop().expect("the job is due").lease
}

async fn failed_mail(
    company: &Company,
    job: &PaymentFailedMail,
    lease: &Lease,
    now: OffsetDateTime,
) -> Option<Email> {
    let sender: EmailAddress = "relances@rubis.example".parse().unwrap();
    let (links, rules) = (BillingLinks::new("https://app.rubis.example"), BillingRules::default());
    let terms = BillingMailTerms { sender: &sender, links: &links, rules: &rules, minutes_per_rubis: 15 };
    claim_payment_failed_mail(&mut *company.conn().await, &terms, job, lease, now).await.unwrap()
}

#[tokio::test]
async fn the_owner_is_notified_of_a_payment_that_is_missing_still() {
    let company = Company::paying().await;
    let at = TUESDAY + Duration::days(30);
    company.fail_payment(at, "in_1").await;
    let job = PaymentFailedMail {
        organization_id: company.id,
        stripe_invoice_id: "in_1".into(),
        next_attempt_at: None,
    };
    let lease = claim(&company, &job, at).await;
    let mail = failed_mail(&company, &job, &lease, at).await.expect("there is a mail");
    assert_eq!(mail.to.address.as_str(), "jeanne.vasseur@menuiserie-vasseur.example");
    assert!(company.job(&job).await.is_some(), "the job ends when the mail was sent");
    assert_eq!(failed_mail(&company, &job, &lease, at).await, Some(mail), "the same again is the same mail");
}

#[tokio::test]
async fn nobody_is_notified_of_a_payment_that_came_in_meanwhile() {
    let company = Company::paying().await;
    let at = TUESDAY + Duration::days(30);
    company.fail_payment(at, "in_1").await;
    let job = PaymentFailedMail {
        organization_id: company.id,
        stripe_invoice_id: "in_1".into(),
        next_attempt_at: None,
    };
    let paid_at = at + Duration::minutes(5);
    company.deliver_confirmed(&company.updated(paid_at, &company.paid()), paid_at).await;
    let lease = claim(&company, &job, paid_at).await;
    assert_eq!(failed_mail(&company, &job, &lease, paid_at).await, None);
    assert!(company.job(&job).await.is_none());
}

#[tokio::test]
async fn a_recap_is_about_a_trial_that_goes_on_and_no_other() {
    let company = Company::on_trial().await;
    let now = TRIAL_END - Duration::days(3);
    company.deliver(&company.trial_will_end(now, &company.trial()), now).await;
    let job = TrialRecap { organization_id: company.id, subscription_id: "sub_1".into() };
    let rules = BillingRules::default();
    let conn = company.conn().await;
    let trial = ending_trial(&conn, &job, &rules, now).await.unwrap().expect("it is about to end");
    assert_eq!((trial.began_at, trial.ends_at, trial.counted_until), (TUESDAY, TRIAL_END, now));
    assert_eq!(trial.offer.unwrap().lookup_key(), "rubis_pro_monthly");
    let other = TrialRecap { subscription_id: "sub_2".into(), ..job.clone() };
    assert_eq!(ending_trial(&conn, &other, &rules, now).await.unwrap(), None);
    assert_eq!(ending_trial(&conn, &job, &rules, TRIAL_END).await.unwrap(), None);
}

#[tokio::test]
async fn who_cancels_and_goes_on_after_all_gets_the_recap_then() {
    let company = Company::on_trial().await;
    let now = TRIAL_END - Duration::days(3);
    company.deliver(&company.trial_will_end(now, &company.trial()), now).await;
    let cancelled_at = now + Duration::minutes(1);
    let cancelled = company.trial().set("cancel_at_period_end", true);
    company.deliver(&company.updated(cancelled_at, &cancelled), cancelled_at).await;
    let job = TrialRecap { organization_id: company.id, subscription_id: "sub_1".into() };
    let lease = claim(&company, &job, cancelled_at).await;
    let mut conn = company.conn().await;
    let rules = BillingRules::default();
    assert_eq!(ending_trial(&conn, &job, &rules, cancelled_at).await.unwrap(), None);
    give_recap_up(&mut conn, &job, &lease, cancelled_at).await.unwrap();
    assert!(company.jobs().await.is_empty());
    assert_eq!(company.subscription().await.recap_queued_at, None);

    let resumed_at = cancelled_at + Duration::HOUR;
    company.deliver(&company.trial_will_end(resumed_at, &company.trial()), resumed_at).await;
    assert_eq!(company.jobs().await, ["trial-recap:sub_1"]);
}

#[tokio::test]
async fn a_mail_that_was_given_up_is_asked_for_when_stripe_tries_the_same_payment_again() {
    let company = Company::paying().await;
    let at = TUESDAY + Duration::days(30);
    company.fail_payment(at, "in_1").await;
    let job = PaymentFailedMail {
        organization_id: company.id,
        stripe_invoice_id: "in_1".into(),
        next_attempt_at: None,
    };
    rubis_jobs::cancel(&mut *company.conn().await, &[job.id()]).await.unwrap();
    give_payment_failed_mail_up(&mut *company.conn().await, &job, at).await.unwrap();
    company.fail_payment(at + Duration::days(3), "in_1").await;
    assert_eq!(company.jobs().await, ["payment-failed:in_1"]);

    // Giving up an earlier mail does not affect a later one.
    let later = at + Duration::days(30);
    company.fail_payment(later, "in_2").await;
    give_payment_failed_mail_up(&mut *company.conn().await, &job, later).await.unwrap();
    assert_eq!(company.subscription().await.failed_invoice, Some("in_2".into()));
}

#[tokio::test]
async fn a_trial_whose_end_is_moved_while_its_recap_waits_has_it_before_the_new_end() {
    let company = Company::on_trial().await;
    let now = TRIAL_END - Duration::days(3);
    company.deliver(&company.trial_will_end(now, &company.trial()), now).await;
    let job = TrialRecap { organization_id: company.id, subscription_id: "sub_1".into() };
    let lease = claim(&company, &job, now).await;

    let moved_at = now + Duration::MINUTE;
    let new_end = TRIAL_END + Duration::days(14);
    let longer = company.trial().with("trial_end", new_end);
    company.deliver_confirmed(&company.updated(moved_at, &longer), moved_at).await;
    let rules = BillingRules::default();
    let wanted = ending_trial(&*company.conn().await, &job, &rules, moved_at).await.unwrap();
    assert_eq!(wanted, None, "it is too early for that end");
    // The mail about the first end was being sent.
    record_recap_sent(&mut *company.conn().await, &job, &lease, moved_at).await.unwrap();
    let late = company.trial_will_end(now - Duration::MINUTE, &company.trial());
    company.deliver(&late, moved_at).await;
    assert!(company.jobs().await.is_empty(), "a late notice of the first end is none of the second");

    let reported_at = new_end - Duration::days(3);
    company.deliver(&company.trial_will_end(reported_at, &longer), reported_at).await;
    assert_eq!(company.jobs().await, ["trial-recap:sub_1"]);
}
