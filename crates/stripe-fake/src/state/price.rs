//! Prices.

use rubis_kernel::{Currency, Money};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Date, Month, OffsetDateTime};

use crate::settings::NewPrice;

/// A price, in euros.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Price {
    /// `price_…`.
    pub id: String,
    /// The key by which it is found.
    pub lookup_key: String,
    /// The product's name in Checkout.
    pub product: String,
    /// The amount charged each time, in cents of a euro.
    pub amount_cents: i64,
    pub interval: Interval,
}

/// The interval at which a price is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Interval {
    Month,
    Year,
}

impl Interval {
    fn as_str(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// Returns the interval in French, after an amount.
    pub(crate) fn french(self) -> &'static str {
        match self {
            Self::Month => "par mois",
            Self::Year => "par an",
        }
    }

    /// Returns the same day of the next month or year, or the last one before.
    pub(crate) fn after(self, instant: OffsetDateTime) -> OffsetDateTime {
        let date = instant.date();
        let (year, month) = match (self, date.month()) {
            (Self::Year, month) => (date.year() + 1, month),
            (Self::Month, Month::December) => (date.year() + 1, Month::January),
            (Self::Month, month) => (date.year(), month.next()),
        };
        let day = date.day().min(month.length(year));
        // A day that its month has is a date, up to the year 9999.
        Date::from_calendar_date(year, month, day).map_or(instant, |date| instant.replace_date(date))
    }
}

impl Price {
    pub(crate) fn new(id: String, new: &NewPrice) -> Self {
        Self {
            id,
            lookup_key: new.lookup_key.clone(),
            product: new.product.clone(),
            amount_cents: new.amount_cents,
            interval: new.interval,
        }
    }

    /// Returns the amount as it is written in France.
    pub(crate) fn french_amount(&self) -> String {
        Money::new(self.amount_cents, Currency::EUR).format_french()
    }

    /// Returns the object as Stripe writes it.
    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "object": "price",
            "active": true,
            "billing_scheme": "per_unit",
            "created": 1_700_000_000,
            "currency": "eur",
            "livemode": false,
            "lookup_key": self.lookup_key,
            "metadata": {},
            "nickname": null,
            "product": format!("prod_{}", self.product.to_ascii_lowercase().replace(' ', "_")),
            "recurring": {
                "interval": self.interval.as_str(),
                "interval_count": 1,
                "trial_period_days": null,
                "usage_type": "licensed",
            },
            "tax_behavior": "unspecified",
            "type": "recurring",
            "unit_amount": self.amount_cents,
            "unit_amount_decimal": self.amount_cents.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_month_after_the_end_of_january_is_the_end_of_february() {
        let next = |interval: Interval, instant| interval.after(instant);
        assert_eq!(next(Interval::Month, datetime!(2026-01-31 10:00 UTC)), datetime!(2026-02-28 10:00 UTC));
        assert_eq!(next(Interval::Month, datetime!(2026-12-05 10:00 UTC)), datetime!(2027-01-05 10:00 UTC));
        assert_eq!(next(Interval::Year, datetime!(2028-02-29 10:00 UTC)), datetime!(2029-02-28 10:00 UTC));
    }
}
