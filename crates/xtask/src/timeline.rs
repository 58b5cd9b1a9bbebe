//! An invoice's timeline as the API tells it, and how it is written to the terminal.

use anyhow::{Context as _, Result};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::clock;
use crate::http::{Client, list, text};
use crate::terminal::{bold, dim, green, red};

/// What will leave, what left, and why not.
pub struct Timeline {
    relances: Vec<Value>,
    payments: Vec<Value>,
    events: Vec<Value>,
    /// Who owes the invoice.
    pub client_name: String,
}

/// Asks for the timeline of an invoice.
///
/// # Errors
/// When the API refuses.
pub fn read(client: &Client, invoice: &str) -> Result<Timeline> {
    let body = client.get(&format!("/invoices/{invoice}/timeline"))?;
    let debtor = body.get("client").with_context(|| format!("no `client` in {body}"))?;
    Ok(Timeline {
        relances: list(&body, "relances")?.to_vec(),
        payments: list(&body, "payments")?.to_vec(),
        events: list(&body, "events")?.to_vec(),
        client_name: text(debtor, "name")?.to_owned(),
    })
}

/// When a reminder is to leave.
///
/// # Errors
/// When the API tells no instant.
pub fn at(relance: &Value) -> Result<OffsetDateTime> {
    let at = text(relance, "sendAt")?;
    OffsetDateTime::parse(at, &Rfc3339).with_context(|| format!("{at} is no instant"))
}

/// An instant as a French clock shows it.
pub fn clock_time(instant: OffsetDateTime) -> String {
    let there = clock::in_france(instant);
    format!("{:02}:{:02}:{:02}", there.hour(), there.minute(), there.second())
}

impl Timeline {
    /// How many reminders wait for their date.
    pub fn waiting(&self) -> usize {
        self.with_status("scheduled")
    }

    /// How many left.
    pub fn sent(&self) -> usize {
        self.with_status("sent")
    }

    /// How many will not leave any more.
    pub fn cancelled(&self) -> usize {
        self.with_status("cancelled")
    }

    /// The one that leaves first.
    pub fn next(&self) -> Option<&Value> {
        self.relances
            .iter()
            .filter(|relance| status(relance) == "scheduled")
            .min_by_key(|relance| at(relance).ok())
    }

    /// Prints one line a reminder, then one a payment.
    pub fn print(&self, indent: &str) {
        if self.relances.is_empty() {
            println!("{indent}{}", dim("nothing is planned"));
        }
        for relance in &self.relances {
            let step = |key: &str| relance.get("step").and_then(|step| step.get(key));
            let tone = step("tone").and_then(Value::as_str).unwrap_or("?").replace('_', " ");
            let offset = step("offsetDays").and_then(Value::as_i64).unwrap_or_default();
            let manual = step("requiresManualValidation").and_then(Value::as_bool).unwrap_or_default();
            let when = at(relance).map(day_and_time).unwrap_or_default();
            let day = format!("J{offset:+}");
            println!("{indent}{when}  {day:<5} {tone:<15} {}", state(relance, manual));
        }
        for payment in &self.payments {
            let date = payment.get("paidOn").and_then(Value::as_str).unwrap_or("?");
            let cents = payment.get("amountCents").and_then(Value::as_i64).unwrap_or_default();
            println!("{indent}{date}        {}", green(format!("payment of {}", amount(cents))));
        }
    }

    /// Prints what happened, one line an event.
    pub fn print_events(&self, indent: &str) {
        for event in &self.events {
            let kind = event.get("kind").and_then(Value::as_str).unwrap_or("?").replace('_', " ");
            let when = text(event, "createdAt")
                .ok()
                .and_then(|at| OffsetDateTime::parse(at, &Rfc3339).ok())
                .map(clock_time)
                .unwrap_or_default();
            println!("{indent}{when}  {kind}");
        }
    }

    fn with_status(&self, wanted: &str) -> usize {
        self.relances.iter().filter(|relance| status(relance) == wanted).count()
    }
}

fn status(relance: &Value) -> &str {
    relance.get("status").and_then(Value::as_str).unwrap_or("?")
}

/// Whether it leaves, left, or why not.
fn state(relance: &Value, manual: bool) -> String {
    let why = relance.get("whyNot").and_then(|why| why.get("code")).and_then(Value::as_str);
    let why = why.map(|code| code.replace('_', " "));
    match (status(relance), why) {
        ("sent", _) => green("sent"),
        ("scheduled", None) if manual => format!("{}, for a person to approve", bold("is drafted")),
        ("scheduled", None) => bold("leaves"),
        ("scheduled", Some(why)) => format!("{} ({why})", bold("waits")),
        ("failed", why) => red(format!("failed ({})", why.unwrap_or_default())),
        (other, Some(why)) => format!("{other} ({why})"),
        (other, None) => other.to_owned(),
    }
}

/// `2026-11-23 09:00`.
fn day_and_time(instant: OffsetDateTime) -> String {
    let there = clock::in_france(instant);
    format!("{} {:02}:{:02}", there.date(), there.hour(), there.minute())
}

/// The amount of an invoice.
pub fn euros(invoice: &Value) -> String {
    invoice.get("amountTtcCents").and_then(Value::as_i64).map(amount).unwrap_or_default()
}

/// `1 234,56 €`.
fn amount(cents: i64) -> String {
    let whole = (cents / 100).to_string();
    let mut grouped = String::new();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && whole.len().saturating_sub(position).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    format!("{grouped},{:02} €", cents % 100)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn amounts_are_written_the_french_way() {
        assert_eq!(amount(123_456), "1 234,56 €");
        assert_eq!(amount(94_080), "940,80 €");
        assert_eq!(amount(128_400_005), "1 284 000,05 €");
    }

    #[test]
    fn the_next_reminder_is_the_earliest_that_still_waits() {
        let relance = |status: &str, at: &str| json!({ "status": status, "sendAt": at });
        let timeline = Timeline {
            relances: vec![
                relance("sent", "2026-11-20T08:00:00Z"),
                relance("scheduled", "2026-12-01T08:00:00Z"),
                relance("scheduled", "2026-11-23T08:00:00Z"),
            ],
            payments: Vec::new(),
            events: Vec::new(),
            client_name: String::new(),
        };
        assert_eq!(at(timeline.next().unwrap()).unwrap(), datetime!(2026-11-23 08:00 UTC));
        assert_eq!((timeline.sent(), timeline.waiting(), timeline.cancelled()), (1, 2, 0));
    }
}
