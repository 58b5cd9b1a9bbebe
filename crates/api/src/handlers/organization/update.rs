//! `PATCH /organization`

use actix_web::{patch, web::Data};
use rubis_accounts::{CheckinPolicyInput, OrganizationInput, OrganizationPatch};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    ApiResult, App, OrganizationAdmin, Reply,
    bodies::{AddressRequest, OrganizationBody},
    json_body::Json,
    labels, nullable, rate_limits,
};

/// New settings. A field that is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "name": "Menuiserie Martin",
    "timeZone": "Europe/Paris",
    "sendingTime": "08:30",
    "businessDaysOnly": true,
    "holidayCalendar": "metropolitan",
    "catchUpPolicy": "shift",
    "checkins": { "enabled": true, "graceHours": 24, "waitForAnswerDays": null },
    "signature": "Claire Martin\nMenuiserie Martin",
    "legalMentions": "SARL au capital de 10 000 €",
    "address": { "line1": "12 rue des Lilas", "postalCode": "69003", "city": "Lyon", "country": "FR" },
    "siren": "732829320",
    "latePenaltyBasisPoints": 1215,
    "silentCopies": [],
}))]
pub struct UpdateOrganization {
    /// The company's name, as debtors read it.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// A name of the IANA database.
    time_zone: Option<String>,
    /// The time of day at which mails are sent.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    sending_time: Option<String>,
    /// True if nothing is sent at weekends and on public holidays.
    business_days_only: Option<bool>,
    /// The public holidays; `null`: those of the postal code.
    #[serde(default, deserialize_with = "nullable::given")]
    #[schema(value_type = Option<labels::HolidayCalendar>)]
    holiday_calendar: Option<Option<String>>,
    /// The policy for missed reminders.
    #[schema(value_type = Option<labels::CatchUpPolicy>)]
    catch_up_policy: Option<String>,
    /// Settings of the check-ins, which ask the organization if an invoice was paid.
    checkins: Option<UpdateCheckinPolicy>,
    /// The text that replaces `{{signature}}`.
    #[schema(max_length = 1000)]
    signature: Option<String>,
    /// Text at the foot of documents.
    #[schema(max_length = 2000)]
    legal_mentions: Option<String>,
    /// The new address, which replaces the whole old one.
    address: Option<AddressRequest>,
    /// The nine-digit SIREN number; `null` removes it.
    #[serde(default, deserialize_with = "nullable::given")]
    #[schema(value_type = Option<String>)]
    siren: Option<Option<String>>,
    /// The yearly rate of penalties for late payment in the terms of sale, in hundredths of a percent
    /// (1215 is 12.15 %); `null` removes it. Formal notices to companies state it and the penalties so
    /// far.
    #[serde(default, deserialize_with = "nullable::given")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 10_000)]
    late_penalty_basis_points: Option<Option<i64>>,
    /// Addresses of the organization's own that get a silent copy of each reminder; replaces all of them. An address is
    /// its own if a member has verified it, or if it has the domain of the owner's verified address; a domain at which
    /// anyone can get an address is not enough.
    #[schema(max_items = 3)]
    silent_copies: Option<Vec<String>>,
}

/// New settings of check-ins. A field that is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateCheckinPolicy {
    /// True if check-ins are sent.
    enabled: Option<bool>,
    /// Number of hours for which reminders wait for the answer; 0: they do not wait.
    #[schema(minimum = 0, maximum = 720)]
    grace_hours: Option<i64>,
    /// Number of days for which reminders wait for the answer instead; `null`: the grace applies.
    #[serde(default, deserialize_with = "nullable::given")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 60)]
    wait_for_answer_days: Option<Option<i64>>,
}

impl From<UpdateCheckinPolicy> for CheckinPolicyInput {
    fn from(body: UpdateCheckinPolicy) -> Self {
        Self {
            enabled: body.enabled,
            grace_hours: body.grace_hours,
            wait_for_answer_days: body.wait_for_answer_days,
        }
    }
}

impl From<UpdateOrganization> for OrganizationInput {
    fn from(body: UpdateOrganization) -> Self {
        Self {
            name: body.name,
            time_zone: body.time_zone,
            sending_time: body.sending_time,
            business_days_only: body.business_days_only,
            holiday_calendar: body.holiday_calendar,
            catch_up_policy: body.catch_up_policy,
            checkins: body.checkins.map(Into::into),
            signature: body.signature,
            legal_mentions: body.legal_mentions,
            address: body.address.map(Into::into),
            siren: body.siren,
            late_penalty_basis_points: body.late_penalty_basis_points,
            silent_copies: body.silent_copies,
        }
    }
}

/// Changes the organization's settings.
///
/// Planned reminders are planned again in the background if the new settings move them. At most 30
/// changes of settings, plans and pauses a minute are accepted from an organization.
#[utoipa::path(
    tag = "organization",
    responses(
        (status = 200, description = "The organization as it is now.", body = OrganizationBody),
        (status = 403, description = "`forbidden`: only an owner or an admin may do this."),
    ),
)]
#[patch("/organization")]
pub async fn update_organization(
    OrganizationAdmin(tenant): OrganizationAdmin,
    body: Json<UpdateOrganization>,
    app: Data<App>,
) -> ApiResult<OrganizationBody> {
    let patch = OrganizationPatch::parse(body.0.into())?;
    rate_limits::planning_change(&app, tenant.organization).await?;
    let mut conn = app.db.get().await?;
    let (actor, now) = (Some(tenant.user), app.clock.now());
    let organization =
        rubis_lifecycle::update_organization(&mut conn, tenant.organization, patch, actor, now).await?;
    let subscription = rubis_billing::subscription_of(&conn, tenant.organization).await?;
    Ok(Reply(OrganizationBody::new(organization, subscription)))
}
