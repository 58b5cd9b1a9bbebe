//! A change of an organization's settings, before and after validation.

use std::ops::RangeInclusive;

use rubis_kernel::{EmailAddress, FieldErrors, HolidayCalendar, TimeZone, optional_text};
use time::{Time, format_description::BorrowedFormatItem, macros::format_description};

use crate::{
    AddressInput, CatchUpPolicy, Organization, PostalAddress, optional_siren, required_line,
    silent_copies::parse_silent_copies,
};

const SENDING_TIME: &[BorrowedFormatItem<'_>] = format_description!("[hour]:[minute]");

/// Maximum length of an organization's name, in characters.
pub const MAX_ORGANIZATION_NAME_CHARS: usize = 200;
/// Maximum length of an organization's signature, in characters.
pub const MAX_SIGNATURE_CHARS: usize = 1_000;

/// Input for new settings, not validated yet; `None` keeps the current value.
#[derive(Clone, Debug, Default)]
pub struct OrganizationInput {
    /// At most 200 characters.
    pub name: Option<String>,
    /// A name of the IANA database, such as `Europe/Paris`.
    pub time_zone: Option<String>,
    /// Hours and minutes, such as `09:00`.
    pub sending_time: Option<String>,
    /// True if weekends and public holidays are skipped.
    pub business_days_only: Option<bool>,
    /// A name of [`HolidayCalendar::as_str`]; `Some(None)` follows the address.
    pub holiday_calendar: Option<Option<String>>,
    /// `shift`, `immediate` or `skip`.
    pub catch_up_policy: Option<String>,
    /// Settings of check-ins.
    pub checkins: Option<CheckinPolicyInput>,
    /// At most 1000 characters.
    pub signature: Option<String>,
    /// At most 2000 characters.
    pub legal_mentions: Option<String>,
    /// Replaces the whole address.
    pub address: Option<AddressInput>,
    /// Nine digits, spaces ignored; `Some(None)` clears it.
    pub siren: Option<Option<String>>,
    /// From 1 to 10,000 hundredths of a percent; `Some(None)` clears it.
    pub late_penalty_basis_points: Option<Option<i64>>,
    /// Replaces all of them; at most three mail addresses of the organization's own.
    pub silent_copies: Option<Vec<String>>,
}

/// Input for new check-in settings, not validated yet; `None` keeps the current value.
#[derive(Clone, Copy, Debug, Default)]
pub struct CheckinPolicyInput {
    /// True if check-ins are sent.
    pub enabled: Option<bool>,
    /// From 0 to 720.
    pub grace_hours: Option<i64>,
    /// From 1 to 60; `Some(None)` sends reminders after the grace period.
    pub wait_for_answer_days: Option<Option<i64>>,
}

/// Validated new check-in settings.
#[derive(Clone, Copy, Debug, Default)]
struct CheckinPolicyPatch {
    enabled: Option<bool>,
    grace_hours: Option<u16>,
    wait_days: Option<Option<u16>>,
}

/// Validated new settings.
#[derive(Clone, Debug, Default)]
pub struct OrganizationPatch {
    name: Option<String>,
    time_zone: Option<TimeZone>,
    sending_time: Option<Time>,
    business_days_only: Option<bool>,
    holiday_calendar: Option<Option<HolidayCalendar>>,
    catch_up_policy: Option<CatchUpPolicy>,
    checkins: Option<CheckinPolicyPatch>,
    signature: Option<String>,
    legal_mentions: Option<String>,
    address: Option<PostalAddress>,
    siren: Option<Option<String>>,
    late_penalty_basis_points: Option<Option<u16>>,
    silent_copies: Option<Vec<EmailAddress>>,
}

impl OrganizationPatch {
    /// Validates new settings.
    ///
    /// # Errors
    /// Every mistake, among them `unknown_time_zone`, `invalid_time`, `unknown_value` and `invalid_siren`.
    pub fn parse(input: OrganizationInput) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let found = &mut errors;
        let patch = Self {
            name: input.name.map(|name| required_line(found, "name", &name, MAX_ORGANIZATION_NAME_CHARS)),
            time_zone: input.time_zone.and_then(|name| time_zone(found, &name)),
            sending_time: input.sending_time.and_then(|text| sending_time(found, &text)),
            business_days_only: input.business_days_only,
            holiday_calendar: input
                .holiday_calendar
                .map(|name| name.and_then(|name| holiday_calendar(found, &name))),
            catch_up_policy: input.catch_up_policy.and_then(|name| catch_up_policy(found, &name)),
            checkins: input.checkins.map(|checkins| checkin_policy(found, checkins)),
            signature: input
                .signature
                .map(|text| text_or_empty(found, "signature", &text, MAX_SIGNATURE_CHARS)),
            legal_mentions: input
                .legal_mentions
                .map(|text| text_or_empty(found, "legalMentions", &text, 2000)),
            address: input.address.map(|address| address.parse_below(found, "address")),
            siren: input.siren.map(|siren| optional_siren(found, siren.as_deref())),
            late_penalty_basis_points: input.late_penalty_basis_points.map(|points| {
                points.and_then(|points| within(found, "latePenaltyBasisPoints", points, 1..=10_000))
            }),
            silent_copies: input.silent_copies.map(|copies| parse_silent_copies(found, &copies)),
        };
        errors.into_result(patch)
    }

    /// Returns the silent copies in the new settings.
    pub(crate) fn silent_copies(&self) -> Option<&[EmailAddress]> {
        self.silent_copies.as_deref()
    }

    /// Applies these settings to an organization.
    #[must_use]
    pub(crate) fn apply(self, mut organization: Organization) -> Organization {
        set(&mut organization.name, self.name);
        set(&mut organization.time_zone, self.time_zone);
        set(&mut organization.sending_time, self.sending_time);
        set(&mut organization.business_days_only, self.business_days_only);
        set(&mut organization.chosen_holidays, self.holiday_calendar);
        set(&mut organization.catch_up_policy, self.catch_up_policy);
        if let Some(checkins) = self.checkins {
            set(&mut organization.checkins.enabled, checkins.enabled);
            set(&mut organization.checkins.grace_hours, checkins.grace_hours);
            set(&mut organization.checkins.wait_days, checkins.wait_days);
        }
        set(&mut organization.signature, self.signature);
        set(&mut organization.legal_mentions, self.legal_mentions);
        set(&mut organization.address, self.address);
        set(&mut organization.siren, self.siren);
        set(&mut organization.late_penalty_basis_points, self.late_penalty_basis_points);
        organization.holiday_calendar = holidays_of(organization.chosen_holidays, &organization.address);
        set(&mut organization.silent_copies, self.silent_copies);
        organization
    }
}

/// Returns the chosen public holidays, or else those of the address.
pub(crate) fn holidays_of(chosen: Option<HolidayCalendar>, address: &PostalAddress) -> HolidayCalendar {
    chosen.unwrap_or_else(|| {
        HolidayCalendar::of_address(address.country.as_deref(), address.postal_code.as_deref())
    })
}

fn set<T>(current: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *current = new;
    }
}

fn time_zone(errors: &mut FieldErrors, name: &str) -> Option<TimeZone> {
    match name.parse() {
        Ok(time_zone) => Some(time_zone),
        Err(_) => {
            errors.push(
                "timeZone",
                "unknown_time_zone",
                "must be a name of the IANA database, such as Europe/Paris",
            );
            None
        }
    }
}

fn sending_time(errors: &mut FieldErrors, text: &str) -> Option<Time> {
    let time = Time::parse(text, SENDING_TIME).ok();
    if time.is_none() {
        errors.push("sendingTime", "invalid_time", "must be hours and minutes, such as 09:00");
    }
    time
}

fn holiday_calendar(errors: &mut FieldErrors, name: &str) -> Option<HolidayCalendar> {
    let calendar = name.parse().ok();
    if calendar.is_none() {
        let known = HolidayCalendar::ALL.map(HolidayCalendar::as_str).join(", ");
        errors.push("holidayCalendar", "unknown_value", format!("must be one of {known}, or null"));
    }
    calendar
}

fn catch_up_policy(errors: &mut FieldErrors, name: &str) -> Option<CatchUpPolicy> {
    let policy = CatchUpPolicy::ALL.iter().copied().find(|policy| policy.as_str() == name);
    if policy.is_none() {
        errors.push("catchUpPolicy", "unknown_value", "must be shift, immediate or skip");
    }
    policy
}

fn within(errors: &mut FieldErrors, field: &str, value: i64, range: RangeInclusive<u16>) -> Option<u16> {
    let found = u16::try_from(value).ok().filter(|value| range.contains(value));
    if found.is_none() {
        let rule = format!("must be a whole number from {} to {}", range.start(), range.end());
        errors.push(field, "out_of_range", rule);
    }
    found
}

fn checkin_policy(errors: &mut FieldErrors, input: CheckinPolicyInput) -> CheckinPolicyPatch {
    CheckinPolicyPatch {
        enabled: input.enabled,
        grace_hours: input
            .grace_hours
            .and_then(|hours| within(errors, "checkins.graceHours", hours, 0..=720)),
        wait_days: input
            .wait_for_answer_days
            .map(|days| days.and_then(|days| within(errors, "checkins.waitForAnswerDays", days, 1..=60))),
    }
}

fn text_or_empty(errors: &mut FieldErrors, field: &str, text: &str, max_chars: usize) -> String {
    optional_text(errors, field, Some(text), max_chars).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(input: OrganizationInput) -> Vec<(String, &'static str)> {
        match OrganizationPatch::parse(input) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.as_slice().iter().map(|error| (error.field.clone(), error.code)).collect(),
        }
    }

    #[test]
    fn every_wrong_setting_is_reported_with_its_rule() {
        let input = OrganizationInput {
            name: Some("  ".to_owned()),
            time_zone: Some("Europe/Lutetia".to_owned()),
            sending_time: Some("9h".to_owned()),
            holiday_calendar: Some(Some("bavarian".to_owned())),
            catch_up_policy: Some("never".to_owned()),
            checkins: Some(CheckinPolicyInput {
                enabled: None,
                grace_hours: Some(721),
                wait_for_answer_days: Some(Some(0)),
            }),
            signature: Some("x".repeat(1001)),
            address: Some(AddressInput { country: Some("XX".to_owned()), ..AddressInput::default() }),
            siren: Some(Some("123456789".to_owned())),
            late_penalty_basis_points: Some(Some(10_001)),
            ..OrganizationInput::default()
        };
        let expected = [
            ("name", "required"),
            ("timeZone", "unknown_time_zone"),
            ("sendingTime", "invalid_time"),
            ("holidayCalendar", "unknown_value"),
            ("catchUpPolicy", "unknown_value"),
            ("checkins.graceHours", "out_of_range"),
            ("checkins.waitForAnswerDays", "out_of_range"),
            ("signature", "too_long"),
            ("address.country", "unknown_country"),
            ("siren", "invalid_siren"),
            ("latePenaltyBasisPoints", "out_of_range"),
        ];
        assert_eq!(codes(input), expected.map(|(field, code)| (field.to_owned(), code)));
    }

    #[test]
    fn a_sending_time_exists_on_the_clock() {
        let at = |text: &str| {
            codes(OrganizationInput { sending_time: Some(text.to_owned()), ..OrganizationInput::default() })
        };
        assert!(at("00:00").is_empty() && at("23:59").is_empty());
        for wrong in ["24:00", "09:60", "9:00", "09:00:00", "", "neuf"] {
            assert_eq!(at(wrong), [("sendingTime".to_owned(), "invalid_time")], "{wrong:?}");
        }
    }

    #[test]
    fn a_siren_is_written_with_or_without_spaces_and_can_be_forgotten() {
        let parsed = |siren: Option<&str>| {
            let input =
                OrganizationInput { siren: Some(siren.map(str::to_owned)), ..OrganizationInput::default() };
            OrganizationPatch::parse(input).unwrap().siren
        };
        assert_eq!(parsed(Some("732 829 320")), Some(Some("732829320".to_owned())));
        assert_eq!(parsed(Some("")), Some(None));
        assert_eq!(parsed(None), Some(None));
    }
}
