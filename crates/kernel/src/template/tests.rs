//! Tests of variables, sections, mistakes and limits.

use std::cell::Cell;

use super::*;

const NAMES: TemplateNames =
    TemplateNames { variables: &["client.name", "numero"], conditions: &["company", "reminded"] };

/// A client's name, a number, and the conditions that hold.
#[derive(Default)]
struct Given<'a> {
    name: Option<&'a str>,
    numero: Option<&'a str>,
    holding: &'a [&'a str],
    asked: Cell<usize>,
}

impl TemplateValues for Given<'_> {
    fn value_of(&self, variable: &str) -> Option<String> {
        self.asked.set(self.asked.get() + 1);
        if variable == "numero" { self.numero } else { self.name }.map(str::to_owned)
    }

    fn holds(&self, name: &str) -> bool {
        self.holding.contains(&name) || NAMES.variables.contains(&name) && self.value_of(name).is_some()
    }
}

fn rendered(source: &str, given: &Given<'_>) -> String {
    Template::parse(source, NAMES).unwrap().render(1_000, given).unwrap()
}

fn refused(source: &str) -> TemplateError {
    Template::parse(source, NAMES).unwrap_err()
}

#[test]
fn variables_are_replaced_and_their_values_are_not_read_again() {
    let given = Given { name: Some("{{numero}}"), numero: Some("F-1"), ..Given::default() };
    assert_eq!(
        rendered("Bonjour {{client.name}},\n{{ numero }} }} {x}", &given),
        "Bonjour {{numero}},\nF-1 }} {x}"
    );
}

#[test]
fn a_line_is_left_out_when_its_variable_has_no_value() {
    let given = Given { name: Some("Ada"), ..Given::default() };
    assert_eq!(
        rendered("Bonjour,\nPayer : {{numero}} ici\nMerci {{client.name}}", &given),
        "Bonjour,\nMerci Ada"
    );
    assert_eq!(rendered("a {{#company}}x{{/company}}{{numero}}\nb {{numero}}", &given), "");
}

#[test]
fn a_section_is_written_if_its_condition_holds_and_an_inverted_one_if_not() {
    let source = "{{#reminded}}Malgré nos messages, la{{/reminded}}{{^reminded}}La{{/reminded}} facture";
    assert_eq!(rendered(source, &Given::default()), "La facture");
    let reminded = Given { holding: &["reminded"], ..Given::default() };
    assert_eq!(rendered(source, &reminded), "Malgré nos messages, la facture");
    // Sections of a variable depend on its value.
    let source = "Facture{{#numero}} n° {{numero}}{{/numero}}{{^numero}} sans numéro{{/numero}}";
    assert_eq!(rendered(source, &Given { numero: Some("7"), ..Given::default() }), "Facture n° 7");
    assert_eq!(rendered(source, &Given::default()), "Facture sans numéro");
}

#[test]
fn a_tag_alone_on_its_line_takes_the_line_with_it() {
    let source = "a\n{{#company}}\nb\n  {{/company}}  \nc\n{{^company}}\nd\n{{/company}}";
    let company = Given { holding: &["company"], ..Given::default() };
    assert_eq!(rendered(source, &company), "a\nb\nc\n");
    assert_eq!(rendered(source, &Given::default()), "a\nc\nd\n");
    // Control: next to other text a tag does not remove the line.
    assert_eq!(rendered("a\n{{#company}}b{{/company}}\nc", &Given::default()), "a\n\nc");
    assert_eq!(rendered("{{#company}}\n{{#reminded}}\nb\n{{/reminded}}\n{{/company}}\nc", &company), "c");
}

#[test]
fn each_mistake_has_its_error() {
    assert_eq!(
        refused("{{client.nom}}").to_string(),
        "{{client.nom}} is not a variable; there are {{client.name}}, {{numero}}"
    );
    assert_eq!(
        refused("{{#entreprise}}").to_string(),
        "{{#entreprise}} is not a condition; there are {{#company}}, {{#reminded}} and the variables"
    );
    assert_eq!(refused("Facture {{numero"), TemplateError::Unclosed);
    assert!(matches!(refused("{{}}"), TemplateError::UnknownVariable(name, _) if name.is_empty()));
    assert_eq!(refused("{{#company}}x"), TemplateError::UnclosedSection("company".to_owned()));
    assert_eq!(refused("x{{/company}}"), TemplateError::UnopenedSection("company".to_owned()));
    let crossed = "{{#company}}{{^reminded}}{{/company}}{{/reminded}}";
    assert_eq!(refused(crossed), TemplateError::UnclosedSection("reminded".to_owned()));
    assert!(matches!(refused("{{company}}"), TemplateError::UnknownVariable(..)));
    let nested = |depth: usize| format!("{}x{}", "{{#company}}".repeat(depth), "{{/company}}".repeat(depth));
    assert_eq!(refused(&nested(MAX_DEPTH + 1)), TemplateError::TooDeep);
    assert!(Template::parse(&nested(MAX_DEPTH), NAMES).is_ok());
}

#[test]
fn a_template_names_its_variables_and_sections() {
    let source = "{{#company}}{{^reminded}}{{numero}}{{/reminded}}{{/company}}{{#company}}{{/company}}";
    let template = Template::parse(source, NAMES).unwrap();
    assert_eq!(template.sections(), ["company", "reminded"]);
    assert!(template.uses("numero") && !template.uses("client.name") && !template.uses("company"));
}

#[test]
fn a_text_that_grows_beyond_its_limit_is_not_rendered() {
    let value = "é".repeat(20);
    let given = Given { numero: Some(&value), ..Given::default() };
    let template = Template::parse(&"{{numero}}".repeat(1_000), NAMES).unwrap();
    assert_eq!(template.render(20_000, &given).unwrap().chars().count(), 20_000);
    assert_eq!(template.render(19_999, &given), None);
    given.asked.set(0);
    assert_eq!(template.render(100, &given), None);
    assert!(given.asked.get() < 20, "rendering stops soon after the limit: {} variables", given.asked.get());
    // A line that is left out takes no memory either, and does not count.
    let left_out = Template::parse(&"{{client.name}}{{numero}}".repeat(1_000), NAMES).unwrap();
    assert_eq!(left_out.render(10, &given).unwrap(), "");
}

proptest::proptest! {
    #[test]
    fn any_text_is_parsed_or_refused_and_a_text_without_variables_stays_as_it_is(source in ".{0,80}") {
        if let Ok(template) = Template::parse(&source, NAMES)
            && !source.contains("{{")
        {
            proptest::prop_assert_eq!(template.render(80, &Given::default()), Some(source));
        }
    }

    #[test]
    fn any_arrangement_of_tags_is_parsed_or_refused(
        tags in proptest::collection::vec(
            proptest::sample::select(&["{{#company}}", "{{^reminded}}", "{{/company}}", "{{/reminded}}", "\n", "{{numero}}", " x "][..]),
            0..30,
        ),
    ) {
        if let Ok(template) = Template::parse(&tags.concat(), NAMES) {
            proptest::prop_assert!(template.render(1_000, &Given::default()).is_some());
        }
    }
}
