//! Limits of amounts and dates in all inputs.

use rubis_kernel::FieldErrors;
use time::{Date, macros::date};

/// Maximum amount, in minor units: ten billion euros.
pub(crate) const MAX_AMOUNT_CENTS: i64 = 1_000_000_000_000;

const FIRST_DATE: Date = date!(2000 - 01 - 01);
const END_OF_DATES: Date = date!(2100 - 01 - 01);

/// Records a mistake if an amount is not between 1 and 10^12 minor units.
pub(crate) fn check_amount(errors: &mut FieldErrors, field: &str, cents: i64) {
    if cents < 1 {
        errors.push(field, "amount_not_positive", "must be at least 1 minor unit of the currency");
    } else if cents > MAX_AMOUNT_CENTS {
        errors.push(field, "amount_too_large", "must be at most 10^12 minor units of the currency");
    }
}

/// Records a mistake if a date is outside this century.
pub(crate) fn check_date(errors: &mut FieldErrors, field: &str, date: Date) {
    if !(FIRST_DATE..END_OF_DATES).contains(&date) {
        errors.push(field, "date_out_of_range", "must lie between 2000-01-01 and 2099-12-31");
    }
}
