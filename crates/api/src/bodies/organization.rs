//! The organization and its settings.

use rubis_accounts::Organization;
use rubis_billing::{BillingCycle, Subscription};
use rubis_stripe::{CustomerId, SubscriptionId, SubscriptionStatus};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{AddressBody, PauseBody};
use crate::labels;

/// Whether and how the organization is asked if an invoice was paid.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckinPolicyBody {
    /// Whether check-ins are sent.
    pub enabled: bool,
    /// How many hours reminders wait for the answer; 0: they do not.
    pub grace_hours: u16,
    /// For how many days reminders wait for the answer instead; `null`: the grace counts.
    #[schema(required)]
    pub wait_for_answer_days: Option<u16>,
}

/// The organization and its settings.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationBody {
    /// Its id.
    pub id: Uuid,
    /// The company's name, as debtors read it.
    pub name: String,
    /// Where its sending time is read off the wall: a name of the IANA database.
    pub time_zone: String,
    /// The time of day at which its mails leave, as `09:00`.
    pub sending_time: String,
    /// Whether weekends and public holidays are passed over.
    pub business_days_only: bool,
    /// The public holidays: those that were chosen, or else those of the postal code.
    #[schema(value_type = labels::HolidayCalendar)]
    pub holiday_calendar: &'static str,
    /// True if they were chosen.
    pub holiday_calendar_chosen: bool,
    /// What becomes of missed reminders.
    #[schema(value_type = labels::CatchUpPolicy)]
    pub catch_up_policy: &'static str,
    /// Whether it is asked if an invoice was paid.
    pub checkins: CheckinPolicyBody,
    /// What `{{signature}}` stands for.
    pub signature: String,
    /// What the foot of its documents says.
    pub legal_mentions: String,
    /// Where it gets its letters.
    pub address: AddressBody,
    /// Its nine-digit number.
    #[schema(required)]
    pub siren: Option<String>,
    /// The yearly rate of penalties for late payment in its terms of sale, in hundredths of a percent: 1215 is 12.15 %.
    #[schema(required)]
    pub late_penalty_basis_points: Option<u16>,
    /// Addresses of its own that get a silent copy of each reminder.
    pub silent_copies: Vec<String>,
    /// Whether nothing of it leaves, and until when.
    #[schema(required)]
    pub pause: Option<PauseBody>,
    /// True if its owner's address is verified. No mail is sent on its behalf before.
    pub sender_verified: bool,
    /// What it subscribes to.
    #[schema(value_type = labels::BillingPlan)]
    pub plan: &'static str,
    /// Where its subscription stands; `null`: there never was one.
    #[schema(value_type = Option<labels::SubscriptionStatus>, required)]
    pub subscription_status: Option<&'static str>,
    /// How often it is charged.
    #[schema(value_type = Option<labels::BillingCycle>, required)]
    pub billing_cycle: Option<&'static str>,
    /// Until when its subscription is paid, or on trial.
    #[schema(required)]
    #[serde(with = "time::serde::rfc3339::option")]
    pub current_period_end: Option<OffsetDateTime>,
    /// Whether it ends then.
    pub cancel_at_period_end: bool,
    /// When its trial ends or ended.
    #[schema(required)]
    #[serde(with = "time::serde::rfc3339::option")]
    pub trial_ends_at: Option<OffsetDateTime>,
    /// How Stripe knows it.
    #[schema(required)]
    pub stripe_customer_id: Option<String>,
    /// How Stripe knows its subscription, also after the end of that.
    #[schema(required)]
    pub stripe_subscription_id: Option<String>,
    /// The points it earned.
    pub rubis_count: i64,
    /// When it signed up.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When its settings last changed.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

impl OrganizationBody {
    /// An organization, with what it subscribes to.
    #[must_use]
    pub fn new(organization: Organization, subscription: Subscription) -> Self {
        let time = organization.sending_time;
        Self {
            id: organization.id.into(),
            name: organization.name,
            time_zone: organization.time_zone.to_string(),
            sending_time: format!("{:02}:{:02}", time.hour(), time.minute()),
            business_days_only: organization.business_days_only,
            holiday_calendar: organization.holiday_calendar.as_str(),
            holiday_calendar_chosen: organization.chosen_holidays.is_some(),
            catch_up_policy: organization.catch_up_policy.as_str(),
            checkins: CheckinPolicyBody {
                enabled: organization.checkins.enabled,
                grace_hours: organization.checkins.grace_hours,
                wait_for_answer_days: organization.checkins.wait_days,
            },
            signature: organization.signature,
            legal_mentions: organization.legal_mentions,
            address: organization.address.into(),
            siren: organization.siren,
            late_penalty_basis_points: organization.late_penalty_basis_points,
            silent_copies: organization.silent_copies.iter().map(ToString::to_string).collect(),
            pause: organization.pause.map(PauseBody::from),
            sender_verified: organization.sender_verified_at.is_some(),
            plan: subscription.plan.as_str(),
            subscription_status: subscription.status.map(SubscriptionStatus::as_str),
            billing_cycle: subscription.cycle.map(BillingCycle::as_str),
            current_period_end: subscription.current_period_end,
            cancel_at_period_end: subscription.cancel_at_period_end,
            trial_ends_at: subscription.trial_ends_at,
            stripe_customer_id: subscription.customer.map(CustomerId::into_string),
            stripe_subscription_id: subscription.stripe_id.map(SubscriptionId::into_string),
            rubis_count: organization.rubis_count,
            created_at: organization.created_at,
            updated_at: organization.updated_at,
        }
    }
}
