//! Prices of a tier at a billing cycle.

use rubis_kernel::Currency;
use serde::Deserialize;
use serde_json::Value;

use crate::error::MalformedObject;
use crate::ids::PriceId;
use crate::json;

/// A price, found by its lookup key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    pub id: PriceId,
    /// Our own name for it, `rubis_{plan}_{cycle}`.
    pub lookup_key: String,
    /// Amount charged each time, in the smallest unit that Stripe counts the currency in.
    pub amount_cents: i64,
    pub currency: Currency,
    pub interval: PriceInterval,
}

/// The interval at which a price is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceInterval {
    Day,
    Week,
    Month,
    Year,
}

#[derive(Deserialize)]
struct RawPrice {
    id: PriceId,
    lookup_key: String,
    unit_amount: i64,
    currency: String,
    recurring: RawRecurring,
}

#[derive(Deserialize)]
struct RawRecurring {
    interval: PriceInterval,
}

pub(crate) fn parse_price(value: &Value) -> Result<Price, MalformedObject> {
    let raw: RawPrice = json::read("price", value)?;
    let unknown = || MalformedObject { kind: "price", reason: "of a currency that is unknown".to_owned() };
    let currency = parse_currency(&raw.currency).ok_or_else(unknown)?;
    Ok(Price {
        id: raw.id,
        lookup_key: raw.lookup_key,
        amount_cents: raw.unit_amount,
        currency,
        interval: raw.recurring.interval,
    })
}

/// Parses a currency as Stripe writes it (`eur`); `None` if it is unknown here.
pub(crate) fn parse_currency(code: &str) -> Option<Currency> {
    code.to_ascii_uppercase().parse().ok()
}
