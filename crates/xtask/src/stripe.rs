//! Stripe, as the stack sees it: a fake of its own, or whatever account the environment has a key of.

use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use rubis_devkit::Launch;
use rubis_devkit::http::{Client, text};
use rubis_devkit::supervisor::StopSignal;

/// The environment variable with the secret key of an account.
const SECRET_KEY: &str = "STRIPE_SECRET_KEY";
const API_BASE: &str = "STRIPE_API_BASE";
const WEBHOOK_SECRET: &str = "STRIPE_WEBHOOK_SECRET";

/// Key and secret of the fake, as in `.env.example`.
const FAKE_SECRET_KEY: &str = "sk_test_rubis";
const FAKE_WEBHOOK_SECRET: &str = "whsec_rubis_development";

const STRIPE: &str = "https://api.stripe.com/";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stripe {
    Fake,
    Account,
}

impl Stripe {
    /// Stripe itself where `STRIPE_SECRET_KEY` is set in the environment, else the fake. A key in `.env` does not
    /// count: there is one in `.env.example`, and it is the fake's.
    pub fn of_environment() -> Self {
        match env::var_os(SECRET_KEY) {
            Some(key) if !key.is_empty() => Self::Account,
            _ => Self::Fake,
        }
    }

    /// The settings with which the programs reach it; `fake` is the fake's address.
    pub fn settings(self, fake: &str) -> Vec<(&'static str, String)> {
        match self {
            Self::Fake => vec![
                (SECRET_KEY, FAKE_SECRET_KEY.to_owned()),
                (API_BASE, fake.to_owned()),
                (WEBHOOK_SECRET, FAKE_WEBHOOK_SECRET.to_owned()),
            ],
            // The others come from the environment. An address of a fake in `.env` is not to get a real key.
            Self::Account if env::var_os(API_BASE).is_none() => vec![(API_BASE, STRIPE.to_owned())],
            Self::Account => Vec::new(),
        }
    }
}

/// The fake on this port, which sends webhooks to the API at `api`, and keeps its state below `data`.
pub fn fake(program: &Path, port: u16, api: &str, data: &Path, log: &Path) -> Launch {
    let state = data.join("stripe.json");
    Launch::new("rubis-stripe-fake", program)
        .arguments(["--http", &format!("127.0.0.1:{port}")])
        .arguments(["--public-url", &format!("http://localhost:{port}")])
        .arguments(["--secret-key", FAKE_SECRET_KEY, "--webhook-secret", FAKE_WEBHOOK_SECRET])
        .arguments(["--webhook", &format!("{api}/api/v1/webhooks/stripe")])
        .arguments([OsStr::new("--state"), state.as_os_str()])
        .log(log)
        .stop_with(StopSignal::Term, Duration::from_secs(10))
}

/// Simulates a customer at the fake, as with the buttons of its pages.
pub struct Player(Client);

impl Player {
    pub fn of(fake: &str) -> Self {
        Self(Client::new(fake))
    }

    /// Enters a good card in a Checkout, and returns the id of the subscription.
    pub fn complete(&self, session: &str) -> Result<String> {
        let done = self.0.post(&format!("/_fake/checkout/{session}/complete"), &Value::Null)?;
        Ok(text(&done, "subscription")?.to_owned())
    }

    pub fn announce_trial_end(&self, subscription: &str) -> Result<()> {
        let path = format!("/_fake/subscriptions/{subscription}/announce-trial-end");
        self.0.post(&path, &Value::Null).map(drop)
    }
}
