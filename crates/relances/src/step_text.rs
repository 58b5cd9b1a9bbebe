//! Checks a step's subject and text when its plan is saved, so that no mail of it is empty, too long or wrong later.

use rubis_kernel::{
    Currency, FieldErrors, MailContent, MailPart, Money, Template, TemplateError, TemplateValues, is_blank,
    one_line,
};
use time::macros::date;

use crate::{
    company_dues::claims_company_dues,
    penalties::PenaltyRate,
    variables::{NAMES, OPTIONAL_VARIABLES, Values},
};

/// The most different names of sections: a text is tried with each combination of them.
const MAX_SECTIONS: usize = 8;
/// The most characters of the address where an invoice can be paid.
const MAX_PAY_URL_CHARS: usize = 300;
/// The most characters of a postal address on one line.
const MAX_ADDRESS_CHARS: usize = 540;

/// Notes every mistake of a step's subject and text.
pub fn check_step_text(errors: &mut FieldErrors, subject: &str, body: &str) {
    for (field, source, part) in [("subject", subject, MailPart::Subject), ("body", body, MailPart::Text)] {
        if source.trim().is_empty() {
            // Refused as missing already.
            continue;
        }
        match Template::parse(source, NAMES) {
            Err(error) => errors.push(field, code_of(&error), error.to_string()),
            Ok(template) => check_part(errors, field, &template, part),
        }
    }
}

const fn code_of(error: &TemplateError) -> &'static str {
    match error {
        TemplateError::UnknownVariable(..) => "unknown_variable",
        TemplateError::UnknownCondition(..) => "unknown_condition",
        TemplateError::Unclosed => "unclosed_variable",
        TemplateError::UnclosedSection(_) => "unclosed_section",
        TemplateError::UnopenedSection(_) => "unopened_section",
        TemplateError::TooDeep => "sections_too_deep",
    }
}

fn check_part(errors: &mut FieldErrors, field: &str, template: &Template, part: MailPart) {
    let optional = OPTIONAL_VARIABLES.iter().find(|name| template.uses(name));
    if let (MailPart::Subject, Some(name)) = (part, optional) {
        let message =
            format!("must not have {{{{{name}}}}}: it may have no value, and the subject would be empty");
        errors.push(field, "variable_not_in_subject", message);
        return;
    }
    let sections = template.sections();
    if sections.len() > MAX_SECTIONS {
        let message = format!("must have at most {MAX_SECTIONS} different sections");
        errors.push(field, "too_many_sections", message);
        return;
    }
    if let Some((code, message)) = trials(&sections).find_map(|trial| mistake(template, part, &trial)) {
        errors.push(field, code, message);
    }
}

/// The mistake that a reader would see in one case.
fn mistake(template: &Template, part: MailPart, trial: &Trial<'_>) -> Option<(&'static str, String)> {
    let max_chars = match part {
        MailPart::Subject => MailContent::MAX_SUBJECT_CHARS,
        MailPart::Text | MailPart::Html => MailContent::MAX_TEXT_CHARS,
    };
    let Some(rendered) = template.render(max_chars, trial) else {
        let message = format!(
            "must have at most {max_chars} characters once its variables are filled in with the longest values"
        );
        return Some(("rendered_too_long", message));
    };
    let rendered = if part == MailPart::Subject { one_line(&rendered) } else { rendered };
    if is_blank(&rendered) {
        let message = format!("must not be empty once its variables are filled in{}", trial.described());
        return Some(("rendered_empty", message));
    }
    if !trial.holds("company") && rendered.lines().any(claims_company_dues) {
        let message = "must claim the indemnity of 40 € and penalties of the Code de commerce only between \
             {{#company}} and {{/company}}: only professionals owe them";
        return Some(("company_only_claim", message.to_owned()));
    }
    None
}

/// One case of a text: which of its sections are written, and the length of its values.
struct Trial<'a> {
    written: Vec<&'a str>,
    sections: &'a [&'a str],
    values: Values,
}

impl Trial<'_> {
    /// The case in words, for a text with sections.
    fn described(&self) -> String {
        if self.sections.is_empty() {
            return String::new();
        }
        let states = self.sections.iter().map(|name| {
            let holds = if self.written.contains(name) { "holds" } else { "does not hold" };
            format!("{name} {holds}")
        });
        format!(", as when {}", states.collect::<Vec<_>>().join(", "))
    }
}

impl TemplateValues for Trial<'_> {
    fn value_of(&self, variable: &str) -> Option<String> {
        let value = self.values.value_of(variable);
        if !self.sections.contains(&variable) {
            return value;
        }
        // Between its own section's tags a variable has a value, and one character at least.
        self.written.contains(&variable).then(|| value.unwrap_or_else(|| "x".to_owned()))
    }

    fn holds(&self, name: &str) -> bool {
        self.written.contains(&name)
    }
}

/// Every combination of sections, with the longest values and with as few values as there can be.
fn trials<'a>(sections: &'a [&'a str]) -> impl Iterator<Item = Trial<'a>> {
    (0..1_u32 << sections.len()).flat_map(move |combination| {
        let written: Vec<&str> = (0..)
            .zip(sections)
            .filter(|(index, _)| combination & (1 << index) != 0)
            .map(|(_, name)| *name)
            .collect();
        [shortest(), longest()].map(|values| Trial { written: written.clone(), sections, values })
    })
}

/// Values of one character, and none for what may have no value.
fn shortest() -> Values {
    let one = || "x".to_owned();
    let amount = Money::new(1, Currency::EUR);
    Values {
        client_name: one(),
        client_address: None,
        client_siren: None,
        client_kind: rubis_invoices::ClientKind::Company,
        numero: one(),
        amount,
        balance: amount,
        issue_date: date!(2026 - 05 - 01),
        due_date: date!(2026 - 05 - 01),
        today: date!(2026 - 05 - 01),
        penalty_rate: None,
        signature: one(),
        organization_name: one(),
        organization_address: None,
        organization_siren: None,
        was_reminded: false,
        pay_url: None,
    }
}

/// The longest values that invoices, clients and organizations can have.
fn longest() -> Values {
    let long = |chars: usize| "x".repeat(chars);
    let amount = Money::new(i64::MAX, Currency::EUR);
    Values {
        client_name: long(rubis_invoices::MAX_CLIENT_NAME_CHARS),
        client_address: Some(long(MAX_ADDRESS_CHARS)),
        client_siren: Some(long(9)),
        numero: long(rubis_invoices::MAX_NUMERO_CHARS),
        amount,
        balance: amount,
        issue_date: date!(1999 - 09 - 30),
        due_date: date!(1999 - 09 - 30),
        today: date!(9999 - 09 - 30),
        penalty_rate: Some(PenaltyRate(9_999)),
        signature: long(rubis_accounts::MAX_SIGNATURE_CHARS),
        organization_name: long(rubis_accounts::MAX_ORGANIZATION_NAME_CHARS),
        organization_address: Some(long(MAX_ADDRESS_CHARS)),
        organization_siren: Some(long(9)),
        pay_url: Some(long(MAX_PAY_URL_CHARS)),
        ..shortest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(subject: &str, body: &str) -> Vec<(String, &'static str)> {
        let mut errors = FieldErrors::new();
        check_step_text(&mut errors, subject, body);
        errors.as_slice().iter().map(|error| (error.field.clone(), error.code)).collect()
    }

    fn of_body(body: &str) -> Vec<(String, &'static str)> {
        mistakes("s", body)
    }

    fn one(field: &str, code: &'static str) -> Vec<(String, &'static str)> {
        vec![(field.to_owned(), code)]
    }

    #[test]
    fn a_subject_has_no_variable_that_may_have_no_value() {
        assert_eq!(mistakes("Payer : {{payUrl}}", "x"), one("subject", "variable_not_in_subject"));
        let in_section = "Facture{{#payUrl}} {{payUrl}}{{/payUrl}}";
        assert_eq!(mistakes(in_section, "x"), one("subject", "variable_not_in_subject"));
        assert_eq!(mistakes("{{client.address}}", "x"), one("subject", "variable_not_in_subject"));
        assert!(mistakes("Facture {{numero}} {{daysLate}}", "Payer : {{payUrl}}\nMerci").is_empty());
    }

    #[test]
    fn a_text_that_would_be_empty_in_some_case_is_refused() {
        assert_eq!(of_body("Pour payer : {{payUrl}}"), one("body", "rendered_empty"));
        assert_eq!(of_body("{{#reminded}}Encore nous.{{/reminded}}"), one("body", "rendered_empty"));
        assert_eq!(of_body("{{^payUrl}}Par virement.{{/payUrl}}"), one("body", "rendered_empty"));
        assert_eq!(mistakes("{{#company}}Facture{{/company}}", "x"), one("subject", "rendered_empty"));
        assert_eq!(of_body("\u{200b}"), one("body", "rendered_empty"));
        let both = "{{#company}}Votre société{{/company}}{{^company}}Vous{{/company}}";
        assert!(mistakes(both, both).is_empty());
        assert!(of_body("{{^payUrl}}Par virement.{{/payUrl}}{{#payUrl}}{{payUrl}}{{/payUrl}}").is_empty());
    }

    #[test]
    fn a_claim_against_companies_is_made_of_companies_alone() {
        let claim = "Une indemnité forfaitaire de 40 € est due.";
        assert_eq!(of_body(&format!("Bonjour,\n{claim}")), one("body", "company_only_claim"));
        let inverted = format!("Bonjour,\n{{{{^company}}}}{claim}{{{{/company}}}}");
        assert_eq!(of_body(&inverted), one("body", "company_only_claim"));
        assert!(of_body(&format!("Bonjour,\n{{{{#company}}}}\n{claim}\n{{{{/company}}}}")).is_empty());
    }

    #[test]
    fn a_text_is_tried_with_the_longest_values_of_each_case() {
        let signatures = |count: usize| "{{signature}}".repeat(count);
        assert_eq!(of_body(&signatures(21)), one("body", "rendered_too_long"));
        let either = format!(
            "{{{{#company}}}}{}{{{{/company}}}}{{{{^company}}}}{}{{{{/company}}}}",
            signatures(12),
            signatures(12)
        );
        assert!(of_body(&either).is_empty(), "no client gets both");
        assert_eq!(of_body(&format!("{either}{}", signatures(9))), one("body", "rendered_too_long"));
    }

    #[test]
    fn mistakes_of_sections_have_their_codes() {
        assert_eq!(of_body("{{#entreprise}}x{{/entreprise}}"), one("body", "unknown_condition"));
        assert_eq!(of_body("x{{#company}}"), one("body", "unclosed_section"));
        assert_eq!(of_body("x{{/company}}"), one("body", "unopened_section"));
        let names =
            ["company", "reminded", "partPaid", "overdue", "numero", "amount", "balance", "today", "payUrl"];
        let all: String = names.iter().map(|name| format!("x{{{{#{name}}}}}y{{{{/{name}}}}}")).collect();
        assert_eq!(of_body(&all), one("body", "too_many_sections"));
    }
}
