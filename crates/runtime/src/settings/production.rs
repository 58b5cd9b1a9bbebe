//! Rules for a deployment that is reached over HTTPS.

use std::collections::BTreeSet;

use url::Url;

use super::document::SECTIONS;
use super::error::SettingsError;
use super::key::Key;
use super::source::Source;
use super::{auth, parse, process};

/// Minimum number of different bytes in a secret; a random one of 32 hexadecimal digits nearly always has 10 or more.
const LEAST_DISTINCT_BYTES: usize = 8;

/// Prefixes that providers give all their secrets; they add nothing to the strength of one.
const PREFIXES: [&str; 6] = ["sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_", "re_"];

/// Secrets published in this repository besides the values of `.env.example`: those of tests and fault scenarios.
const PUBLISHED: [&str; 3] = [
    "0123456789abcdef0123456789abcdef",
    "a-key-for-tests-0123456789abcdef",
    "the-key-of-fault-scenarios-is-no-secret",
];

/// Reports whether the api is reached over HTTPS, which distinguishes a deployment from a development machine.
pub(super) fn is_served_over_https(source: &Source) -> Result<bool, SettingsError> {
    let app_url = source.required(&process::APP_URL, parse::web_url)?;
    Ok(app_url.scheme() == "https")
}

/// Refuses every secret that is public or guessable, and a cookie that would be sent without encryption, if the api is
/// served over HTTPS.
pub(super) fn check(source: &Source) -> Result<(), SettingsError> {
    if !is_served_over_https(source)? {
        return Ok(());
    }
    let keys = SECTIONS.iter().flat_map(|section| section.keys.iter().copied());
    for key in keys.filter(|key| key.secret) {
        let value = source.optional(key, |text| Some(text.to_owned()))?;
        for secret in value.iter().flat_map(|value| secrets_in(value)) {
            if let Some(rule) = broken_rule(&secret) {
                return Err(SettingsError::refused(key, rule));
            }
        }
    }
    if source.optional(&auth::COOKIE_SECURE, parse::boolean)? == Some(false) {
        return Err(SettingsError::refused(
            &auth::COOKIE_SECURE,
            "is false, and must be true while APP_URL is https",
        ));
    }
    Ok(())
}

/// Returns the secrets in a value: the password of an address, or each item of a list.
fn secrets_in(value: &str) -> Vec<String> {
    if let Ok(url) = value.parse::<Url>()
        && url.has_host()
    {
        return url.password().map(decoded).into_iter().collect();
    }
    value.split(',').map(|item| item.trim().to_owned()).collect()
}

/// Returns a password as it was before it was put into an address.
fn decoded(password: &str) -> String {
    let form = format!("x={}", password.replace('+', "%2B"));
    url::form_urlencoded::parse(form.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// Returns the rule that a secret breaks, as the end of a line that names its key.
fn broken_rule(secret: &str) -> Option<&'static str> {
    if secret.to_ascii_lowercase().contains("development") {
        return Some(
            "contains \"development\", which is refused while APP_URL is https: generate a secret, as with `openssl rand -hex 32`",
        );
    }
    if is_published(secret) {
        return Some(
            "is a value that this project publishes, which is refused while APP_URL is https: generate a secret, as with `openssl rand -hex 32`",
        );
    }
    let random = PREFIXES.iter().find_map(|prefix| secret.strip_prefix(prefix)).unwrap_or(secret);
    let distinct: BTreeSet<u8> = random.bytes().collect();
    if distinct.len() < LEAST_DISTINCT_BYTES {
        return Some(
            "has fewer than 8 different bytes, which is refused while APP_URL is https: generate a secret, as with `openssl rand -hex 32`",
        );
    }
    None
}

fn is_published(secret: &str) -> bool {
    let keys = SECTIONS.iter().flat_map(|section| section.keys.iter().copied());
    let is_example = |key: &Key| key.secret && key.example.is_some_and(|example| example == secret);
    PUBLISHED.contains(&secret) || keys.into_iter().any(is_example)
}

/// Reports whether a host is this machine itself.
pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Reports whether requests to an address are not encrypted.
pub(super) fn is_clear(url: &Url) -> bool {
    url.scheme() == "http"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_distinguished_from_others() {
        for host in ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "LOCALHOST", "mail.localhost"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["10.0.0.1", "localhost.example.fr", "mailpit", "0.0.0.0", "::ffff:10.0.0.1"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn the_password_of_an_address_is_looked_at_and_not_its_host() {
        assert_eq!(secrets_in("postgres://rubis:p%40ss@development-db/rubis"), ["p@ss"]);
        assert_eq!(secrets_in("redis://cache:6379/"), [""; 0]);
        assert_eq!(secrets_in("whsec_a, whsec_b"), ["whsec_a", "whsec_b"]);
    }
}
