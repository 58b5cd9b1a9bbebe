//! Compares what should have been sent with what arrived.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use rubis_inbox::Mail;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::Report;
use crate::database::{Counters, Ending, LeftJob, Reminder};

/// Exceptions of a scenario from every reminder arriving once.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// Reminders that may have arrived more than once, always as the same message.
    pub may_repeat: MayRepeat,
    /// Those whose invoice was paid or cancelled while they were about to leave.
    pub stopped: HashMap<Uuid, Stopped>,
    /// Those that the mail server refused for good.
    pub refused: HashSet<Uuid>,
    /// Those that went into the database in the middle of the run, by way of the API.
    pub added: Vec<Reminder>,
    /// Jobs that must be left, and no others.
    pub jobs_left: HashSet<String>,
}

/// Reminders that may arrive more than once.
#[derive(Clone, Debug, Default)]
pub enum MayRepeat {
    /// None.
    #[default]
    Nobody,
    /// Those whose sending may have been cut off after the mail server had them.
    These(HashSet<Uuid>),
    /// At most as many mails.
    AtMost(usize),
}

/// The end of an invoice.
#[derive(Clone, Copy, Debug)]
pub struct Stopped {
    /// Time of the response, by the clock that mails are stamped with.
    pub acknowledged_at: OffsetDateTime,
}

/// All that is known when everything is quiet.
pub(crate) struct Evidence<'a> {
    pub due_at: OffsetDateTime,
    pub due: &'a [Reminder],
    pub mails: &'a [Mail],
    pub endings: &'a [Ending],
    pub counters: Counters,
    pub jobs_left: &'a HashMap<String, LeftJob>,
}

/// The mails of one reminder or of one id, in the order of their arrival.
pub(crate) type Arrivals<'a> = HashMap<Uuid, Vec<&'a Mail>>;

/// Compares; the recovery is the scenario's to add.
pub(crate) fn audit(evidence: &Evidence<'_>, expected: &Expected) -> Report {
    let mut report = Report::default();
    let arrivals = sort_by_reminder(evidence.mails, &mut report);
    let endings: HashMap<Uuid, &Ending> =
        evidence.endings.iter().map(|ending| (ending.task, ending)).collect();
    let due: Vec<&Reminder> = evidence.due.iter().chain(&expected.added).collect();
    report.reminders = due.len();
    report.sent = arrivals.len();
    report.repeated = arrivals.values().map(|mails| mails.len() - 1).sum();

    check_unasked(&arrivals, &due, &mut report);
    check_messages(&arrivals, &endings, &mut report);
    check_repeats(&arrivals, &expected.may_repeat, &mut report);
    check_endings(&due, &arrivals, &endings, expected, &mut report);
    check_stopped(&arrivals, &endings, expected, &mut report);
    check_jobs(evidence.jobs_left, &expected.jobs_left, &mut report);
    check_counters(evidence.counters, &mut report);
    (report.late_p50, report.late_p99) = lateness(&arrivals, &due, evidence.due_at, &mut report);
    report.conclude();
    report
}

/// The reminder is in the `Message-ID`: `relance.{task}.{version}@…`.
fn reminder_of(mail: &Mail) -> Option<Uuid> {
    mail.summary.message_id.as_deref()?.split('.').nth(1)?.parse().ok()
}

fn sort_by_reminder<'a>(mails: &'a [Mail], report: &mut Report) -> Arrivals<'a> {
    let mut arrivals = Arrivals::new();
    for mail in mails {
        match reminder_of(mail) {
            Some(task) => arrivals.entry(task).or_default().push(mail),
            None => report.expect(false, format!("a mail is of no reminder: {:?}", mail.summary)),
        }
    }
    arrivals
}

fn check_unasked(arrivals: &Arrivals<'_>, due: &[&Reminder], report: &mut Report) {
    let due: HashSet<Uuid> = due.iter().map(|reminder| reminder.task).collect();
    for task in arrivals.keys().filter(|task| !due.contains(task)) {
        report.find("arrived that were not due", task.to_string());
    }
}

fn check_messages(arrivals: &Arrivals<'_>, endings: &HashMap<Uuid, &Ending>, report: &mut Report) {
    for (task, mails) in arrivals {
        let ids: HashSet<_> = mails.iter().map(|mail| &mail.summary.message_id).collect();
        if ids.len() > 1 {
            report.find("arrived again as another message", format!("{task} as {ids:?}"));
        }
        let Some(ending) = endings.get(task) else { continue };
        if mails.iter().any(|mail| mail.summary.envelope_to != [ending.recipient.clone()]) {
            report.find("arrived at another recipient", format!("{task} for {}", ending.recipient));
        }
    }
}

/// Only what may arrives more than once.
pub(crate) fn check_repeats(arrivals: &Arrivals<'_>, may_repeat: &MayRepeat, report: &mut Report) {
    let repeated = arrivals.iter().filter(|(_, mails)| mails.len() > 1);
    match may_repeat {
        MayRepeat::AtMost(most) => {
            let times: usize = repeated.map(|(_, mails)| mails.len() - 1).sum();
            report.expect(times <= *most, format!("{times} mails were repeated, at most {most} may be"));
        }
        MayRepeat::Nobody => {
            repeated.for_each(|(task, mails)| report.find("arrived more than once", times(*task, mails)));
        }
        MayRepeat::These(these) => {
            for (task, mails) in repeated.filter(|(task, _)| !these.contains(*task)) {
                report.find("arrived more than once whose sending nothing had cut off", times(*task, mails));
            }
        }
    }
}

fn times(task: Uuid, mails: &[&Mail]) -> String {
    let instants: Vec<String> =
        mails.iter().map(|mail| mail.summary.received_at.time().to_string()).collect();
    format!("{task} at {}", instants.join(" and "))
}

/// Checks that what arrived is recorded as sent, that what is recorded arrived, and that what should have been
/// sent was.
fn check_endings(
    due: &[&Reminder],
    arrivals: &Arrivals<'_>,
    endings: &HashMap<Uuid, &Ending>,
    expected: &Expected,
    report: &mut Report,
) {
    for reminder in due {
        let task = reminder.task;
        let Some(ending) = endings.get(&task) else {
            report.lose(format!("{task} is not in the database"));
            continue;
        };
        let state = format!("{task} is {} ({:?})", ending.status, ending.reason);
        let arrived = arrivals.contains_key(&task);
        if expected.refused.contains(&task) {
            let is_right = ending.status == "failed"
                && ending.reason.as_deref() == Some("rejected")
                && ending.failure_is_told
                && !arrived;
            if !is_right {
                report.find("were refused by the mail server and are not failed with an event", state);
            }
        } else if !arrived && (ending.status == "sent" || !expected.stopped.contains_key(&task)) {
            report.lose(state);
        } else if arrived && ending.status != "sent" && !expected.stopped.contains_key(&task) {
            report.find("arrived and are not recorded as sent", state);
        }
    }
}

/// After the end of an invoice was acknowledged nothing arrives, but what was in the mail server's
/// hands already and is recorded as such.
fn check_stopped(
    arrivals: &Arrivals<'_>,
    endings: &HashMap<Uuid, &Ending>,
    expected: &Expected,
    report: &mut Report,
) {
    let mut on_the_way = 0;
    for (task, stopped) in &expected.stopped {
        let Some(mails) = arrivals.get(task) else { continue };
        let was_being_sent = endings.get(task).is_some_and(|ending| ending.was_being_sent);
        for mail in mails.iter().filter(|mail| mail.summary.received_at > stopped.acknowledged_at) {
            if was_being_sent {
                on_the_way += 1;
            } else {
                let item = format!("{task} at {}", mail.summary.received_at);
                report.find("arrived after the end of their invoice had been acknowledged", item);
            }
        }
    }
    if !expected.stopped.is_empty() {
        let unsent = expected.stopped.keys().filter(|task| !arrivals.contains_key(task)).count();
        report.note(format!(
            "of {} invoices that ended in the burst, the reminders of {unsent} did not leave and {on_the_way} were \
             on their way, which was said",
            expected.stopped.len()
        ));
    }
}

pub(crate) fn check_jobs(left: &HashMap<String, LeftJob>, expected: &HashSet<String>, report: &mut Report) {
    for job in left.values().filter(|job| !expected.contains(&job.id)) {
        report.find("jobs are left", format!("{} {} ({:?})", job.id, job.state, job.last_error));
    }
    for id in expected.iter().filter(|id| !left.contains_key(*id)) {
        report.find("jobs are gone that should be left", id);
    }
}

fn check_counters(counters: Counters, report: &mut Report) {
    report.expect(
        counters.sent == counters.events_of_sent && counters.rubis == counters.sent + counters.paid,
        format!("the counters do not agree: {counters:?}"),
    );
}

/// Lateness of the first mails were, at most for half of them and for all but one in a hundred.
fn lateness(
    arrivals: &Arrivals<'_>,
    due: &[&Reminder],
    due_at: OffsetDateTime,
    report: &mut Report,
) -> (Duration, Duration) {
    let late = due
        .iter()
        .filter_map(|reminder| {
            arrivals.get(&reminder.task)?.first().map(|mail| mail.summary.received_at - due_at)
        })
        .collect();
    percentiles(late, report)
}

/// The median of how late mails were, and what all but one in a hundred were at most; none may be early.
pub(crate) fn percentiles(mut late: Vec<time::Duration>, report: &mut Report) -> (Duration, Duration) {
    late.sort_unstable();
    let early = late.iter().filter(|late| late.is_negative()).count();
    report.expect(early == 0, format!("{early} arrived before they were due"));
    let at = |percent: usize| {
        let index = late.len().saturating_sub(1) * percent / 100;
        late.get(index).and_then(|late| Duration::try_from(*late).ok()).unwrap_or_default()
    };
    (at(50), at(99))
}

#[cfg(test)]
pub(crate) mod tests;
