//! The lines of an invoice.

use std::{fmt, str::FromStr};

use rubis_accounts::required_line;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{FieldErrors, InvoiceId, InvoiceLineId, OrganizationId, ServiceLocationId};

use crate::{limits::MAX_AMOUNT_CENTS, queries};

/// Maximum number of lines of an invoice.
pub(crate) const MAX_LINES: usize = 200;
/// Maximum quantity, in thousandths: a billion.
const MAX_THOUSANDTHS: i64 = 1_000_000_000_000;
/// Rate of most French sales, 20 %, used for a line without a rate.
const NORMAL_VAT_RATE: i32 = 2000;

/// A quantity with up to three decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(i64);

/// The text or number is not a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a quantity is a number above zero, at most a billion, with up to three decimals")]
pub struct InvalidQuantity;

impl Quantity {
    /// The quantity 1.
    pub const ONE: Self = Self(1000);

    #[must_use]
    pub const fn thousandths(self) -> i64 {
        self.0
    }

    /// Creates a quantity from its thousandths.
    ///
    /// # Errors
    /// [`InvalidQuantity`] if they are not above zero, or above a billion units.
    pub fn from_thousandths(thousandths: i64) -> Result<Self, InvalidQuantity> {
        if (1..=MAX_THOUSANDTHS).contains(&thousandths) {
            Ok(Self(thousandths))
        } else {
            Err(InvalidQuantity)
        }
    }
}

impl FromStr for Quantity {
    type Err = InvalidQuantity;

    /// Parses digits and up to three decimals after a point.
    fn from_str(text: &str) -> Result<Self, InvalidQuantity> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        // No user writes `12.5000`, but some programs format 12.5 like this.
        let significant = decimals.trim_end_matches('0');
        let only_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !only_digits(whole) || !only_digits(decimals) || significant.len() > 3 {
            return Err(InvalidQuantity);
        }
        let thousandths: i64 = format!("{whole}{significant:0<3}").parse().map_err(|_| InvalidQuantity)?;
        Self::from_thousandths(thousandths)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = format!("{:03}", self.0 % 1000);
        match decimals.trim_end_matches('0') {
            "" => write!(formatter, "{}", self.0 / 1000),
            significant => write!(formatter, "{}.{significant}", self.0 / 1000),
        }
    }
}

/// Input for a line, not validated yet.
#[derive(Clone, Debug, Default)]
pub struct LineInput {
    /// Description of the goods or service, at most 500 characters.
    pub description: String,
    /// A decimal number with up to three decimals; 1 if not given.
    pub quantity: Option<String>,
    /// Unit price in cents, without VAT; below zero for a discount.
    pub unit_price_cents: i64,
    /// The VAT rate in hundredths of a percent; 2000 if not given.
    pub vat_rate_basis_points: Option<i32>,
    /// Service location of the delivery.
    pub service_location_id: Option<ServiceLocationId>,
}

/// Validated line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLine {
    pub description: String,
    pub quantity: Quantity,
    /// Unit price in cents, without VAT.
    pub unit_price_cents: i64,
    /// VAT rate in hundredths of a percent.
    pub vat_rate_basis_points: i32,
    /// Service location of the delivery.
    pub service_location_id: Option<ServiceLocationId>,
}

/// A line of an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceLine {
    pub id: InvoiceLineId,
    /// Position on the invoice, from 0.
    pub position: i32,
    pub description: String,
    pub quantity: Quantity,
    /// Unit price in minor units of the invoice's currency, without VAT.
    pub unit_price_cents: i64,
    /// VAT rate in hundredths of a percent.
    pub vat_rate_basis_points: i32,
    /// Service location of the delivery.
    pub service_location_id: Option<ServiceLocationId>,
}

/// Returns the lines of an invoice, in their order.
pub async fn lines_of(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
) -> Result<Vec<InvoiceLine>, diesel::result::Error> {
    queries::lines::of_invoice(conn, organization, invoice).await
}

/// Validates lines; mistakes are recorded below `items[…]`.
pub(crate) fn parse_lines(errors: &mut FieldErrors, lines: &[LineInput]) -> Vec<NewLine> {
    if lines.len() > MAX_LINES {
        errors.push("items", "too_many", format!("must be at most {MAX_LINES}"));
        return Vec::new();
    }
    lines
        .iter()
        .enumerate()
        .filter_map(|(index, line)| match parse_line(line) {
            Ok(line) => Some(line),
            Err(found) => {
                errors.extend_below(&format!("items[{index}]"), found);
                None
            }
        })
        .collect()
}

fn parse_line(line: &LineInput) -> Result<NewLine, FieldErrors> {
    let mut errors = FieldErrors::new();
    let description = required_line(&mut errors, "description", &line.description, 500);
    let quantity = match line.quantity.as_deref().map(str::parse) {
        None => Quantity::ONE,
        Some(Ok(quantity)) => quantity,
        Some(Err(InvalidQuantity)) => {
            errors.push("quantity", "invalid_quantity", InvalidQuantity.to_string());
            Quantity::ONE
        }
    };
    if !(-MAX_AMOUNT_CENTS..=MAX_AMOUNT_CENTS).contains(&line.unit_price_cents) {
        errors.push("unitPriceCents", "amount_too_large", "must be at most 10^12 cents");
    }
    let vat_rate_basis_points = line.vat_rate_basis_points.unwrap_or(NORMAL_VAT_RATE);
    if !(0..=10_000).contains(&vat_rate_basis_points) {
        errors.push("vatRateBasisPoints", "invalid_vat_rate", "must lie between 0 and 10000");
    }
    errors.into_result(NewLine {
        description,
        quantity,
        unit_price_cents: line.unit_price_cents,
        vat_rate_basis_points,
        service_location_id: line.service_location_id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_has_up_to_three_decimals() {
        for (typed, thousandths, shown) in [
            ("1", 1000, "1"),
            ("12.5", 12_500, "12.5"),
            ("0.001", 1, "0.001"),
            ("3.10", 3100, "3.1"),
            ("2.5000", 2500, "2.5"),
            ("007", 7000, "7"),
            ("1000000000", MAX_THOUSANDTHS, "1000000000"),
        ] {
            let quantity: Quantity = typed.parse().unwrap();
            assert_eq!((quantity.thousandths(), quantity.to_string().as_str()), (thousandths, shown));
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for wrong in [
            "",
            "0",
            "0.000",
            "-1",
            "1.0001",
            "1,5",
            ".5",
            "5.",
            "1e3",
            "+1",
            "1000000000.001",
            "99999999999999999999",
        ] {
            assert_eq!(wrong.parse::<Quantity>(), Err(InvalidQuantity), "{wrong:?}");
        }
    }

    #[test]
    fn a_wrong_line_is_reported_with_its_place() {
        let right =
            LineInput { description: "Pose".to_owned(), unit_price_cents: 4500, ..LineInput::default() };
        let wrong = LineInput {
            description: String::new(),
            quantity: Some("zéro".to_owned()),
            unit_price_cents: i64::MIN,
            vat_rate_basis_points: Some(10_001),
            service_location_id: None,
        };
        let mut errors = FieldErrors::new();
        parse_lines(&mut errors, &[right, wrong]);
        let found: Vec<_> =
            errors.as_slice().iter().map(|error| (error.field.as_str(), error.code)).collect();
        assert_eq!(
            found,
            [
                ("items[1].description", "required"),
                ("items[1].quantity", "invalid_quantity"),
                ("items[1].unitPriceCents", "amount_too_large"),
                ("items[1].vatRateBasisPoints", "invalid_vat_rate"),
            ]
        );
    }

    #[test]
    fn an_invoice_has_at_most_200_lines() {
        let line = LineInput { description: "Pose".to_owned(), ..LineInput::default() };
        let mut errors = FieldErrors::new();
        assert_eq!(parse_lines(&mut errors, &vec![line.clone(); 200]).len(), 200);
        assert!(errors.is_empty());
        parse_lines(&mut errors, &vec![line; 201]);
        assert_eq!(errors.as_slice()[0].code, "too_many");
    }
}
