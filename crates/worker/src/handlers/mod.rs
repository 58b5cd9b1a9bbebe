//! Every kind of job and who does it.

mod confirm_checkin;
mod expire_checkin;
mod gather_checkins;
mod mailing;
mod plan_again;
mod send_checkin_mail;
mod send_relance;

use std::sync::Arc;

use rubis_checkins::{CheckinLinks, CheckinRules};
use rubis_kernel::PurposeKey;
use rubis_mailer::Mailer;
use rubis_queue::Handlers;
use rubis_relances::Sender;

use confirm_checkin::CheckinConfirmations;
use expire_checkin::ExpireCheckinHandler;
use gather_checkins::GatherCheckinsHandler;
use mailing::{MailHandler, Outbox};
use plan_again::PlanAgainHandler;
use send_checkin_mail::CheckinMails;
use send_relance::Relances;

/// What the handlers work with.
#[derive(Clone)]
pub struct HandlerParts {
    /// Sends the mails.
    pub mailer: Arc<dyn Mailer>,
    /// Whom they come from.
    pub sender: Sender,
    /// What the mails about check-ins are written with.
    pub checkins: CheckinParts,
}

/// What the mails about check-ins are written with.
#[derive(Clone, Debug)]
pub struct CheckinParts {
    /// Where their links lead.
    pub links: CheckinLinks,
    /// What the tokens in the links are made with.
    pub key: PurposeKey,
    /// How long the links live.
    pub rules: CheckinRules,
}

/// A handler for every kind of job that this release knows.
#[must_use]
pub fn handlers(parts: HandlerParts) -> Handlers {
    let outbox = Arc::new(Outbox::new(parts.mailer.clone()));
    let relances = Relances { sender: parts.sender.clone() };
    Handlers::new()
        .with(MailHandler::new(relances, outbox.clone()))
        .with(PlanAgainHandler)
        .with(GatherCheckinsHandler)
        .with(MailHandler::new(CheckinMails { parts: parts.clone() }, outbox.clone()))
        .with(ExpireCheckinHandler)
        .with(MailHandler::new(CheckinConfirmations { parts }, outbox))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rubis_jobs::Job;

    #[test]
    fn every_job_of_the_domains_has_a_handler() {
        let checkins = CheckinParts {
            links: CheckinLinks::new("http://localhost:3333", "http://localhost:5173"),
            key: "a key that only tests are given."
                .parse::<rubis_kernel::AppKey>()
                .unwrap()
                .derive("checkin"),
            rules: CheckinRules::default(),
        };
        let parts = HandlerParts {
            mailer: Arc::new(rubis_mailer::MemoryMailer::new()),
            sender: Sender { address: "relances@rubis.example".parse().unwrap() },
            checkins,
        };
        let mut domain_kinds = vec![
            rubis_relances::SendRelance::KIND,
            rubis_lifecycle::PlanAgain::KIND,
            rubis_checkins::GatherCheckins::KIND,
            rubis_checkins::SendCheckinMail::KIND,
            rubis_checkins::ExpireCheckin::KIND,
            rubis_checkins::ConfirmCheckin::KIND,
        ];
        domain_kinds.sort_unstable();
        assert_eq!(handlers(parts).kinds(), domain_kinds);
    }
}
