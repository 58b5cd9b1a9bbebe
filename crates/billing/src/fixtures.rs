//! A company and its owner for the tests of mails.

use rubis_accounts::{CatchUpPolicy, CheckinPolicy, Organization, PostalAddress, User};
use rubis_kernel::{EmailAddress, HolidayCalendar, OrganizationId, UserId};
use time::{
    OffsetDateTime,
    macros::{datetime, time},
};
use uuid::Uuid;

use crate::{BillingLinks, BillingRules, mail::BillingMailTerms};

/// The start of the subscription.
pub const START: OffsetDateTime = datetime!(2026-11-24 08:00 UTC);

/// The parts of the product that every mail needs.
pub struct Product {
    sender: EmailAddress,
    links: BillingLinks,
    pub rules: BillingRules,
}

impl Product {
    pub fn new() -> Self {
        Self {
            sender: "relances@rubis.example".parse().unwrap(),
            links: BillingLinks::new("https://app.rubis.example"),
            rules: BillingRules::default(),
        }
    }

    pub fn terms(&self) -> BillingMailTerms<'_> {
        BillingMailTerms {
            sender: &self.sender,
            links: &self.links,
            rules: &self.rules,
            minutes_per_rubis: 15,
        }
    }
}

pub fn organization() -> Organization {
    Organization {
        id: OrganizationId::from(Uuid::from_u128(1)),
        name: "Menuiserie Vasseur & Fils".to_owned(),
        time_zone: "Europe/Paris".parse().unwrap(),
        sending_time: time!(09:00),
        business_days_only: true,
        holiday_calendar: HolidayCalendar::Metropolitan,
        chosen_holidays: None,
        catch_up_policy: CatchUpPolicy::Shift,
        checkins: CheckinPolicy { enabled: true, grace_hours: 24, wait_days: None },
        signature: String::new(),
        legal_mentions: String::new(),
        address: PostalAddress::default(),
        siren: None,
        late_penalty_basis_points: None,
        pause: None,
        sender_verified_at: None,
        silent_copies: Vec::new(),
        rubis_count: 0,
        created_at: START,
        updated_at: START,
    }
}

pub fn owner() -> User {
    User {
        id: UserId::from(Uuid::from_u128(2)),
        email: "jeanne.vasseur@menuiserie-vasseur.example".parse().unwrap(),
        full_name: "Jeanne Vasseur".to_owned(),
        email_verified_at: None,
        created_at: START,
        updated_at: START,
    }
}
