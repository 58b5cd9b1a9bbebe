//! Checks of fields, shared by the handlers.

use std::collections::BTreeMap;

use crate::form::Form;
use crate::problem::Problem;

/// Refuses fields that Stripe does not have there, or that this fake does not support.
pub(super) fn only(form: &Form, known: &[&str]) -> Result<(), Problem> {
    match form.names().find(|name| !known.contains(name)) {
        Some(name) => Err(Problem::unknown(name)),
        None => Ok(()),
    }
}

/// Returns a required field.
pub(super) fn required<'a>(form: &'a Form, name: &str) -> Result<&'a str, Problem> {
    form.text(&[name]).ok_or_else(|| Problem::missing(name))
}

/// Returns a required web address.
pub(super) fn web_address(form: &Form, name: &str) -> Result<String, Problem> {
    let address = required(form, name)?;
    // The braces of `{CHECKOUT_SESSION_ID}` are allowed.
    let is_web = url::Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if is_web { Ok(address.to_owned()) } else { Err(Problem::bad_param(name, "Not a valid URL")) }
}

/// Returns metadata within Stripe's limits.
pub(super) fn metadata(form: &Form, path: &[&str]) -> Result<BTreeMap<String, String>, Problem> {
    let metadata = form.map(path);
    let too_long = |(key, value): (&String, &String)| key.len() > 40 || value.chars().count() > 500;
    if metadata.len() > 50 || metadata.iter().any(too_long) {
        return Err(Problem::bad_param("metadata", "Metadata has too many keys, or keys or values too long"));
    }
    Ok(metadata)
}

/// Returns a field that is `true` or `false`.
pub(super) fn flag(form: &Form, name: &str) -> Result<Option<bool>, Problem> {
    match form.text(&[name]) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(other) => Err(Problem::bad_param(name, format!("Invalid boolean: {other}"))),
    }
}
