//! Facts that an approved reminder states, and their changes since.
//!
//! The figures of a notice grow with each day and are computed again on the day of sending. Whatever else changes makes
//! an approval void: no person approved that text for that client.

use rubis_invoices::Contact;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{locked_task::LockedTask, text::RenderedText, variables::Values};

/// The parts of a draft that can change, in the order in which they are reported.
const PARTS: &[&str] = &["amount", "due_date", "invoice", "recipient", "client", "organization", "text"];

/// The draft that a person reads, as the database keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    /// The facts that the text states.
    pub facts: Facts,
    /// The subject and the text that were approved, with the figures of that day.
    #[serde(default)]
    pub approved: Option<RenderedText>,
}

/// The facts of a draft that do not follow from the day, by part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts(Value);

impl Facts {
    /// The facts as they are now.
    pub(crate) fn of(case: &LockedTask, contacts: &[Contact], values: &Values) -> Self {
        let copies =
            contacts.iter().filter(|contact| contact.receives_relances).map(|contact| contact.email.as_str());
        let mut recipients: Vec<&str> = copies.collect();
        recipients.sort_unstable();
        recipients.insert(0, case.client.email.as_str());
        let content = &case.step.content;
        Self(json!({
            "amount": [values.amount, values.balance],
            "due_date": values.due_date.to_string(),
            "invoice": [values.numero, values.issue_date.to_string()],
            "recipient": recipients,
            "client": [values.client_name, values.client_kind.as_str(), values.client_address, values.client_siren],
            "organization": [
                values.organization_name,
                values.organization_address,
                values.organization_siren,
                values.penalty_rate.map(|rate| rate.0),
            ],
            "text": [content.subject, content.body, values.signature, values.pay_url, values.was_reminded],
        }))
    }

    /// The parts of which something changed since; all that a draft of an earlier release did not keep is its `text`.
    pub(crate) fn changes_since(&self, before: Option<&Draft>) -> Vec<&'static str> {
        let Some(before) = before else { return vec!["text"] };
        PARTS.iter().copied().filter(|part| self.0.get(part) != before.facts.0.get(part)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_that_changed_is_named_in_order() {
        let facts = |amount: i64, text: &str| {
            Facts(json!({ "amount": amount, "recipient": ["a@b.fr"], "text": text }))
        };
        let before = Draft { facts: facts(1, "a"), approved: None };
        assert_eq!(facts(1, "a").changes_since(Some(&before)), [""; 0]);
        assert_eq!(facts(2, "b").changes_since(Some(&before)), ["amount", "text"]);
        assert_eq!(facts(1, "a").changes_since(None), ["text"], "nothing is known of it");
    }
}
