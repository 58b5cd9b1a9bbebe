//! A postal address of an organization, a client or a service location.

use rubis_kernel::FieldErrors;

use crate::optional_line;

/// Two-letter country codes of ISO 3166.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO \
    BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG \
    EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID \
    IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA \
    MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA \
    PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST \
    SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE \
    YT ZA ZM ZW";

/// A postal address. Each part may be unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostalAddress {
    /// Number and street.
    pub line1: Option<String>,
    /// Further details: building, floor, post-office box.
    pub line2: Option<String>,
    pub postal_code: Option<String>,
    pub city: Option<String>,
    /// Two-letter ISO 3166 code.
    pub country: Option<String>,
}

/// Input for a postal address, not validated yet.
#[derive(Clone, Debug, Default)]
pub struct AddressInput {
    /// At most 200 characters.
    pub line1: Option<String>,
    /// At most 200 characters.
    pub line2: Option<String>,
    /// At most 20 characters.
    pub postal_code: Option<String>,
    /// At most 100 characters.
    pub city: Option<String>,
    /// An ISO 3166 code of two letters, in either case.
    pub country: Option<String>,
}

impl AddressInput {
    /// Validates the address; empty parts count as unknown.
    ///
    /// # Errors
    /// The mistakes in `line1`, `line2`, `postalCode`, `city` and `country` (`unknown_country`).
    pub fn parse(self) -> Result<PostalAddress, FieldErrors> {
        let mut errors = FieldErrors::new();
        let address = PostalAddress {
            line1: optional_line(&mut errors, "line1", self.line1.as_deref(), 200),
            line2: optional_line(&mut errors, "line2", self.line2.as_deref(), 200),
            postal_code: optional_line(&mut errors, "postalCode", self.postal_code.as_deref(), 20),
            city: optional_line(&mut errors, "city", self.city.as_deref(), 100),
            country: self
                .country
                .map(|code| code.trim().to_ascii_uppercase())
                .filter(|code| !code.is_empty()),
        };
        if address.country.as_deref().is_some_and(|code| !is_country(code)) {
            errors.push("country", "unknown_country", "must be a two-letter ISO 3166 country code");
        }
        errors.into_result(address)
    }

    /// Runs [`Self::parse`] for a part of a larger input: mistakes are recorded below `field`, and give an empty
    /// address.
    pub fn parse_below(self, errors: &mut FieldErrors, field: &str) -> PostalAddress {
        self.parse().unwrap_or_else(|found| {
            errors.extend_below(field, found);
            PostalAddress::default()
        })
    }
}

fn is_country(code: &str) -> bool {
    COUNTRIES.split_ascii_whitespace().any(|known| known == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_of_the_standard_is_known_once() {
        let codes: Vec<&str> = COUNTRIES.split_ascii_whitespace().collect();
        assert_eq!(codes.len(), 249);
        assert!(codes.is_sorted() && codes.iter().all(|code| code.len() == 2));
    }

    #[test]
    fn a_country_is_reported_in_either_case_and_has_to_exist() {
        let country =
            |code: &str| AddressInput { country: Some(code.to_owned()), ..AddressInput::default() }.parse();
        assert_eq!(country(" fr ").unwrap().country.as_deref(), Some("FR"));
        assert_eq!(country("").unwrap().country, None);
        for wrong in ["XX", "FRA", "F", "F\0"] {
            assert_eq!(country(wrong).unwrap_err().as_slice()[0].code, "unknown_country", "{wrong:?}");
        }
    }

    #[test]
    fn mistakes_are_reported_below_the_name_of_the_address() {
        let mut errors = FieldErrors::new();
        let input = AddressInput { postal_code: Some("7".repeat(21)), ..AddressInput::default() };
        assert_eq!(input.parse_below(&mut errors, "address"), PostalAddress::default());
        assert_eq!(errors.as_slice()[0].field, "address.postalCode");
    }
}
