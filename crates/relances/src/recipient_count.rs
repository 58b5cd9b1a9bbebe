//! The limit on the recipients of an organization's reminders.
//!
//! An account costs nothing, so that without a limit it is a way to write to anyone. This crate does not know
//! subscriptions: the caller of [`claim_relance`](crate::claim_relance) passes the limits in as a [`SendingPolicy`].

use std::future::Future;

use diesel::result::Error as DatabaseError;
use rubis_db::AsyncPgConnection;
use rubis_jobs::{FinishError, Lease};
use rubis_kernel::{Email, OrganizationId};
use time::{Date, Duration, OffsetDateTime, UtcOffset};

use crate::{
    locked_task::LockedTask,
    queries::{recipient_counts, tasks},
    state::RelanceEvent,
    task::RelanceTask,
};

/// The time for which counts are kept.
const KEPT_FOR: Duration = Duration::days(30);

/// The limits on the reminders of an organization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendingLimits {
    /// The most copies of one reminder; `None` for no limit.
    pub max_copies: Option<usize>,
    /// The most recipients on one day (UTC), copies included; `None` for no limit.
    pub recipients_per_day: Option<u32>,
}

impl SendingLimits {
    /// No limits.
    pub const NONE: Self = Self { max_copies: None, recipients_per_day: None };

    /// The most copies of one reminder: few enough that the reminder alone stays within the day's limit.
    #[must_use]
    pub fn copies(self) -> usize {
        let in_a_day = self
            .recipients_per_day
            .map_or(usize::MAX, |limit| usize::try_from(limit.saturating_sub(1)).unwrap_or(usize::MAX));
        self.max_copies.unwrap_or(usize::MAX).min(in_a_day)
    }
}

/// The source of an organization's limits.
pub trait SendingPolicy: Sync {
    /// The limits of an organization at an instant. The statements are sent together with others of the claim.
    ///
    /// # Errors
    /// The database's.
    fn limits_of(
        &self,
        conn: &AsyncPgConnection,
        organization: OrganizationId,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<SendingLimits, diesel::result::Error>> + Send;
}

/// Counts the recipients of a reminder that is to be sent. Returns the day on which they count and their number, if they
/// are limited, and `None` if there are too many for today. Another attempt of the same day counts only the recipients
/// that the reminder has gained since.
pub(crate) async fn count(
    conn: &mut AsyncPgConnection,
    case: &LockedTask,
    email: &Email,
    limits: SendingLimits,
    now: OffsetDateTime,
) -> Result<Option<Option<(Date, u32)>>, diesel::result::Error> {
    let Some(limit) = limits.recipients_per_day else { return Ok(Some(None)) };
    let today = day(now);
    let counted = case.task.counted.filter(|(day, _)| *day == today).map_or(0, |(_, recipients)| recipients);
    let recipients = u32::try_from(email.cc.len() + email.bcc.len() + 1).unwrap_or(u32::MAX);
    let gained = recipients.saturating_sub(counted);
    if gained == 0 {
        return Ok(Some(Some((today, counted))));
    }
    let fits = recipient_counts::add(conn, case.organization.id, today, gained, limit).await?;
    Ok(fits.then_some(Some((today, recipients))))
}

/// Moves a reminder to the sending time of the next business day, and records why. One that may have left stays on its
/// way.
pub(crate) async fn postpone(
    conn: &mut AsyncPgConnection,
    case: &LockedTask,
    lease: &Lease,
    now: OffsetDateTime,
) -> Result<(), FinishError> {
    let send_at = case.next_sending_time(now);
    let postponed = case.task.after(RelanceEvent::LimitReached).map_err(DatabaseError::from)?;
    tasks::save(conn, &RelanceTask { send_at, ..postponed }, now).await?;
    lease.reschedule(conn, send_at).await
}

/// Deletes at most `limit` counts that are over a month old; returns whether there may be more.
///
/// # Errors
/// The database's.
pub async fn purge_recipient_counts(
    conn: &mut AsyncPgConnection,
    now: OffsetDateTime,
    limit: u32,
) -> Result<bool, diesel::result::Error> {
    let deleted = recipient_counts::delete_before(conn, day(now - KEPT_FOR), limit).await?;
    Ok(deleted >= usize::try_from(limit).unwrap_or(usize::MAX))
}

/// A day is one of UTC: that of the organization would begin anew with its time zone, which it may change.
fn day(instant: OffsetDateTime) -> Date {
    instant.to_offset(UtcOffset::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copies_of_one_reminder_leave_room_for_its_addressee_within_the_day() {
        let limits = |max_copies, recipients_per_day| SendingLimits { max_copies, recipients_per_day };
        assert_eq!(SendingLimits::NONE.copies(), usize::MAX);
        assert_eq!(limits(Some(5), Some(50)).copies(), 5);
        assert_eq!(limits(Some(5), Some(3)).copies(), 2);
        assert_eq!(limits(Some(5), Some(1)).copies(), 0);
        assert_eq!(limits(None, Some(50)).copies(), 49);
    }
}
