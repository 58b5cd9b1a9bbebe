//! Composes the recap of a trial.

use rubis_accounts::{Organization, User};
use rubis_kernel::{Currency, Email, Money, RenderError, one_line};
use rubis_stripe::{Charge, PriceInterval, SubscriptionId};
use serde::Serialize;

use crate::{
    BillingPlan, EndingTrial, RecapFigures,
    mail::{
        BillingMailTerms, MAILS, addressed, count_french, day_french, hours_french, without_subscription,
    },
};

/// The content of a recap.
#[derive(Clone, Copy, Debug)]
pub struct Recap<'a> {
    /// The company on trial.
    pub organization: &'a Organization,
    /// The recipient.
    pub owner: &'a User,
    /// The subscription that follows the trial.
    pub subscription: &'a SubscriptionId,
    pub trial: &'a EndingTrial,
    /// Figures of the activity during the trial.
    pub figures: &'a RecapFigures,
    /// The charge at the end; `None` if Stripe does not know it, and then the mail names no amount.
    pub charge: Option<Charge>,
}

#[derive(Serialize)]
struct Values<'a> {
    plan: &'a str,
    organization: String,
    since: String,
    end: String,
    charge: &'a str,
    /// The preview text that mail programs show beside the subject.
    preview: &'a str,
    after: String,
    url: String,
    figures: Option<Figures>,
}

/// Composes the mail to the owner with the figures of the trial, the amount and date of the charge, and
/// the way to cancel. The same content gives the same mail.
///
/// # Errors
/// A part of the mail is too long.
pub fn compose_recap(terms: &BillingMailTerms<'_>, recap: &Recap<'_>) -> Result<Email, RenderError> {
    let Recap { organization, owner, trial, figures, .. } = recap;
    let plan = trial.offer.map_or("Rubis", |offer| BillingPlan::from(offer.plan).name());
    let end = day_french(organization, trial.ends_at);
    let charge = charge(recap.charge, plan, &end);
    let values = Values {
        plan,
        organization: one_line(&organization.name),
        since: day_french(organization, trial.began_at),
        end,
        charge: &charge,
        preview: &charge,
        after: without_subscription(terms.rules),
        url: terms.links.subscription_page(),
        figures: (!figures.is_nothing()).then(|| Figures::new(figures, terms.minutes_per_rubis)),
    };
    let content = MAILS.mail("recap", values)?;
    // The key contains the end of the trial, because an extended trial has another recap.
    let key = format!("{}.{}", recap.subscription, trial.ends_at.unix_timestamp());
    Ok(addressed(terms, owner, content, "trial-recap", &key))
}

impl RecapFigures {
    /// Returns true if nothing happened during the trial.
    fn is_nothing(&self) -> bool {
        self.invoices_imported == 0
            && self.relances_sent == 0
            && self.rubis == 0
            && self.recovered.iter().all(|amount| amount.cents == 0)
    }
}

/// The formatted figures.
#[derive(Serialize)]
struct Figures {
    imported: String,
    imported_label: &'static str,
    sent: String,
    sent_label: &'static str,
    recovered: String,
    rubis: String,
    rubis_label: &'static str,
    hours: String,
    minutes_per_rubis: u32,
}

impl Figures {
    fn new(figures: &RecapFigures, minutes_per_rubis: u32) -> Self {
        let amounts: Vec<String> = figures.recovered.iter().map(Money::format_french).collect();
        let recovered = if amounts.is_empty() {
            Money::new(0, Currency::EUR).format_french()
        } else {
            amounts.join(" + ")
        };
        Self {
            imported: count_french(figures.invoices_imported),
            imported_label: plural(figures.invoices_imported, "facture importée", "factures importées"),
            sent: count_french(figures.relances_sent),
            sent_label: plural(figures.relances_sent, "relance envoyée", "relances envoyées"),
            recovered,
            rubis: count_french(figures.rubis),
            rubis_label: plural(figures.rubis, "rubis gagné", "rubis gagnés"),
            hours: hours_french(figures.rubis.saturating_mul(minutes_per_rubis.into())),
            minutes_per_rubis,
        }
    }
}

/// Returns the word for a count: French uses the singular below two.
const fn plural(count: u64, one: &'static str, several: &'static str) -> &'static str {
    if count < 2 { one } else { several }
}

/// Returns the sentence about the charge at the end of the trial.
fn charge(charge: Option<Charge>, plan: &str, end: &str) -> String {
    let Some(charge) = charge else {
        return format!(
            "Le {end}, votre abonnement {plan} commence et sa première échéance est prélevée sur la carte que \
             vous avez enregistrée."
        );
    };
    let amount = Money::new(charge.amount_cents, charge.currency).format_french();
    let every = match charge.interval {
        PriceInterval::Day => "jour",
        PriceInterval::Week => "semaine",
        PriceInterval::Month => "mois",
        PriceInterval::Year => "an",
    };
    format!(
        "Le {end}, votre abonnement {plan} commence\u{a0}: {amount} par {every}, prélevés sur la carte que vous \
         avez enregistrée, moins la remise de votre code promotionnel si vous en avez saisi un."
    )
}

#[cfg(test)]
mod tests;
