//! An invoice's timeline as the API returns it, and its form on the terminal.

use anyhow::{Context as _, Result};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::clock;
use crate::terminal::{bold, dim, green, red};
use rubis_devkit::http::{Client, list, text};

pub struct Timeline {
    checkins: Vec<Value>,
    relances: Vec<Value>,
    payments: Vec<Value>,
    events: Vec<Value>,
    pub client_name: String,
}

/// Asks for the timeline of an invoice.
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

/// Date of a reminder or a check-in.
pub fn at(planned: &Value) -> Result<OffsetDateTime> {
    instant(planned, "sendAt")
}

/// An instant of a response.
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
        let waits =
            |relance: &&Value| status(relance) == "scheduled" && why_not(relance) == Some("awaits_answer");
        self.relances.iter().filter(waits).count()
    }

    /// The question whether the invoice was paid: the latest.
    pub fn checkin(&self) -> Option<&Value> {
        self.checkins.last()
    }

    /// Status and answer of the check-in; empty if there is none.
    pub fn checkin_status(&self) -> (&str, &str) {
        let field = |key| self.checkin().and_then(|checkin| checkin.get(key)).and_then(Value::as_str);
        (field("status").unwrap_or_default(), field("answer").unwrap_or_default())
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
            println!("{indent}{when}  {:<5} {:<15} {}", "J+0", "check-in", checkin_state(checkin));
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
            let label = payment.get("label").and_then(Value::as_str).unwrap_or_default();
            let payment = format!("payment of {} {label}", amount(cents));
            println!("{indent}{date}        {}", green(payment.trim_end()));
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

fn status(planned: &Value) -> &str {
    planned.get("status").and_then(Value::as_str).unwrap_or("?")
}

fn why_not(relance: &Value) -> Option<&str> {
    relance.get("whyNot")?.get("code")?.as_str()
}

/// Returns true if the user will be asked, was, and what came of it.
fn checkin_state(checkin: &Value) -> String {
    let field = |key: &str| {
        checkin.get(key).and_then(Value::as_str).map(|code| code.replace('_', " ")).unwrap_or_default()
    };
    match status(checkin) {
        "scheduled" => format!("{} whether it was paid", bold("asks")),
        "sent" => format!("asked, {}", bold("not answered yet")),
        "answered" => green(format!("answered: {}", field("answer"))),
        "failed" => red(format!("failed ({})", field("reason"))),
        "expired" => "expired without an answer".to_owned(),
        other => format!("{other} ({})", field("reason")),
    }
}

fn state(relance: &Value, manual: bool) -> String {
    let why = why_not(relance).map(|code| code.replace('_', " "));
    match (status(relance), why) {
        ("sent", _) => green("sent"),
        ("scheduled", Some(why)) if why == "awaits answer" => format!("{} for the answer", bold("waits")),
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
