//! Every kind of job and who does it.

mod plan_again;
mod send_relance;

use std::sync::Arc;

use rubis_mailer::Mailer;
use rubis_queue::Handlers;
use rubis_relances::Sender;

use plan_again::PlanAgainHandler;
use send_relance::SendRelanceHandler;

/// What the handlers work with.
#[derive(Clone)]
pub struct HandlerParts {
    /// Sends the mails.
    pub mailer: Arc<dyn Mailer>,
    /// Whom they come from.
    pub sender: Sender,
}

/// A handler for every kind of job that this release knows.
#[must_use]
pub fn handlers(parts: HandlerParts) -> Handlers {
    Handlers::new().with(SendRelanceHandler::new(parts)).with(PlanAgainHandler)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rubis_jobs::Job;

    #[test]
    fn every_job_of_the_domains_has_a_handler() {
        let mailer = Arc::new(rubis_mailer::MemoryMailer::new());
        let sender = Sender { address: "relances@rubis.example".parse().unwrap() };
        let kinds = handlers(HandlerParts { mailer, sender }).kinds();
        let mut domain_kinds = vec![rubis_relances::SendRelance::KIND, rubis_lifecycle::PlanAgain::KIND];
        domain_kinds.sort_unstable();
        assert_eq!(kinds, domain_kinds);
    }
}
