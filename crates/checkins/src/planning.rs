//! When the user is asked about an invoice: a pure function of dates.

use rubis_accounts::{Organization, Pause};
use rubis_invoices::Invoice;
use time::{Duration, OffsetDateTime};

use crate::task::CheckinTask;

/// What is overdue when it is planned leaves this much later: time enough to take it back.
pub const CATCH_UP_DELAY: Duration = Duration::minutes(1);

/// The time for which an answer by link reaches no debtor: the other link revokes it meanwhile.
pub(crate) const ANSWER_DELAY: Duration = Duration::minutes(1);

/// The check-ins of an organization that are planned within this time of the earliest one share its mail.
pub(crate) const SHARING: Duration = Duration::minutes(10);

/// When a check-in leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlannedDate {
    /// The instant.
    pub send_at: OffsetDateTime,
    /// Whether it should have left already, and does as soon as it may.
    pub catches_up: bool,
    /// Whether it waits for somebody to end a pause.
    pub is_held: bool,
}

/// The pauses that hold an invoice's mails back today.
pub(crate) fn holding_pauses(
    organization: &Organization,
    invoice: &Invoice,
    client_pause: Option<Pause>,
    now: OffsetDateTime,
) -> Vec<Pause> {
    let today = organization.time_zone.local_date(now);
    [organization.pause, client_pause, invoice.pause]
        .into_iter()
        .flatten()
        .filter(|pause| pause.holds_on(today))
        .collect()
}

/// The sending time of the due date, or where that has passed, a minute from now; not before the end of a
/// pause.
pub(crate) fn planned_date(
    organization: &Organization,
    invoice: &Invoice,
    client_pause: Option<Pause>,
    now: OffsetDateTime,
) -> PlannedDate {
    let calendar = organization.sending_calendar();
    let nominal = calendar.sending_instant(invoice.due_date);
    let pauses = holding_pauses(organization, invoice, client_pause, now);
    let is_held = pauses.iter().any(|pause| pause.until.is_none());
    let resumes_at = pauses.iter().filter_map(|pause| pause.until).max();
    let resumes_at = resumes_at.map(|until| calendar.sending_instant(until));
    match resumes_at {
        Some(resumes_at) => PlannedDate { send_at: nominal.max(resumes_at), catches_up: false, is_held },
        None if nominal <= now => PlannedDate { send_at: now + CATCH_UP_DELAY, catches_up: true, is_held },
        None => PlannedDate { send_at: nominal, catches_up: false, is_held },
    }
}

impl PlannedDate {
    /// Whether a check-in that is scheduled already stays as it is. What is catching up goes on, and is not
    /// put off by being planned once more.
    pub fn is_met_by(&self, task: &CheckinTask) -> bool {
        task.send_at == self.send_at || self.catches_up && task.send_at < self.send_at
    }
}
