//! Limits of Rubis's own subscription tiers.

use time::Duration;

use super::error::SettingsError;
use super::key::{Default, Key, Section};
use super::parse;
use super::source::Source;

/// Limits of Rubis's own subscription tiers. The grace period is a duration of `time`, since it is added to instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BillingSection {
    /// Number of invoices chased at once without a subscription; `None` is unlimited.
    pub free_invoices: Option<u32>,
    /// The same with Pro.
    pub pro_invoices: Option<u32>,
    /// The same with Business.
    pub business_invoices: Option<u32>,
    /// Time after a failed payment during which the tier's own limit stays.
    pub grace: Duration,
    /// Length of a trial, in days of 24 hours.
    pub trial_days: u32,
    /// Minutes of work that a rubis stands for in the recap of a trial.
    pub minutes_per_rubis: u32,
}

const LIMIT: &str = "a number from 0 to 1000000, or unlimited";

static BILLING_FREE_INVOICES: Key = Key {
    name: "BILLING_FREE_INVOICES",
    default: Default::Value("2"),
    takes: LIMIT,
    meaning: "Number of invoices chased at once for an organization without a subscription.",
    example: None,
    secret: false,
};
static BILLING_PRO_INVOICES: Key = Key {
    name: "BILLING_PRO_INVOICES",
    default: Default::Value("100"),
    takes: LIMIT,
    meaning: "The same with Pro. During a trial there is no limit.",
    example: None,
    secret: false,
};
static BILLING_BUSINESS_INVOICES: Key = Key {
    name: "BILLING_BUSINESS_INVOICES",
    default: Default::Value("unlimited"),
    takes: LIMIT,
    meaning: "The same with Business.",
    example: None,
    secret: false,
};
static BILLING_GRACE_DAYS: Key = Key {
    name: "BILLING_GRACE_DAYS",
    default: Default::Value("7"),
    takes: "a number of days from 0 to 90",
    meaning: "Time after a failed payment during which the tier's own limit stays; afterwards the limit of an organization without a subscription applies.",
    example: None,
    secret: false,
};
static BILLING_TRIAL_DAYS: Key = Key {
    name: "BILLING_TRIAL_DAYS",
    default: Default::Value("14"),
    takes: "a number of days from 1 to 730",
    meaning: "Length of a trial. Running trials keep their end.",
    example: None,
    secret: false,
};
static RECAP_MINUTES_PER_RUBIS: Key = Key {
    name: "RECAP_MINUTES_PER_RUBIS",
    default: Default::Value("15"),
    takes: "a number of minutes from 1 to 1440",
    meaning: "Work that a rubis stands for, used for the hours saved in the recap of a trial.",
    example: None,
    secret: false,
};

pub(super) static SECTION: Section = Section {
    title: "Subscriptions",
    keys: &[
        &BILLING_FREE_INVOICES,
        &BILLING_PRO_INVOICES,
        &BILLING_BUSINESS_INVOICES,
        &BILLING_GRACE_DAYS,
        &BILLING_TRIAL_DAYS,
        &RECAP_MINUTES_PER_RUBIS,
    ],
};

impl BillingSection {
    pub(super) fn read(source: &Source) -> Result<Self, SettingsError> {
        Ok(Self {
            free_invoices: source.required(&BILLING_FREE_INVOICES, plan_limit)?,
            pro_invoices: source.required(&BILLING_PRO_INVOICES, plan_limit)?,
            business_invoices: source.required(&BILLING_BUSINESS_INVOICES, plan_limit)?,
            grace: Duration::days(source.required(&BILLING_GRACE_DAYS, parse::within(0..=90))?),
            trial_days: source.required(&BILLING_TRIAL_DAYS, parse::within(1..=730))?,
            minutes_per_rubis: source.required(&RECAP_MINUTES_PER_RUBIS, parse::within(1..=1440))?,
        })
    }
}

/// Parses the number of invoices that a tier allows. Zero is a limit here, and `unlimited` is the word for none.
fn plan_limit(text: &str) -> Option<Option<u32>> {
    match text {
        "unlimited" => Some(None),
        _ => parse::within(0..=1_000_000)(text).map(Some),
    }
}
