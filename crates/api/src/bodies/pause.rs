//! Pauses of an organization, a client or an invoice.

use rubis_accounts::Pause;
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};
use utoipa::ToSchema;

use crate::day::Day;

/// Nothing leaves until a date, or until somebody resumes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PauseBody {
    /// When it was asked for.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// The first day on which reminders leave again; `null`: until somebody resumes.
    #[schema(required)]
    pub until: Option<Date>,
}

impl From<Pause> for PauseBody {
    fn from(pause: Pause) -> Self {
        Self { since: pause.since, until: pause.until }
    }
}

/// How long nothing is to leave.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "until": "2027-01-04" }))]
pub struct PauseRequest {
    /// The first day on which reminders leave again, after today; left out: until somebody resumes.
    #[schema(value_type = Option<Date>)]
    pub until: Option<Day>,
}

impl PauseRequest {
    /// The first day on which reminders leave again.
    #[must_use]
    pub fn until(&self) -> Option<Date> {
        self.until.map(Date::from)
    }
}
