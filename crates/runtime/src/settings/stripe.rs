//! Access to Stripe, and verification of its events.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::error::SettingsError;
use super::key::{Binary, Default, Key, Section};
use super::source::Source;
use super::{parse, production};

/// Access to Stripe, and verification of its events.
#[derive(Debug, Clone)]
pub struct StripeSection {
    /// Secret key of the account; without it, subscribing is not possible.
    pub secret_key: Option<SecretString>,
    /// Address of Stripe's API, if it is not Stripe's own.
    pub api_base: Option<Url>,
    /// Secrets that events are signed with: any of these, so that one can replace another.
    pub webhook_secrets: Vec<SecretString>,
}

static STRIPE_SECRET_KEY: Key = Key {
    name: "STRIPE_SECRET_KEY",
    default: Default::Unset(
        "subscribing is not possible, and the billing operations that need Stripe return 503",
    ),
    takes: "a secret or restricted key of Stripe's, as sk_live_… or rk_live_…",
    meaning: "Key of the Stripe account in which Rubis's own subscriptions are charged. Both binaries need it.",
    example: Some("sk_test_rubis"),
    secret: true,
};
static STRIPE_API_BASE: Key = Key {
    name: "STRIPE_API_BASE",
    default: Default::Unset("Stripe itself"),
    takes: "an http or https address without a query",
    meaning: "Address of Stripe's API; for a local fake. The secret key is sent there, so a live key requires https.",
    example: Some("http://127.0.0.1:12111"),
    secret: false,
};
static STRIPE_WEBHOOK_SECRET: Key = Key {
    name: "STRIPE_WEBHOOK_SECRET",
    default: Default::Required("by the api when `STRIPE_SECRET_KEY` is set"),
    takes: "signing secrets of Stripe's webhooks separated by commas, each as whsec_…",
    meaning: "Secrets with which the events at `POST /api/v1/webhooks/stripe` are signed. While a secret is being replaced, both the old and the new one.",
    example: Some("whsec_rubis_development"),
    secret: true,
};

pub(super) static SECTION: Section =
    Section { title: "Stripe", keys: &[&STRIPE_SECRET_KEY, &STRIPE_API_BASE, &STRIPE_WEBHOOK_SECRET] };

impl StripeSection {
    pub(super) fn read(source: &Source, binary: Binary) -> Result<Self, SettingsError> {
        let secret_key = source.optional(&STRIPE_SECRET_KEY, secret_key)?;
        let webhook_secrets =
            source.optional(&STRIPE_WEBHOOK_SECRET, |text| parse::list(text, webhook_secret))?;
        if binary == Binary::Api && secret_key.is_some() && webhook_secrets.is_none() {
            // People would be charged without Rubis learning of it.
            return Err(SettingsError::missing(&STRIPE_WEBHOOK_SECRET));
        }
        let api_base = source.optional(&STRIPE_API_BASE, parse::web_url)?;
        if secret_key.as_ref().is_some_and(is_live) && api_base.as_ref().is_some_and(production::is_clear) {
            return Err(SettingsError::refused(&STRIPE_API_BASE, "is http, which a live key is not sent to"));
        }
        Ok(Self { secret_key, api_base, webhook_secrets: webhook_secrets.unwrap_or_default() })
    }
}

/// Parses a secret key. A publishable key, `pk_…`, is easily mistaken for it.
fn secret_key(text: &str) -> Option<SecretString> {
    let is_secret = text.starts_with("sk_") || text.starts_with("rk_");
    (is_secret && is_token(text)).then(|| text.into())
}

fn is_live(key: &SecretString) -> bool {
    let key = key.expose_secret();
    key.starts_with("sk_live_") || key.starts_with("rk_live_")
}

fn webhook_secret(text: &str) -> Option<SecretString> {
    let random = text.strip_prefix("whsec_")?;
    (!random.is_empty() && is_token(text)).then(|| text.into())
}

fn is_token(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}
