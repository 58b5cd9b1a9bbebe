//! The text of a reminder with its values filled in.

use rubis_invoices::ClientKind;
use rubis_kernel::{MailContent, MailPart, Template, TemplateError, is_blank, one_line};
use serde::{Deserialize, Serialize};

use crate::{
    company_dues::without_company_dues,
    variables::{NAMES, Values},
};

/// The reason why a reminder's text cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// The step has a variable that does not exist, which saving the plan refuses.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The subject or the text is longer than a mail may be.
    #[error("the {0} of the reminder is too long once its variables are filled in")]
    TooLong(MailPart),
    /// The subject or the text has nothing to read.
    #[error("the {0} of the reminder is empty once its variables are filled in")]
    Empty(MailPart),
}

/// A reminder's text, ready to be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenderedText {
    /// The subject, one line.
    pub subject: String,
    /// The plain text.
    pub body: String,
}

/// Writes a reminder's text. A line that holds a variable without a value is left out, and so is for a person a
/// sentence that claims what only companies owe.
///
/// # Errors
/// [`TextError`].
pub fn render(subject: &str, body: &str, values: &Values) -> Result<RenderedText, TextError> {
    let part = |source: &str, part: MailPart, max_chars: usize| {
        let template = Template::parse(source, NAMES)?;
        template.render(max_chars, values).ok_or(TextError::TooLong(part))
    };
    let subject = part(subject, MailPart::Subject, MailContent::MAX_SUBJECT_CHARS)?;
    let mut body = part(body, MailPart::Text, MailContent::MAX_TEXT_CHARS)?;
    if values.client_kind == ClientKind::Person {
        body = without_company_dues(&body);
    }
    // A value may hold a line break, which a subject must not.
    let text = RenderedText { subject: one_line(&subject), body: tidy(&body) };
    for (part, text) in [(MailPart::Subject, &text.subject), (MailPart::Text, &text.body)] {
        if is_blank(text) {
            return Err(TextError::Empty(part));
        }
    }
    Ok(text)
}

/// The text without blank lines at its ends, and with one at most between its paragraphs: lines that were left out leave
/// several.
fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut is_after_blank = false;
    for line in text.trim_end().split_inclusive('\n') {
        let is_blank = line.trim().is_empty();
        if is_blank && (is_after_blank || tidied.is_empty()) {
            continue;
        }
        is_after_blank = is_blank;
        tidied.push_str(line);
    }
    tidied
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::fixtures::values;

    #[test]
    fn a_subject_stays_on_one_line_whatever_the_values_hold() {
        let rendered = render("{{client.name}} : {{balance}}", "x", &values()).unwrap();
        assert_eq!(rendered.subject, "Boulangerie Martin : 234,56\u{a0}€");
    }

    #[test]
    fn a_line_without_its_value_is_left_out_and_leaves_no_gap() {
        let rendered = render("s", "Bonjour,\nPour payer : {{payUrl}}\nMerci.", &values()).unwrap();
        assert_eq!(rendered.body, "Bonjour,\nMerci.");
        let block =
            "{{organization.address}}\n\nBonjour,\n\n{{payUrl}}\n\n{{^company}}x{{/company}}\n\nMerci.\n";
        assert_eq!(render("s", block, &values()).unwrap().body, "Bonjour,\n\nMerci.");
    }

    #[test]
    fn a_mail_of_which_nothing_would_be_read_is_not_written() {
        let empty = |subject, body| render(subject, body, &values()).unwrap_err();
        assert_eq!(empty("s", "Pour payer : {{payUrl}}"), TextError::Empty(MailPart::Text));
        assert_eq!(empty("{{payUrl}}", "x"), TextError::Empty(MailPart::Subject));
        assert_eq!(empty("s", "{{^company}}x{{/company}}\n\u{200b}"), TextError::Empty(MailPart::Text));
        assert!(render("s", "x", &values()).is_ok());
    }

    #[test]
    fn a_person_never_reads_what_only_companies_owe() {
        let body = "Bonjour,\nUne indemnité forfaitaire de 40 € est due (article L. 441-10).\nMerci.";
        let person = Values { client_kind: ClientKind::Person, ..values() };
        assert_eq!(render("s", body, &person).unwrap().body, "Bonjour,\nMerci.");
        assert_eq!(render("s", body, &values()).unwrap().body, body, "a company does");
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
    fn a_value_is_not_read_as_a_template() {
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
