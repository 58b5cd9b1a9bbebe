//! The view of a reminder for the person who approves it.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{Money, OrganizationId, RelanceTaskId, Template};
use time::{Date, OffsetDateTime};

use crate::{
    locked_task::{LockedTask, read_task},
    queries::tasks,
    state::RelanceState,
    task::{RelanceStatus, RelanceTask},
    text::RenderedText,
    variables::{NAMES, Values},
};

/// Variables whose value a user can enter, each with the field of the API that holds it.
const ENTERED: &[(&str, &str)] = &[
    ("organization.address", "organization.address"),
    ("organization.siren", "organization.siren"),
    ("penaltyRate", "organization.latePenaltyBasisPoints"),
    ("client.address", "client.address"),
    ("client.siren", "client.siren"),
];
/// Those that only a company has.
const OF_COMPANIES: &[&str] = &["penaltyRate", "client.siren"];

/// A reminder with what its approval rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelanceDetail {
    /// The reminder. While it waits for its approval, its text has the figures of today.
    pub task: RelanceTask,
    /// Its figures, if it is drafted and was not sent.
    pub approval: Option<Approval>,
    /// The subject and the text that were approved. The text that is sent differs in the figures that follow from the day.
    pub approved_text: Option<RenderedText>,
}

/// The figures of a drafted reminder on a day, and the gaps in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The day.
    pub as_of: Date,
    /// Amount left to pay.
    pub balance: Money,
    /// Days since the due date.
    pub days_late: i64,
    /// The yearly rate of penalties in hundredths of a percent, if the client owes them.
    pub penalty_basis_points: Option<u16>,
    /// The penalties so far.
    pub penalties: Option<Money>,
    /// The last day on which the reminder lets the client pay.
    pub deadline: Date,
    /// The fields that the text names and that have no value: their lines are left out.
    pub missing: Vec<&'static str>,
}

/// A reminder with what its approval rests on at an instant. Nothing is written.
///
/// # Errors
/// The database's.
#[tracing::instrument(skip_all, fields(organization = %organization, relance = %task))]
pub async fn relance_detail(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    task: RelanceTaskId,
    now: OffsetDateTime,
) -> Result<Option<RelanceDetail>, diesel::result::Error> {
    let Some(found) = tasks::find(conn, organization, task).await? else { return Ok(None) };
    let approved_text = found.draft().and_then(|draft| draft.approved.clone());
    if found.status() != RelanceStatus::Scheduled || !found.is_drafted() {
        return Ok(Some(RelanceDetail { task: found, approval: None, approved_text }));
    }
    let case = read_task(conn, organization, found).await?;
    Ok(case.map(|case| detail(case, approved_text, now)))
}

fn detail(case: LockedTask, approved_text: Option<RenderedText>, now: OffsetDateTime) -> RelanceDetail {
    let approval = Some(approval(&case, now));
    let today = case.text_at(now).ok();
    let mut task = case.task;
    if let (RelanceState::Drafted { mail, .. }, Some(text)) = (&mut task.state, today) {
        mail.text = text;
    }
    RelanceDetail { task, approval, approved_text }
}

fn approval(case: &LockedTask, now: OffsetDateTime) -> Approval {
    let values = case.values_at(now);
    Approval {
        as_of: values.today,
        balance: values.balance,
        days_late: values.days_late(),
        penalty_basis_points: values.company_penalty_rate().map(|rate| rate.0),
        penalties: values.penalties(),
        deadline: values.deadline(),
        missing: missing(&case.step.content.body, &values),
    }
}

/// The fields that a text names and that have no value.
fn missing(body: &str, values: &Values) -> Vec<&'static str> {
    let Ok(template) = Template::parse(body, NAMES) else { return Vec::new() };
    let sections = template.sections();
    ENTERED
        .iter()
        .filter(|(variable, _)| template.uses(variable) || sections.contains(variable))
        .filter(|(variable, _)| values.is_company() || !OF_COMPANIES.contains(variable))
        .filter(|(variable, _)| !values.has(variable))
        .map(|(_, field)| *field)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{default_plan::MISE_EN_DEMEURE, variables::fixtures::values};

    #[test]
    fn what_nobody_entered_is_asked_for_if_the_text_names_it() {
        let unknown = Values { penalty_rate: None, organization_siren: None, client_siren: None, ..values() };
        assert_eq!(
            missing(MISE_EN_DEMEURE, &unknown),
            [
                "organization.address",
                "organization.siren",
                "organization.latePenaltyBasisPoints",
                "client.siren"
            ]
        );
        let person = Values { client_kind: rubis_invoices::ClientKind::Person, ..unknown.clone() };
        assert_eq!(missing(MISE_EN_DEMEURE, &person), ["organization.address", "organization.siren"]);
        assert_eq!(missing("Bonjour {{client.name}}", &unknown), [""; 0]);
    }
}
