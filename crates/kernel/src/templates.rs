//! The templates of the product's own mails and pages, compiled into the programs.
//!
//! A crate keeps its templates in `src/templates/` and lists them once:
//!
//! ```ignore
//! static MAILS: Templates = Templates::new(templates![
//!     "password_reset.subject.txt",
//!     "password_reset.txt",
//!     "password_reset.html",
//! ]);
//!
//! #[derive(Serialize)]
//! struct PasswordReset<'a> {
//!     url: &'a str,
//!     minutes: i64,
//! }
//!
//! let content = MAILS.mail("password_reset", &PasswordReset { url, minutes })?;
//! let email = Email::of_product(sender, to, content).identified("password-reset", &key);
//! ```
//!
//! with `password_reset.html`:
//!
//! ```jinja
//! {% extends "mail.html" %}
//! {% from "mail_parts.html" import button %}
//! {% block content %}
//! <p style="margin:0 0 16px">Ce lien est valable {{ minutes }} minutes.</p>
//! {{ button(url, "Choisir un mot de passe") }}
//! {% endblock %}
//! ```
//!
//! Templates ending in `.html` escape every value; others write values as they are. A value is written once and
//! never read as a template. A variable that was not given is an error.

use std::{io, sync::OnceLock};

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value, context,
    escape_formatter,
    syntax::SyntaxConfig,
    value::{Serde, merge_maps},
};
use serde::Serialize;

use crate::{MailContent, MailPart, RenderError, text::escape_html};

/// Templates that those of every crate can extend and import.
const SHARED: &[(&str, &str)] = &[
    ("mail.html", include_str!("templates/mail.html")),
    ("mail_parts.html", include_str!("templates/mail_parts.html")),
];

/// Lists names and sources of the files in `templates/` beside the calling file.
#[macro_export]
macro_rules! templates {
    ($($file:literal),* $(,)?) => {
        &[$(($file, include_str!(concat!("templates/", $file)))),*]
    };
}

/// A set of templates; each is parsed when it is first rendered.
pub struct Templates {
    sources: &'static [(&'static str, &'static str)],
    environment: OnceLock<Environment<'static>>,
}

impl Templates {
    /// Creates a set of named sources, as listed by [`templates!`](crate::templates!).
    #[must_use]
    pub const fn new(sources: &'static [(&'static str, &'static str)]) -> Self {
        Self { sources, environment: OnceLock::new() }
    }

    /// Renders one template.
    ///
    /// # Errors
    /// [`RenderError`]: the template does not exist, does not parse, names a missing variable, or its output is
    /// larger than `max_bytes`.
    pub fn render(
        &self,
        name: &str,
        values: impl Serialize,
        max_bytes: usize,
    ) -> Result<String, RenderError> {
        self.write(name, Value::from(Serde(values)), max_bytes)
    }

    /// Renders a mail: `{name}.subject.txt`, `{name}.txt` and `{name}.html`. The HTML gets the rendered `subject` in
    /// addition to the values.
    ///
    /// # Errors
    /// [`RenderError`], also if a part exceeds the limits of [`MailContent`].
    pub fn mail(&self, name: &str, values: impl Serialize) -> Result<MailContent, RenderError> {
        let values = Value::from(Serde(values));
        let part = |suffix: &str, part: MailPart, values: Value| {
            self.write(&format!("{name}.{suffix}"), values, part.max_bytes())
                .map_err(|error| error.of_part(part))
        };
        let subject = part("subject.txt", MailPart::Subject, values.clone())?;
        let text = part("txt", MailPart::Text, values.clone())?;
        let subject = MailContent::subject_line(&subject)?;
        let values = merge_maps([context! { subject => subject.as_str() }, values]);
        let html = part("html", MailPart::Html, values)?;
        MailContent::new(subject, text, html)
    }

    /// Returns the names of the set's own templates, for a test that renders all of them.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.sources.iter().map(|(name, _)| *name)
    }

    fn write(&self, name: &str, values: Value, max_bytes: usize) -> Result<String, RenderError> {
        let failed = |source| RenderError::Template { name: name.to_owned(), source: Box::new(source) };
        let environment = self.environment.get_or_init(|| environment(self.sources));
        let template = environment.get_template(name).map_err(failed)?;
        let mut rendered = Bounded { bytes: Vec::new(), max_bytes, is_full: false };
        let outcome = template.render_captured_to(values, &mut rendered).map(drop);
        if rendered.is_full {
            return Err(RenderError::TooLarge { name: name.to_owned(), max_bytes });
        }
        outcome.map_err(failed)?;
        String::from_utf8(rendered.bytes)
            .map_err(|error| failed(Error::new(ErrorKind::WriteFailure, error.to_string())))
    }
}

fn environment(sources: &'static [(&'static str, &'static str)]) -> Environment<'static> {
    let mut environment = Environment::new();
    // Both line settings keep the lines of block tags out of the output.
    if let Ok(syntax) =
        SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()
    {
        environment.set_syntax(syntax);
    }
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|name| {
        if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
    });
    environment.set_formatter(format_value);
    // No template may turn escaping off.
    environment.remove_filter("safe");
    environment.set_loader(move |name| {
        let known = sources.iter().chain(SHARED).find(|(known, _)| *known == name);
        Ok::<_, Error>(known.map(|(_, source)| (*source).to_owned()))
    });
    environment
}

fn format_value(output: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.as_str() {
        Some(text) if *state.auto_escape() == AutoEscape::Html && !value.is_safe() => {
            Ok(output.write_str(&escape_html(text))?)
        }
        _ => escape_formatter(output, state, value),
    }
}

/// Keeps the output, up to a limit.
struct Bounded {
    bytes: Vec<u8>,
    max_bytes: usize,
    is_full: bool,
}

impl io::Write for Bounded {
    fn write(&mut self, written: &[u8]) -> io::Result<usize> {
        if self.bytes.len().saturating_add(written.len()) > self.max_bytes {
            self.is_full = true;
            return Err(io::Error::other("the output is too large"));
        }
        self.bytes.extend_from_slice(written);
        Ok(written.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
