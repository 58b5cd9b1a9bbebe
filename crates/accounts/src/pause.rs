//! A period without reminders: of an organization, of a client or of one invoice.

use rubis_kernel::TimeZone;
use time::{Date, OffsetDateTime};

/// Stops all mails until a date, or until a user resumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Time of the request.
    pub since: OffsetDateTime,
    /// First day on which reminders are sent again; `None` until a user resumes.
    pub until: Option<Date>,
}

/// The pause would end before tomorrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pause must end after today, and {0} does not")]
pub struct PauseEndsTooEarly(pub Date);

impl Pause {
    /// Starts a pause now.
    ///
    /// # Errors
    /// [`PauseEndsTooEarly`] if it would end today or earlier, in the organization's time zone.
    pub fn starting(
        now: OffsetDateTime,
        until: Option<Date>,
        time_zone: TimeZone,
    ) -> Result<Self, PauseEndsTooEarly> {
        match until {
            Some(date) if date <= time_zone.local_date(now) => Err(PauseEndsTooEarly(date)),
            _ => Ok(Self { since: now, until }),
        }
    }

    /// Reads the pause from its two columns.
    #[must_use]
    pub fn from_columns(paused_at: Option<OffsetDateTime>, paused_until: Option<Date>) -> Option<Self> {
        paused_at.map(|since| Self { since, until: paused_until })
    }

    /// Reports whether the pause covers this day, in the organization's time zone.
    #[must_use]
    pub fn holds_on(&self, local_date: Date) -> bool {
        self.until.is_none_or(|until| local_date < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};

    fn paris() -> TimeZone {
        "Europe/Paris".parse().unwrap()
    }

    #[test]
    fn a_pause_until_a_date_lets_reminders_leave_on_that_date() {
        let pause = Pause { since: datetime!(2026-03-02 10:00 UTC), until: Some(date!(2026 - 03 - 15)) };
        assert!(pause.holds_on(date!(2026 - 03 - 14)));
        assert!(!pause.holds_on(date!(2026 - 03 - 15)));
    }

    #[test]
    fn a_pause_without_an_end_holds_for_ever() {
        let pause = Pause { since: datetime!(2026-03-02 10:00 UTC), until: None };
        assert!(pause.holds_on(date!(2099 - 12 - 31)));
    }

    #[test]
    fn a_pause_ends_after_today_as_the_wall_calendar_shows_it() {
        // 23:30 UTC is already the third in Paris.
        let now = datetime!(2026-03-02 23:30 UTC);
        let third = date!(2026 - 03 - 03);
        assert_eq!(Pause::starting(now, Some(third), paris()), Err(PauseEndsTooEarly(third)));
        assert!(Pause::starting(now, Some(date!(2026 - 03 - 04)), paris()).is_ok());
        assert!(Pause::starting(now, None, paris()).is_ok());
    }
}
