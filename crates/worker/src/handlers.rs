//! Every kind of job and who does it.

mod breaker;
mod confirm_checkin;
mod expire_checkin;
mod gather_checkins;
mod mailing;
mod plan_again;
mod reconcile;
mod send_account_mail;
mod send_checkin_mail;
mod send_payment_failed;
mod send_relance;
mod send_trial_recap;
mod sweep_trials;

use std::sync::Arc;

use rubis_accounts::{AccountKeys, AccountLinks};
use rubis_billing::{BillingLinks, BillingMailTerms, BillingRules};
use rubis_checkins::{CheckinLinks, CheckinRules};
use rubis_kernel::PurposeKey;
use rubis_lifecycle::SubscriptionLimits;
use rubis_mailer::Mailer;
use rubis_queue::Handlers;
use rubis_relances::Sender;
use rubis_runtime::MailRate;
use rubis_stripe::StripeGateway;

use confirm_checkin::CheckinConfirmations;
use expire_checkin::ExpireCheckinHandler;
use gather_checkins::GatherCheckinsHandler;
use mailing::{MailHandler, Outbox};
use plan_again::PlanAgainHandler;
use reconcile::ReconcileHandler;
use send_account_mail::AccountMails;
use send_checkin_mail::CheckinMails;
use send_payment_failed::PaymentFailedMails;
use send_relance::Relances;
use send_trial_recap::TrialRecaps;
use sweep_trials::TrialSweepHandler;

/// Dependencies of the handlers.
#[derive(Clone)]
pub struct HandlerParts {
    /// Sends the mails.
    pub mailer: Arc<dyn Mailer>,
    /// The rate at which they are sent.
    pub rate: Arc<MailRate>,
    pub sender: Sender,
    /// The limits on reminders.
    pub limits: SubscriptionLimits,
    /// The parts that mails about accounts are written with.
    pub accounts: AccountParts,
    /// Parts of the mails about check-ins.
    pub checkins: CheckinParts,
    /// Parts of the mails about subscriptions.
    pub billing: BillingParts,
}

/// The parts that mails about accounts are written with.
#[derive(Clone, Debug)]
pub struct AccountParts {
    /// The pages that their links open.
    pub links: AccountLinks,
    /// The keys of the tokens in the links.
    pub keys: AccountKeys,
}

/// Parts of the mails about check-ins.
#[derive(Clone, Debug)]
pub struct CheckinParts {
    /// Targets of their links.
    pub links: CheckinLinks,
    /// Key of the tokens in the links.
    pub key: PurposeKey,
    /// Rules with the lifetime of the links.
    pub rules: CheckinRules,
}

/// Parts of the mails about subscriptions.
#[derive(Clone)]
pub struct BillingParts {
    /// The way to Stripe, which knows what will be charged; `None` where nobody can subscribe.
    pub stripe: Option<Arc<StripeGateway>>,
    /// Targets of their links.
    pub links: BillingLinks,
    /// Rules of the tiers.
    pub rules: BillingRules,
    /// Minutes of work that a rubis stands for.
    pub minutes_per_rubis: u32,
}

impl BillingParts {
    /// Returns the terms of a mail from this sender.
    fn terms<'a>(&'a self, sender: &'a Sender) -> BillingMailTerms<'a> {
        BillingMailTerms {
            sender: &sender.address,
            links: &self.links,
            rules: &self.rules,
            minutes_per_rubis: self.minutes_per_rubis,
        }
    }
}

/// A handler for every kind of job that this release knows.
#[must_use]
pub fn handlers(parts: HandlerParts) -> Handlers {
    let outbox = Arc::new(Outbox::new(parts.mailer.clone(), parts.rate.clone()));
    let relances = Relances { sender: parts.sender.clone(), limits: parts.limits };
    Handlers::new()
        .with(MailHandler::new(relances, outbox.clone()))
        .with(PlanAgainHandler)
        .with(ReconcileHandler)
        .with(GatherCheckinsHandler)
        .with(MailHandler::new(CheckinMails { parts: parts.clone() }, outbox.clone()))
        .with(ExpireCheckinHandler)
        .with(MailHandler::new(CheckinConfirmations { parts: parts.clone() }, outbox.clone()))
        .with(MailHandler::new(TrialRecaps { parts: parts.clone() }, outbox.clone()))
        .with(MailHandler::new(PaymentFailedMails { parts: parts.clone() }, outbox.clone()))
        .with(MailHandler::new(AccountMails { parts }, outbox))
        .with(TrialSweepHandler)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rubis_jobs::Job;

    #[test]
    fn every_job_of_the_domains_has_a_handler() {
        let key: rubis_kernel::AppKey = "a key that only tests are given.".parse().unwrap();
        let accounts = AccountParts {
            links: AccountLinks::new("http://localhost:5173"),
            keys: AccountKeys::derived_from(&key),
        };
        let checkins = CheckinParts {
            links: CheckinLinks::new("http://localhost:3333"),
            key: key.derive("checkin"),
            rules: CheckinRules::default(),
        };
        let parts = HandlerParts {
            mailer: Arc::new(rubis_mailer::MemoryMailer::new()),
            rate: Arc::new(MailRate::unlimited()),
            sender: Sender { address: "relances@rubis.example".parse().unwrap() },
            limits: SubscriptionLimits {
                rules: BillingRules::default(),
                free_recipients_per_day: Some(50),
                paid_recipients_per_day: None,
            },
            accounts,
            checkins,
            billing: BillingParts {
                stripe: None,
                links: BillingLinks::new("http://localhost:5173"),
                rules: BillingRules::default(),
                minutes_per_rubis: 15,
            },
        };
        let mut domain_kinds = vec![
            rubis_relances::SendRelance::KIND,
            rubis_lifecycle::PlanAgain::KIND,
            rubis_lifecycle::Reconcile::KIND,
            rubis_checkins::GatherCheckins::KIND,
            rubis_checkins::SendCheckinMail::KIND,
            rubis_checkins::ExpireCheckin::KIND,
            rubis_checkins::ConfirmCheckin::KIND,
            rubis_billing::TrialRecap::KIND,
            rubis_billing::PaymentFailedMail::KIND,
            rubis_billing::TrialSweep::KIND,
            rubis_accounts::AccountMail::KIND,
        ];
        domain_kinds.sort_unstable();
        assert_eq!(handlers(parts).kinds(), domain_kinds);
    }
}
