//! Text templates in the style of Mustache, with variables and sections, checked when they are saved and not when they
//! are rendered.
//!
//! `{{name}}` stands for a value. `{{#name}}…{{/name}}` is written if a condition holds or a variable has a value,
//! `{{^name}}…{{/name}}` if not. A section's tag that is alone on its line removes the whole line.

/// Maximum depth of nested sections: rendering is recursive.
const MAX_DEPTH: usize = 4;

/// Names that a template may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemplateNames {
    /// Variables, which sections may use too.
    pub variables: &'static [&'static str],
    /// Conditions, which only sections may use.
    pub conditions: &'static [&'static str],
}

/// Values of a template's names.
pub trait TemplateValues {
    /// Returns the value of a variable, if it has one.
    fn value_of(&self, variable: &str) -> Option<String>;

    /// Reports whether a section of this name is written.
    fn holds(&self, name: &str) -> bool;
}

/// A parsed text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
    Section { name: String, is_inverted: bool, parts: Vec<Part> },
}

/// A mistake in a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// There is no such variable.
    #[error("{{{{{0}}}}} is not a variable; there are {known}", known = .1.iter().map(|name| format!("{{{{{name}}}}}")).collect::<Vec<_>>().join(", "))]
    UnknownVariable(String, &'static [&'static str]),
    /// A section names neither a condition nor a variable.
    #[error("{{{{#{0}}}}} is not a condition; there are {known} and the variables", known = .1.iter().map(|name| format!("{{{{#{name}}}}}")).collect::<Vec<_>>().join(", "))]
    UnknownCondition(String, &'static [&'static str]),
    /// A `{{` has no `}}`.
    #[error("a {{{{ is not closed by }}}}")]
    Unclosed,
    /// A section has no end.
    #[error("{{{{#{0}}}}} is not closed by {{{{/{0}}}}}")]
    UnclosedSection(String),
    /// A section is closed that was not opened.
    #[error("{{{{/{0}}}}} closes no section")]
    UnopenedSection(String),
    /// Sections are nested too deeply.
    #[error("sections must not be nested more than {MAX_DEPTH} deep")]
    TooDeep,
}

/// A section that is not closed yet, with the parts before it.
struct OpenSection {
    name: String,
    is_inverted: bool,
    before: Vec<Part>,
}

enum Tag {
    Variable(String),
    Open { name: String, is_inverted: bool },
    Close(String),
}

impl Tag {
    fn parse(tag: &str, names: TemplateNames) -> Result<Self, TemplateError> {
        let tag = tag.trim();
        let section = |name: &str| {
            let name = name.trim();
            if names.conditions.contains(&name) || names.variables.contains(&name) {
                Ok(name.to_owned())
            } else {
                Err(TemplateError::UnknownCondition(name.to_owned(), names.conditions))
            }
        };
        if let Some(name) = tag.strip_prefix('#') {
            return Ok(Self::Open { name: section(name)?, is_inverted: false });
        }
        if let Some(name) = tag.strip_prefix('^') {
            return Ok(Self::Open { name: section(name)?, is_inverted: true });
        }
        if let Some(name) = tag.strip_prefix('/') {
            return Ok(Self::Close(name.trim().to_owned()));
        }
        if names.variables.contains(&tag) {
            return Ok(Self::Variable(tag.to_owned()));
        }
        Err(TemplateError::UnknownVariable(tag.to_owned(), names.variables))
    }
}

impl Template {
    /// Parses a template that may use these names, and no others.
    pub fn parse(source: &str, names: TemplateNames) -> Result<Self, TemplateError> {
        let mut open: Vec<OpenSection> = Vec::new();
        let mut parts = Vec::new();
        let mut rest = source;
        let mut starts_line = true;
        while let Some((before, from_tag)) = rest.split_once("{{") {
            let (tag, after) = from_tag.split_once("}}").ok_or(TemplateError::Unclosed)?;
            let tag = Tag::parse(tag, names)?;
            let alone = match tag {
                Tag::Variable(_) => None,
                Tag::Open { .. } | Tag::Close(_) => alone_on_its_line(before, after, starts_line),
            };
            starts_line = alone.is_some();
            let (before, after) = alone.unwrap_or((before, after));
            push_text(&mut parts, before);
            match tag {
                Tag::Variable(name) => parts.push(Part::Variable(name)),
                Tag::Open { .. } if open.len() == MAX_DEPTH => return Err(TemplateError::TooDeep),
                Tag::Open { name, is_inverted } => {
                    open.push(OpenSection { name, is_inverted, before: std::mem::take(&mut parts) });
                }
                Tag::Close(name) => {
                    let Some(section) = open.pop() else {
                        return Err(TemplateError::UnopenedSection(name));
                    };
                    if section.name != name {
                        return Err(TemplateError::UnclosedSection(section.name));
                    }
                    let inner = std::mem::replace(&mut parts, section.before);
                    parts.push(Part::Section { name, is_inverted: section.is_inverted, parts: inner });
                }
            }
            rest = after;
        }
        if let Some(section) = open.pop() {
            return Err(TemplateError::UnclosedSection(section.name));
        }
        push_text(&mut parts, rest);
        Ok(Self { parts })
    }

    /// Renders the text with its values; `None` if it exceeds `max_chars` characters. A line with a variable without a
    /// value is left out completely. A value is never parsed as a template.
    #[must_use]
    pub fn render(&self, max_chars: usize, values: &impl TemplateValues) -> Option<String> {
        let mut output = Output::new(max_chars);
        output.write(&self.parts, values)?;
        output.finish()
    }

    /// Reports whether the template has this variable outside of its sections' names.
    #[must_use]
    pub fn uses(&self, variable: &str) -> bool {
        uses(&self.parts, variable)
    }

    /// Returns the names of the template's sections, each once.
    #[must_use]
    pub fn sections(&self) -> Vec<&str> {
        let mut names = Vec::new();
        collect_sections(&self.parts, &mut names);
        names
    }
}

fn uses(parts: &[Part], variable: &str) -> bool {
    parts.iter().any(|part| match part {
        Part::Text(_) => false,
        Part::Variable(name) => name == variable,
        Part::Section { parts, .. } => uses(parts, variable),
    })
}

fn collect_sections<'a>(parts: &'a [Part], names: &mut Vec<&'a str>) {
    for part in parts {
        if let Part::Section { name, parts, .. } = part {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
            collect_sections(parts, names);
        }
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
}

/// Returns the text before and after a section's tag without the line of the tag, if nothing else is on that line.
fn alone_on_its_line<'a>(before: &'a str, after: &'a str, starts_line: bool) -> Option<(&'a str, &'a str)> {
    let line_start = match before.rfind('\n') {
        Some(end) => end + 1,
        None if starts_line => 0,
        None => return None,
    };
    let (kept, indent) = before.split_at(line_start);
    let (blank, following) = after.split_once('\n').unwrap_or((after, ""));
    (indent.trim().is_empty() && blank.trim().is_empty()).then_some((kept, following))
}

/// Output that is built line by line.
struct Output {
    rendered: String,
    line: String,
    line_is_complete: bool,
    max_chars: usize,
}

impl Output {
    const fn new(max_chars: usize) -> Self {
        Self { rendered: String::new(), line: String::new(), line_is_complete: true, max_chars }
    }

    /// Writes parts; `None` once the limit is exceeded.
    fn write(&mut self, parts: &[Part], values: &impl TemplateValues) -> Option<()> {
        for part in parts {
            match part {
                Part::Text(text) => self.write_text(text),
                Part::Variable(name) => match values.value_of(name) {
                    Some(value) => self.line.push_str(&value),
                    None => self.line_is_complete = false,
                },
                Part::Section { name, is_inverted, parts } => {
                    if values.holds(name) != *is_inverted {
                        self.write(parts, values)?;
                    }
                }
            }
            // Checked at each step, so that no template uses more memory than the limit and one value.
            if !self.line_is_complete {
                self.line.clear();
            }
            if self.rendered.len() + self.line.len() > self.max_chars.saturating_mul(4) {
                return None;
            }
        }
        Some(())
    }

    fn write_text(&mut self, text: &str) {
        for piece in text.split_inclusive('\n') {
            self.line.push_str(piece);
            if piece.ends_with('\n') {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        if self.line_is_complete {
            self.rendered.push_str(&self.line);
        }
        self.line.clear();
        self.line_is_complete = true;
    }

    fn finish(mut self) -> Option<String> {
        self.end_line();
        (self.rendered.chars().count() <= self.max_chars).then_some(self.rendered)
    }
}

#[cfg(test)]
mod tests;
