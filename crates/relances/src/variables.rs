//! What a reminder's text can name, and what each name stands for.

use rubis_kernel::{
    Currency, MailContent, MailPart, Money, Template, TemplateError, format_date_french, one_line,
};
use time::{Date, macros::date};

/// The most characters of the address where an invoice can be paid.
const MAX_PAY_URL_CHARS: usize = 300;

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

impl Values {
    /// The longest values that invoices, clients and organizations can have.
    pub fn longest() -> Self {
        let longest = |chars: usize| "x".repeat(chars);
        let amount = Money::new(i64::MAX, Currency::EUR);
        Self {
            client_name: longest(rubis_invoices::MAX_CLIENT_NAME_CHARS),
            numero: longest(rubis_invoices::MAX_NUMERO_CHARS),
            amount,
            balance: amount,
            due_date: date!(9999 - 09 - 30),
            days_late: 9_999_999,
            signature: longest(rubis_accounts::MAX_SIGNATURE_CHARS),
            organization_name: longest(rubis_accounts::MAX_ORGANIZATION_NAME_CHARS),
            pay_url: Some(longest(MAX_PAY_URL_CHARS)),
        }
    }
}

/// The reason why a reminder's text cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// The step has a variable that does not exist, which saving the plan refuses.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The subject or the text is longer than a mail may be.
    #[error("the {0} of the reminder is too long once its variables are filled in")]
    TooLong(MailPart),
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
/// [`TextError`].
pub fn render(subject: &str, body: &str, values: &Values) -> Result<RenderedText, TextError> {
    let part = |source: &str, part: MailPart, max_chars: usize| {
        let template = Template::parse(source, VARIABLES)?;
        template.render(max_chars, |name| values.value_of(name)).ok_or(TextError::TooLong(part))
    };
    let subject = part(subject, MailPart::Subject, MailContent::MAX_SUBJECT_CHARS)?;
    let body = part(body, MailPart::Text, MailContent::MAX_TEXT_CHARS)?;
    Ok(RenderedText {
        // A value may hold a line break, which a subject can't.
        subject: one_line(&subject),
        body: body.trim_end().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_text_longer_than_a_mail_may_be_is_not_written() {
        let long = Values { signature: "x".repeat(1_000), ..values() };
        let body = |signatures: usize| "{{signature}}".repeat(signatures);
        assert_eq!(render("s", &body(20), &long).unwrap().body.chars().count(), 20_000);
        assert_eq!(render("s", &body(769), &long), Err(TextError::TooLong(MailPart::Text)));
        assert_eq!(render(&body(1), "b", &long), Err(TextError::TooLong(MailPart::Subject)));
    }

    #[test]
    fn what_a_value_holds_is_not_read_as_a_template() {
        for hostile in ["{paragraphs}", "{organization}", "{{", "{{signature}}", "{% for x in y %}", "}}"] {
            let hostile = Values {
                client_name: hostile.to_owned(),
                signature: hostile.to_owned(),
                organization_name: hostile.to_owned(),
                ..values()
            };
            let written = render("{{client.name}}", "{{signature}}{{organization.name}}", &hostile).unwrap();
            assert_eq!(written.subject, hostile.client_name);
            assert_eq!(written.body, hostile.client_name.repeat(2));
        }
    }
}
