//! The addresses that Stripe's pages and the mails lead back to.

/// The pages of the subscription, below the public address of the SPA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillingLinks {
    web: String,
}

impl BillingLinks {
    /// Builds the addresses from `WEB_URL`.
    #[must_use]
    pub fn new(web: &str) -> Self {
        Self { web: web.trim_end_matches('/').to_owned() }
    }

    /// Returns the page of the subscription, on which a tier is chosen and the portal opened.
    #[must_use]
    pub fn subscription_page(&self) -> String {
        format!("{}/parametres/abonnement", self.web)
    }

    /// Returns the target of a completed Checkout. Stripe fills in the session's id.
    #[must_use]
    pub fn checkout_success(&self) -> String {
        format!("{}/parametres/abonnement?checkout=success&session_id={{CHECKOUT_SESSION_ID}}", self.web)
    }

    /// Returns the target of an abandoned Checkout.
    #[must_use]
    pub fn checkout_cancel(&self) -> String {
        format!("{}/parametres/abonnement?checkout=cancel", self.web)
    }

    /// Returns the target of a completed Checkout of a trial.
    #[must_use]
    pub fn trial_success(&self) -> String {
        format!("{}/onboarding/compte?trial=started&session_id={{CHECKOUT_SESSION_ID}}", self.web)
    }

    /// Returns the target of an abandoned Checkout of a trial.
    #[must_use]
    pub fn trial_cancel(&self) -> String {
        format!("{}/onboarding/billing?trial=cancel", self.web)
    }
}

#[cfg(test)]
mod tests {
    use super::BillingLinks;

    #[test]
    fn checkout_and_trial_lead_back_to_their_own_pages() {
        let links = BillingLinks::new("https://app.rubis.example/");
        let page = "https://app.rubis.example/parametres/abonnement";
        assert_eq!(links.subscription_page(), page);
        assert_eq!(
            links.checkout_success(),
            format!("{page}?checkout=success&session_id={{CHECKOUT_SESSION_ID}}")
        );
        assert_eq!(links.checkout_cancel(), format!("{page}?checkout=cancel"));
        assert_eq!(
            links.trial_success(),
            "https://app.rubis.example/onboarding/compte?trial=started&session_id={CHECKOUT_SESSION_ID}"
        );
        assert_eq!(links.trial_cancel(), "https://app.rubis.example/onboarding/billing?trial=cancel");
    }
}
