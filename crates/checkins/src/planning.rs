//! Computes the date of a check-in: a pure function of dates.

use rubis_accounts::{Organization, Pause};
use rubis_invoices::Invoice;
use time::{Duration, OffsetDateTime};

use crate::task::CheckinTask;

/// Delay of a check-in that is overdue when it is planned: time enough to take it back.
pub const CATCH_UP_DELAY: Duration = Duration::minutes(1);

/// Shortest time during which an answer by link has no effect on the debtor, because the other link may still revoke it.
pub(crate) const ANSWER_DELAY: Duration = Duration::minutes(1);

/// Check-ins of an organization planned within this time of the earliest one share its mail.
pub(crate) const SHARING: Duration = Duration::minutes(10);

/// Date of a check-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlannedDate {
    pub send_at: OffsetDateTime,
    /// True if it should have been sent already, and is sent as soon as possible.
    pub catches_up: bool,
    /// True if it waits for a user to end a pause.
    pub is_held: bool,
}

/// Returns the pauses that hold an invoice's mails back today.
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

/// Returns the sending time on the due date or, if that has passed, a minute from now; not before the end of a pause.
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
    /// Reports whether a check-in that is already scheduled stays as it is. One that is catching up continues, and is
    /// not delayed by being planned again.
    pub fn is_met_by(&self, task: &CheckinTask) -> bool {
        task.send_at == self.send_at || self.catches_up && task.send_at < self.send_at
    }
}
