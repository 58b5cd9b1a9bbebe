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

/// Settings of the check-ins, which ask the organization if an invoice was paid.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckinPolicyBody {
    /// True if check-ins are sent.
    pub enabled: bool,
    /// Number of hours for which reminders wait for the answer; 0: they do not wait.
    pub grace_hours: u16,
    /// Number of days for which reminders wait for the answer instead; `null`: the grace applies.
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
    /// The time zone of its sending time: a name of the IANA database.
    pub time_zone: String,
    /// The time of day at which its mails are sent, as `09:00`.
    pub sending_time: String,
    /// True if nothing is sent at weekends and on public holidays.
    pub business_days_only: bool,
    /// The public holidays: those that were chosen, or those of the postal code.
    #[schema(value_type = labels::HolidayCalendar)]
    pub holiday_calendar: &'static str,
    /// True if they were chosen.
    pub holiday_calendar_chosen: bool,
    /// The policy for missed reminders.
    #[schema(value_type = labels::CatchUpPolicy)]
    pub catch_up_policy: &'static str,
    /// Settings of its check-ins.
    pub checkins: CheckinPolicyBody,
    /// The text that replaces `{{signature}}`.
    pub signature: String,
    /// Text at the foot of its documents.
    pub legal_mentions: String,
    /// Its postal address.
    pub address: AddressBody,
    /// Its nine-digit SIREN number.
    #[schema(required)]
    pub siren: Option<String>,
    /// The yearly rate of penalties for late payment in its terms of sale, in hundredths of a percent: 1215 is 12.15 %.
    #[schema(required)]
    pub late_penalty_basis_points: Option<u16>,
    /// Addresses of its own that get a silent copy of each reminder.
    pub silent_copies: Vec<String>,
    /// The pause of everything it sends; `null` if there is none.
    #[schema(required)]
    pub pause: Option<PauseBody>,
    /// True if its owner's address is verified. Until then no mail is sent on its behalf.
    pub sender_verified: bool,
    /// The tier of its subscription.
    #[schema(value_type = labels::BillingPlan)]
    pub plan: &'static str,
    /// The status of its subscription; `null` if it never had one.
    #[schema(value_type = Option<labels::SubscriptionStatus>, required)]
    pub subscription_status: Option<&'static str>,
    /// The billing cycle of its subscription.
    #[schema(value_type = Option<labels::BillingCycle>, required)]
    pub billing_cycle: Option<&'static str>,
    /// Time until which its subscription is paid, or on trial.
    #[schema(required)]
    #[serde(with = "time::serde::rfc3339::option")]
    pub current_period_end: Option<OffsetDateTime>,
    /// True if the subscription ends at that time.
    pub cancel_at_period_end: bool,
    /// Time at which its trial ends or ended.
    #[schema(required)]
    #[serde(with = "time::serde::rfc3339::option")]
    pub trial_ends_at: Option<OffsetDateTime>,
    /// Stripe's id of the customer.
    #[schema(required)]
    pub stripe_customer_id: Option<String>,
    /// Stripe's id of the subscription, kept after it ends.
    #[schema(required)]
    pub stripe_subscription_id: Option<String>,
    /// The points it earned.
    pub rubis_count: i64,
    /// Time at which it signed up.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// Time of the last change of its settings.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

impl OrganizationBody {
    /// Returns the body of an organization with its subscription.
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
