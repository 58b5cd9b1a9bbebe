//! What a reminder's text can name, and what each name stands for.

use rubis_kernel::{Money, Template, TemplateError, format_date_french, one_line};
use time::Date;

/// The variables that a step's subject and body may use.
pub const VARIABLES: &[&str] = &[
    "client.name",
    "numero",
    "amount",
    "balance",
    "dueDate",
    "daysLate",
    "signature",
    "payUrl",
    "organization.name",
];

/// What the variables stand for in one reminder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    /// The debtor's name.
    pub client_name: String,
    /// The invoice's number.
    pub numero: String,
    /// The invoice's total.
    pub amount: Money,
    /// What is left to pay.
    pub balance: Money,
    /// When it was due.
    pub due_date: Date,
    /// Days since then on the day the reminder leaves; nothing before the due date.
    pub days_late: i64,
    /// The organization's signature.
    pub signature: String,
    /// The creditor's name.
    pub organization_name: String,
    /// Where to pay online, where that is possible.
    pub pay_url: Option<String>,
}

impl Values {
    fn value_of(&self, variable: &str) -> Option<String> {
        match variable {
            "client.name" => Some(self.client_name.clone()),
            "numero" => Some(self.numero.clone()),
            "amount" => Some(self.amount.format_french()),
            "balance" => Some(self.balance.format_french()),
            "dueDate" => Some(format_date_french(self.due_date)),
            "daysLate" => Some(self.days_late.max(0).to_string()),
            "signature" => Some(if self.signature.is_empty() {
                self.organization_name.clone()
            } else {
                self.signature.clone()
            }),
            "organization.name" => Some(self.organization_name.clone()),
            "payUrl" => self.pay_url.clone(),
            _ => None,
        }
    }
}

/// A reminder's text, ready to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedText {
    /// The subject, one line.
    pub subject: String,
    /// The plain text.
    pub body: String,
}

/// Writes a reminder's text. A line that holds `{{payUrl}}` is left out where there is nowhere to
/// pay online.
///
/// # Errors
/// The step's text has a variable that does not exist, which saving the plan refuses.
pub fn render(subject: &str, body: &str, values: &Values) -> Result<RenderedText, TemplateError> {
    let subject = Template::parse(subject, VARIABLES)?.render(|name| values.value_of(name));
    let body = Template::parse(body, VARIABLES)?.render(|name| values.value_of(name));
    Ok(RenderedText {
        // A value may hold a line break, which a subject can't.
        subject: one_line(&subject),
        body: body.trim_end().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rubis_kernel::Currency;
    use time::macros::date;

    fn values() -> Values {
        Values {
            client_name: "Boulangerie\nMartin".to_owned(),
            numero: "F-2026-017".to_owned(),
            amount: Money::new(123_456, Currency::EUR),
            balance: Money::new(23_456, Currency::EUR),
            due_date: date!(2026 - 11 - 01),
            days_late: -3,
            signature: String::new(),
            organization_name: "Menuiserie Vasseur".to_owned(),
            pay_url: None,
        }
    }

    #[test]
    fn every_variable_has_its_value_and_amounts_are_french() {
        let body = VARIABLES.iter().map(|name| format!("{{{{{name}}}}}")).collect::<Vec<_>>().join("\n");
        let values =
            Values { pay_url: Some("https://payer.exemple.fr/1".to_owned()), days_late: 12, ..values() };
        let rendered = render("{{numero}}", &body, &values).unwrap();
        assert_eq!(
            rendered.body.lines().collect::<Vec<_>>(),
            [
                "Boulangerie",
                "Martin",
                "F-2026-017",
                "1\u{202f}234,56\u{a0}€",
                "234,56\u{a0}€",
                "1er novembre 2026",
                "12",
                "Menuiserie Vasseur",
                "https://payer.exemple.fr/1",
                "Menuiserie Vasseur",
            ]
        );
    }

    #[test]
    fn a_subject_stays_on_one_line_whatever_the_values_hold() {
        let rendered = render("{{client.name}} : {{balance}}", "x", &values()).unwrap();
        assert_eq!(rendered.subject, "Boulangerie Martin : 234,56\u{a0}€");
    }

    #[test]
    fn without_a_place_to_pay_online_the_line_about_it_is_left_out() {
        let rendered = render("s", "Bonjour,\nPour payer : {{payUrl}}\nMerci.", &values()).unwrap();
        assert_eq!(rendered.body, "Bonjour,\nMerci.");
    }

    #[test]
    fn days_late_are_never_negative() {
        assert_eq!(render("s", "{{daysLate}}", &values()).unwrap().body, "0");
    }
}
