//! An organization and its settings.

use diesel::{deserialize::FromSqlRow, expression::AsExpression};
use rubis_db::{AsyncPgConnection, pg_enum, schema::sql_types};
use rubis_kernel::{EmailAddress, HolidayCalendar, OrganizationId, SendingCalendar, TimeZone};
use time::{Duration, OffsetDateTime, Time};

use crate::{Pause, PostalAddress, queries};

/// Treatment of the reminders that were due before an invoice was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::CatchUpPolicy)]
pub enum CatchUpPolicy {
    /// The first missed one is sent now, the later ones follow with the plan's own intervals.
    #[default]
    Shift,
    /// The first missed one is sent at once, and one more each business day.
    Immediate,
    /// Only the last missed one is sent.
    Skip,
}

pg_enum!(CatchUpPolicy, sql_types::CatchUpPolicy {
    Shift => "shift",
    Immediate => "immediate",
    Skip => "skip",
});

/// Settings of check-ins, which ask the organization if an invoice was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckinPolicy {
    pub enabled: bool,
    /// Number of hours for which reminders wait for the answer; 0 if they do not wait.
    pub grace_hours: u16,
    /// Number of days for which reminders wait for the answer instead, if they are not to be sent without one.
    pub wait_days: Option<u16>,
}

impl CheckinPolicy {
    /// Returns the time for which reminders wait for the answer, from the moment of the question.
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.wait_days.map_or_else(
            || Duration::hours(i64::from(self.grace_hours)),
            |days| Duration::days(i64::from(days)),
        )
    }
}

/// The tenant: a company to which money is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Id, part of every key.
    pub id: OrganizationId,
    /// Company name shown to debtors.
    pub name: String,
    /// Time zone of its sending time.
    pub time_zone: TimeZone,
    /// Time of day at which mails are sent.
    pub sending_time: Time,
    /// True if weekends and public holidays are skipped.
    pub business_days_only: bool,
    /// Public holidays: the chosen ones, or else those of its address.
    pub holiday_calendar: HolidayCalendar,
    /// Public holidays chosen in the settings.
    pub chosen_holidays: Option<HolidayCalendar>,
    /// Treatment of missed reminders.
    pub catch_up_policy: CatchUpPolicy,
    /// Settings of check-ins.
    pub checkins: CheckinPolicy,
    /// Value of `{{signature}}`; may be empty.
    pub signature: String,
    /// Footer of its documents; may be empty.
    pub legal_mentions: String,
    /// Postal address.
    pub address: PostalAddress,
    /// Nine-digit company number.
    pub siren: Option<String>,
    /// The yearly rate of penalties for late payment in its terms of sale, in hundredths of a percent.
    pub late_penalty_basis_points: Option<u16>,
    /// Addresses of its own that get a silent copy of each reminder; see [`crate::own_silent_copies`].
    pub silent_copies: Vec<EmailAddress>,
    /// Pause of everything that it sends, if any.
    pub pause: Option<Pause>,
    /// Time at which its owner's address was verified. No mail is sent on its behalf before.
    pub sender_verified_at: Option<OffsetDateTime>,
    /// Number of rubis earned.
    pub rubis_count: i64,
    /// Time of the sign-up.
    pub created_at: OffsetDateTime,
    /// Time of the last change of its settings.
    pub updated_at: OffsetDateTime,
}

impl Organization {
    /// Reports whether mails may be sent on its behalf: its owner's address is verified.
    #[must_use]
    pub const fn is_sender_verified(&self) -> bool {
        self.sender_verified_at.is_some()
    }

    /// Returns the days and times at which its mails are sent.
    #[must_use]
    pub fn sending_calendar(&self) -> SendingCalendar {
        SendingCalendar {
            time_zone: self.time_zone,
            sending_time: self.sending_time,
            business_days_only: self.business_days_only,
            holidays: self.holiday_calendar,
        }
    }
}

/// Returns the organization, if it exists.
pub async fn organization(
    conn: &AsyncPgConnection,
    id: OrganizationId,
) -> Result<Option<Organization>, diesel::result::Error> {
    queries::organizations::find(conn, id).await
}

/// Adds rubis to an organization, or removes some (`count` below zero, never below none).
pub async fn earn_rubis(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    count: i64,
) -> Result<(), diesel::result::Error> {
    queries::organizations::add_rubis(conn, organization, count).await
}
