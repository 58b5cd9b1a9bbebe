//! An organization and its settings.

use diesel::{deserialize::FromSqlRow, expression::AsExpression};
use rubis_db::{AsyncPgConnection, pg_enum, schema::sql_types};
use rubis_kernel::{EmailAddress, HolidayCalendar, OrganizationId, SendingCalendar, TimeZone};
use time::{Duration, OffsetDateTime, Time};

use crate::{Pause, PostalAddress, queries};

/// What becomes of the reminders that an invoice should have had before it was put in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::CatchUpPolicy)]
pub enum CatchUpPolicy {
    /// The first missed one leaves now, the later ones keep the plan's own spacing after it.
    #[default]
    Shift,
    /// The first missed one is sent at once, and one more each business day.
    Immediate,
    /// Only the last missed one leaves.
    Skip,
}

pg_enum!(CatchUpPolicy, sql_types::CatchUpPolicy {
    Shift => "shift",
    Immediate => "immediate",
    Skip => "skip",
});

/// Whether and how the organization is asked if an invoice was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckinPolicy {
    /// Whether it is asked at all.
    pub enabled: bool,
    /// How many hours reminders wait for the answer; 0: they do not.
    pub grace_hours: u16,
    /// For how many days reminders wait for the answer instead, where they are not to leave without one.
    pub wait_days: Option<u16>,
}

impl CheckinPolicy {
    /// How long reminders wait for the answer from the moment it is asked for.
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.wait_days.map_or_else(
            || Duration::hours(i64::from(self.grace_hours)),
            |days| Duration::days(i64::from(days)),
        )
    }
}

/// The tenant: a company that is owed money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id, part of every key.
    pub id: OrganizationId,
    /// The company's name, as debtors read it.
    pub name: String,
    /// Where its sending time is read off the wall.
    pub time_zone: TimeZone,
    /// The time of day at which mails leave.
    pub sending_time: Time,
    /// Whether weekends and public holidays are passed over.
    pub business_days_only: bool,
    /// The public holidays: those it chose, or else those of its address.
    pub holiday_calendar: HolidayCalendar,
    /// The public holidays that it chose.
    pub chosen_holidays: Option<HolidayCalendar>,
    /// What becomes of missed reminders.
    pub catch_up_policy: CatchUpPolicy,
    /// Whether it is asked if an invoice was paid, and how long reminders wait for that.
    pub checkins: CheckinPolicy,
    /// What `{{signature}}` stands for; may be empty.
    pub signature: String,
    /// What the foot of its documents says; may be empty.
    pub legal_mentions: String,
    /// Where it gets its letters.
    pub address: PostalAddress,
    /// Its nine-digit number.
    pub siren: Option<String>,
    /// The yearly rate of penalties for late payment in its terms of sale, in hundredths of a percent.
    pub late_penalty_basis_points: Option<u16>,
    /// Addresses of its own that get a silent copy of each reminder; see [`crate::own_silent_copies`].
    pub silent_copies: Vec<EmailAddress>,
    /// Whether nothing of it leaves.
    pub pause: Option<Pause>,
    /// Time at which its owner's address was verified. No mail is sent on its behalf before.
    pub sender_verified_at: Option<OffsetDateTime>,
    /// The points it earned.
    pub rubis_count: i64,
    /// When it signed up.
    pub created_at: OffsetDateTime,
    /// When its settings last changed.
    pub updated_at: OffsetDateTime,
}

impl Organization {
    /// Returns whether mails may be sent on its behalf: its owner's address is verified.
    #[must_use]
    pub const fn is_sender_verified(&self) -> bool {
        self.sender_verified_at.is_some()
    }

    /// When its mails leave.
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

/// The organization, if it exists.
///
/// # Errors
/// The database's.
pub async fn organization(
    conn: &AsyncPgConnection,
    id: OrganizationId,
) -> Result<Option<Organization>, diesel::result::Error> {
    queries::organizations::find(conn, id).await
}

/// Gives an organization points, or takes them back (`count` below zero, never below none).
///
/// # Errors
/// The database's.
pub async fn earn_rubis(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    count: i64,
) -> Result<(), diesel::result::Error> {
    queries::organizations::add_rubis(conn, organization, count).await
}
