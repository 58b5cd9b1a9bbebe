//! Time limits of check-ins and their links.

use time::Duration;

use super::error::SettingsError;
use super::key::{Default, Key, Section};
use super::parse;
use super::source::Source;

/// Time limits of check-ins and their links. They are durations of `time`, since they are added to and compared with
/// instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckinSettings {
    /// Life of the links of a check-in, from the sending of its mail.
    pub ttl: Duration,
    /// Time after the sending of the mail during which opening a link has to be confirmed. Zero turns this off.
    pub quiet: Duration,
    /// Time after an answer by link within which opening the other link puts both in doubt. Zero turns this off.
    pub suspect: Duration,
    /// Time during which the answer "paid" can be undone from the link. Zero turns this off.
    pub undo: Duration,
}

static CHECKIN_TTL_HOURS: Key = Key {
    name: "CHECKIN_TTL_HOURS",
    default: Default::Value("24"),
    takes: "a number of hours from 1 to 720",
    meaning: "Life of the links of a check-in, from the sending of its mail. The mail mentions it.",
    example: None,
    secret: false,
};
static CHECKIN_QUIET_SECONDS: Key = Key {
    name: "CHECKIN_QUIET_SECONDS",
    default: Default::Value("30"),
    takes: "a number of seconds from 0 to 3600, 0 to do without",
    meaning: "Time after the sending of a check-in during which the opening of a link is attributed to a mail scanner and has to be confirmed.",
    example: None,
    secret: false,
};
static CHECKIN_SUSPECT_SECONDS: Key = Key {
    name: "CHECKIN_SUSPECT_SECONDS",
    default: Default::Value("60"),
    takes: "a number of seconds from 0 to 3600, 0 to do without",
    meaning: "If both links of a check-in are opened within this time, the answer is undone and has to be confirmed.",
    example: None,
    secret: false,
};
static CHECKIN_UNDO_DAYS: Key = Key {
    name: "CHECKIN_UNDO_DAYS",
    default: Default::Value("7"),
    takes: "a number of days from 0 to 60, 0 to do without",
    meaning: "Time during which the answer \"paid\" to a check-in can be undone from its link.",
    example: None,
    secret: false,
};

pub(super) static SECTION: Section = Section {
    title: "Check-ins",
    keys: &[&CHECKIN_TTL_HOURS, &CHECKIN_QUIET_SECONDS, &CHECKIN_SUSPECT_SECONDS, &CHECKIN_UNDO_DAYS],
};

impl CheckinSettings {
    pub(super) fn read(source: &Source) -> Result<Self, SettingsError> {
        Ok(Self {
            ttl: Duration::hours(source.required(&CHECKIN_TTL_HOURS, parse::within(1..=720))?),
            quiet: Duration::seconds(source.required(&CHECKIN_QUIET_SECONDS, parse::within(0..=3600))?),
            suspect: Duration::seconds(source.required(&CHECKIN_SUSPECT_SECONDS, parse::within(0..=3600))?),
            undo: Duration::days(source.required(&CHECKIN_UNDO_DAYS, parse::within(0..=60))?),
        })
    }
}
