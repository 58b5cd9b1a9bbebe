//! The subscription of an organization as the API returns it, and the start of its trial.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::stripe::Player;
use rubis_devkit::http::{Client, field, text};
use rubis_devkit::interrupt;

/// Time for Stripe's events to take effect: the fake repeats them after 1, 5 and 30 seconds.
const EVENT_LIMIT: Duration = Duration::from_secs(20);

pub struct Subscription(Value);

pub fn read(client: &Client) -> Result<Subscription> {
    Ok(Subscription(client.get("/billing/subscription")?))
}

/// Starts the trial of Pro with a good card, and returns Stripe's id of the subscription.
pub fn start_trial(client: &Client, player: &Player) -> Result<String> {
    let offer = json!({ "plan": "pro", "cycle": "monthly" });
    let checkout = client.post("/billing/start-trial", &offer)?;
    let subscription = player.complete(text(&checkout, "sessionId")?)?;
    let is_known = || Ok(read(client)?.status().filter(|status| *status == "trialing").map(drop));
    interrupt::poll(EVENT_LIMIT, Duration::from_millis(100), is_known)?
        .with_context(|| format!("the API does not know of the trial after {EVENT_LIMIT:?}"))?;
    Ok(subscription)
}

impl Subscription {
    /// Status in Stripe's words; `None` if there never was a subscription.
    pub fn status(&self) -> Option<&str> {
        self.0.get("status").and_then(Value::as_str)
    }

    /// Number of invoices may be chased at once; none is any number.
    pub fn limit(&self) -> Option<u64> {
        self.0.pointer("/limits/chasedInvoices").and_then(Value::as_u64)
    }

    /// In one line: `pro, trialing, 14 days left, any number of invoices`.
    pub fn told(&self) -> String {
        let days = self.0.get("trialDaysRemaining").and_then(Value::as_u64).filter(|days| *days > 0);
        let days = days.map(|days| format!(", {days} days left")).unwrap_or_default();
        let plan = field(&self.0, "plan");
        let limit = match self.limit() {
            None => "any number of invoices".to_owned(),
            Some(limit) => format!("{limit} invoices at once"),
        };
        match self.status() {
            None => format!("{plan}, {limit}"),
            Some(status) => format!("{plan}, {}{days}, {limit}", status.replace('_', " ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_is_reported_in_one_line() {
        let told = |body: Value| Subscription(body).told();
        let free = json!({ "plan": "free", "status": null, "trialDaysRemaining": 0, "limits": { "chasedInvoices": 2 } });
        assert_eq!(told(free), "free, 2 invoices at once");
        let trial = json!({ "plan": "pro", "status": "trialing", "trialDaysRemaining": 14, "limits": { "chasedInvoices": null } });
        assert_eq!(told(trial), "pro, trialing, 14 days left, any number of invoices");
        let late = json!({ "plan": "pro", "status": "past_due", "trialDaysRemaining": 0, "limits": { "chasedInvoices": 100 } });
        assert_eq!(told(late), "pro, past due, 100 invoices at once");
    }
}
