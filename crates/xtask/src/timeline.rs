//! An invoice's timeline as the API returns it, and its form on the terminal.

use anyhow::{Context as _, Result};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::clock;
use crate::terminal::{bold, dim, green, red};
use rubis_devkit::http::{Client, field, list, text};

pub struct Timeline {
    checkins: Vec<Value>,
    relances: Vec<Value>,
    payments: Vec<Value>,
    events: Vec<Value>,
    pub client_name: String,
}

pub fn read(client: &Client, invoice: &str) -> Result<Timeline> {
    let body = client.get(&format!("/invoices/{invoice}/timeline"))?;
    let debtor = body.get("client").with_context(|| format!("no `client` in {body}"))?;
    Ok(Timeline {
        checkins: list(&body, "checkins")?.to_vec(),
        relances: list(&body, "relances")?.to_vec(),
        payments: list(&body, "payments")?.to_vec(),
        events: list(&body, "events")?.to_vec(),
        client_name: text(debtor, "name")?.to_owned(),
    })
}

pub fn at(planned: &Value) -> Result<OffsetDateTime> {
    instant(planned, "sendAt")
}

pub fn instant(object: &Value, key: &str) -> Result<OffsetDateTime> {
    let at = text(object, key)?;
    OffsetDateTime::parse(at, &Rfc3339).with_context(|| format!("{at} is no instant"))
}

/// An instant as a French clock shows it.
pub fn clock_time(instant: OffsetDateTime) -> String {
    let there = clock::in_france(instant);
    format!("{:02}:{:02}:{:02}", there.hour(), there.minute(), there.second())
}

impl Timeline {
    pub fn waiting(&self) -> usize {
        self.with_status("scheduled")
    }

    pub fn sent(&self) -> usize {
        self.with_status("sent")
    }

    pub fn cancelled(&self) -> usize {
        self.with_status("cancelled")
    }

    /// Number of reminders that wait for the answer to a check-in.
    pub fn awaiting_answer(&self) -> usize {
        let waits = |relance: &&Value| {
            field(relance, "status") == "scheduled" && why_not(relance) == Some("awaits_answer")
        };
        self.relances.iter().filter(waits).count()
    }

    /// The question whether the invoice was paid: the latest.
    pub fn checkin(&self) -> Option<&Value> {
        self.checkins.last()
    }

    /// Status and answer of the check-in; empty if there is none.
    pub fn checkin_status(&self) -> (&str, &str) {
        self.checkin().map_or(("", ""), |checkin| (field(checkin, "status"), field(checkin, "answer")))
    }

    pub fn payment_labels(&self) -> Vec<&str> {
        let counts = |payment: &&Value| payment.get("voidedAt").is_none_or(Value::is_null);
        self.payments.iter().filter(counts).filter_map(|payment| text(payment, "label").ok()).collect()
    }

    /// Prints one line a check-in, one a reminder, then one a payment.
    pub fn print(&self, indent: &str) {
        if self.checkins.is_empty() && self.relances.is_empty() {
            println!("{indent}{}", dim("nothing is planned"));
        }
        for checkin in &self.checkins {
            let when = at(checkin).map(day_and_time).unwrap_or_default();
            println!("{indent}{when}  {:<5} {:<15} {}", "J+0", "check-in", state(checkin, false));
        }
        for relance in &self.relances {
            let step = relance.get("step").unwrap_or(&Value::Null);
            let tone = field(step, "tone").replace('_', " ");
            let offset = step.get("offsetDays").and_then(Value::as_i64).unwrap_or_default();
            let manual = step.get("requiresManualValidation").and_then(Value::as_bool).unwrap_or_default();
            let when = at(relance).map(day_and_time).unwrap_or_default();
            let day = format!("J{offset:+}");
            println!("{indent}{when}  {day:<5} {tone:<15} {}", state(relance, manual));
        }
        for payment in &self.payments {
            let cents = payment.get("amountCents").and_then(Value::as_i64).unwrap_or_default();
            let label = format!("payment of {} {}", amount(cents), field(payment, "label"));
            println!("{indent}{}        {}", field(payment, "paidOn"), green(label.trim_end()));
        }
    }

    pub fn print_events(&self, indent: &str) {
        for event in &self.events {
            let when = instant(event, "createdAt").map(clock_time).unwrap_or_default();
            println!("{indent}{when}  {}", field(event, "kind").replace('_', " "));
        }
    }

    fn with_status(&self, wanted: &str) -> usize {
        self.relances.iter().filter(|relance| field(relance, "status") == wanted).count()
    }
}

fn why_not(relance: &Value) -> Option<&str> {
    relance.get("whyNot")?.get("code")?.as_str()
}

/// The status of a reminder or a check-in, with its reason or answer.
fn state(planned: &Value, manual: bool) -> String {
    let status = field(planned, "status");
    let details = [why_not(planned).unwrap_or_default(), field(planned, "answer"), field(planned, "reason")];
    let detail = details.into_iter().find(|detail| !detail.is_empty()).unwrap_or_default();
    let text = match (detail, manual && status == "scheduled") {
        ("", true) => format!("{status}, for a person to approve"),
        ("", false) => status.to_owned(),
        (detail, _) => format!("{status} ({})", detail.replace('_', " ")),
    };
    match status {
        "sent" | "answered" => green(text),
        "failed" => red(text),
        "scheduled" => bold(text),
        _ => text,
    }
}

/// `2026-11-23 09:00`.
fn day_and_time(instant: OffsetDateTime) -> String {
    let there = clock::in_france(instant);
    format!("{} {:02}:{:02}", there.date(), there.hour(), there.minute())
}

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
    fn a_timeline_counts_what_left_what_waits_and_what_waits_for_an_answer() {
        let relance = |status: &str, code: Option<&str>| json!({ "status": status, "whyNot": code.map(|code| json!({ "code": code })) });
        let checkin = json!({ "status": "sent", "sendAt": "2026-11-23T08:00:00Z", "answer": null });
        let timeline = Timeline {
            checkins: vec![checkin],
            relances: vec![
                relance("sent", None),
                relance("cancelled", Some("awaits_answer")),
                relance("scheduled", Some("awaits_answer")),
                relance("scheduled", None),
            ],
            payments: vec![
                json!({ "label": "via check-in", "voidedAt": null }),
                json!({ "label": "by mistake", "voidedAt": "2026-11-23T08:00:00Z" }),
            ],
            events: Vec::new(),
            client_name: String::new(),
        };
        assert_eq!((timeline.sent(), timeline.waiting(), timeline.cancelled()), (1, 2, 1));
        assert_eq!(timeline.awaiting_answer(), 1);
        assert_eq!(timeline.checkin_status(), ("sent", ""));
        assert_eq!(at(timeline.checkin().unwrap()).unwrap(), datetime!(2026-11-23 08:00 UTC));
        assert_eq!(timeline.payment_labels(), ["via check-in"]);
    }
}
