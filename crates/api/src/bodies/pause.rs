//! Pauses of an organization, a client or an invoice.

use rubis_accounts::Pause;
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};
use utoipa::ToSchema;

use crate::day::Day;

/// A pause until a date, or until a user resumes. Nothing is sent meanwhile.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PauseBody {
    /// Time at which the pause began.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// The first day on which reminders are sent again; `null`: when a user resumes.
    #[schema(required)]
    pub until: Option<Date>,
}

impl From<Pause> for PauseBody {
    fn from(pause: Pause) -> Self {
        Self { since: pause.since, until: pause.until }
    }
}

/// The length of a pause.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "until": "2027-01-04" }))]
pub struct PauseRequest {
    /// The first day on which reminders are sent again, after today; left out: when a user resumes.
    #[schema(value_type = Option<Date>)]
    pub until: Option<Day>,
}

impl PauseRequest {
    /// Returns the first day on which reminders are sent again.
    #[must_use]
    pub fn until(&self) -> Option<Date> {
        self.until.map(Date::from)
    }
}
