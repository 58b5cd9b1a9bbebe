//! Mustache-like text with variables, checked when it is saved and not when it is rendered.

/// A parsed text with `{{variable}}` places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// There is no such variable.
    #[error("{{{{{0}}}}} is not a variable; there are {known}", known = .1.iter().map(|name| format!("{{{{{name}}}}}")).collect::<Vec<_>>().join(", "))]
    UnknownVariable(String, &'static [&'static str]),
    /// A `{{` has no `}}`.
    #[error("a {{{{ is not closed by }}}}")]
    Unclosed,
}

impl Template {
    /// Reads a template that may use these variables, and no others.
    ///
    /// # Errors
    /// [`TemplateError`] names the variable that does not exist, or says that one is not closed.
    pub fn parse(source: &str, variables: &'static [&'static str]) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = source;
        while let Some((before, after)) = rest.split_once("{{") {
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let (name, following) = after.split_once("}}").ok_or(TemplateError::Unclosed)?;
            let name = name.trim();
            if !variables.contains(&name) {
                return Err(TemplateError::UnknownVariable(name.to_owned(), variables));
            }
            parts.push(Part::Variable(name.to_owned()));
            rest = following;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { parts })
    }

    /// The text with each variable replaced by what `value_of` gives for it; `None` if that has more than
    /// `max_chars` characters. A line that holds a variable without a value is left out whole. What a value
    /// contains is never read as a template again.
    pub fn render(
        &self,
        max_chars: usize,
        mut value_of: impl FnMut(&str) -> Option<String>,
    ) -> Option<String> {
        let mut rendered = String::new();
        let mut line = String::new();
        let mut line_is_complete = true;
        for part in &self.parts {
            match part {
                Part::Variable(name) => match value_of(name) {
                    Some(value) => line.push_str(&value),
                    None => line_is_complete = false,
                },
                Part::Text(text) => {
                    for piece in text.split_inclusive('\n') {
                        line.push_str(piece);
                        if piece.ends_with('\n') {
                            if line_is_complete {
                                rendered.push_str(&line);
                            }
                            line.clear();
                            line_is_complete = true;
                        }
                    }
                }
            }
            // Checked at each step, so that no template takes more memory than the limit and one value.
            let max_bytes = max_chars.saturating_mul(4);
            if rendered.len() > max_bytes || (line_is_complete && rendered.len() + line.len() > max_bytes) {
                return None;
            }
            if !line_is_complete {
                line.clear();
            }
        }
        if line_is_complete {
            rendered.push_str(&line);
        }
        (rendered.chars().count() <= max_chars).then_some(rendered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VARIABLES: &[&str] = &["client.name", "numero"];

    #[test]
    fn variables_are_replaced_and_their_values_are_not_read_again() {
        let template = Template::parse("Bonjour {{client.name}},\n{{ numero }} }} {x}", VARIABLES).unwrap();
        let rendered = template.render(100, |name| match name {
            "client.name" => Some("{{numero}}".to_owned()),
            _ => Some("F-1".to_owned()),
        });
        assert_eq!(rendered.unwrap(), "Bonjour {{numero}},\nF-1 }} {x}");
    }

    #[test]
    fn a_line_is_left_out_when_its_variable_has_no_value() {
        let template =
            Template::parse("Bonjour,\nPayer : {{numero}} ici\nMerci {{client.name}}", VARIABLES).unwrap();
        let rendered = template.render(100, |name| (name == "client.name").then(|| "Ada".to_owned()));
        assert_eq!(rendered.unwrap(), "Bonjour,\nMerci Ada");
    }

    #[test]
    fn a_variable_that_does_not_exist_is_refused_by_name() {
        let error = Template::parse("{{client.nom}}", VARIABLES).unwrap_err();
        assert_eq!(
            error.to_string(),
            "{{client.nom}} is not a variable; there are {{client.name}}, {{numero}}"
        );
    }

    #[test]
    fn a_text_that_grows_beyond_its_limit_is_not_rendered() {
        let template = Template::parse(&"{{numero}}".repeat(1_000), VARIABLES).unwrap();
        let value = |_: &str| Some("é".repeat(20));
        assert_eq!(template.render(20_000, value).unwrap().chars().count(), 20_000);
        assert_eq!(template.render(19_999, value), None);
        let mut asked = 0;
        let rendered = template.render(100, |_| {
            asked += 1;
            Some("é".repeat(20))
        });
        assert_eq!(rendered, None);
        assert!(asked < 20, "rendering stops soon after the limit: {asked} variables");
        // A line that is left out takes no memory either, and does not count.
        let left_out = Template::parse(&"{{client.name}}{{numero}}".repeat(1_000), VARIABLES).unwrap();
        let rendered = left_out.render(10, |name| (name == "numero").then(|| "é".repeat(20)));
        assert_eq!(rendered.unwrap(), "");
    }

    #[test]
    fn an_open_variable_is_refused() {
        assert_eq!(Template::parse("Facture {{numero", VARIABLES), Err(TemplateError::Unclosed));
        assert!(
            matches!(Template::parse("{{}}", VARIABLES), Err(TemplateError::UnknownVariable(name, _)) if name.is_empty())
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_parsed_or_refused_and_a_text_without_variables_stays_as_it_is(source in ".{0,80}") {
            if let Ok(template) = Template::parse(&source, VARIABLES)
                && !source.contains("{{")
            {
                proptest::prop_assert_eq!(template.render(80, |_| None), Some(source));
            }
        }
    }
}
