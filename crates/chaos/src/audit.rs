//! Compares what should have been sent with what arrived.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use rubis_inbox::Mail;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::Report;
use crate::database::{Counters, Due, Ending, LeftJob};

/// Exceptions of a scenario from everything arriving once.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// Reminders, or mails about check-ins, that may have arrived more than once, always as the same message.
    pub may_repeat: MayRepeat,
    /// Those whose invoice was paid or cancelled while they were about to be sent.
    pub stopped: Stopped,
    /// Reminders that the mail server rejected permanently.
    pub refused: HashSet<Uuid>,
    /// Jobs that must be left, and no others.
    pub jobs_left: HashSet<String>,
}

/// Instants of the responses to the ends of invoices, by the clock that stamps mails.
pub type Stopped = HashMap<Uuid, OffsetDateTime>;

#[derive(Clone, Debug, Default)]
pub enum MayRepeat {
    #[default]
    None,
    /// Those whose sending may have been cut off after the mail server accepted them.
    These(HashSet<Uuid>),
    /// At most as many mails.
    AtMost(usize),
}

/// All that is known when everything is quiet.
pub(crate) struct Evidence<'a> {
    pub due: &'a [Due],
    pub mails: &'a [Mail],
    pub endings: &'a [Ending],
    pub counters: Counters,
    pub jobs_left: &'a HashMap<String, LeftJob>,
}

/// The mails of one reminder or of one id, in the order of their arrival.
pub(crate) type Arrivals<'a> = HashMap<Uuid, Vec<&'a Mail>>;

pub(crate) fn audit(evidence: &Evidence<'_>, expected: &Expected) -> Report {
    let mut report = Report::default();
    let arrivals = sort(evidence.mails, "relance", &mut report);
    let endings: HashMap<Uuid, &Ending> =
        evidence.endings.iter().map(|ending| (ending.task, ending)).collect();
    report.reminders = evidence.due.len();
    report.sent = arrivals.len();

    check_messages(&arrivals, evidence.due, &endings, &mut report);
    check_repeats(&arrivals, &expected.may_repeat, &mut report);
    check_endings(evidence.due, &arrivals, &endings, expected, &mut report);
    let mails = |task| arrivals.get(&task).cloned().unwrap_or_default();
    let was_being_sent = |task, _| endings.get(&task).is_some_and(|ending| ending.was_being_sent);
    check_stopped(&expected.stopped, mails, was_being_sent, &mut report);
    check_jobs(evidence.jobs_left, &expected.jobs_left, &mut report);
    let counters = evidence.counters;
    report.expect(
        counters.sent == counters.events_of_sent && counters.rubis == counters.sent + counters.paid,
        format!("the counters do not agree: {counters:?}"),
    );
    check_lateness(
        evidence.due.iter().filter_map(|due| Some((due, *arrivals.get(&due.task)?.first()?))),
        &mut report,
    );
    report.conclude();
    report
}

/// Sorts mails by the id in their `Message-ID`: `relance.{task}.{version}@…` or `checkin.{mail}.{version}@…`.
pub(crate) fn sort<'a>(mails: &'a [Mail], kind: &str, report: &mut Report) -> Arrivals<'a> {
    let mut arrivals = Arrivals::new();
    for mail in mails {
        match id_of(mail, kind) {
            Some(id) => arrivals.entry(id).or_default().push(mail),
            None => report.expect(false, format!("a mail is no {kind}: {:?}", mail.summary)),
        }
    }
    report.repeated = arrivals.values().map(|mails| mails.len() - 1).sum();
    arrivals
}

pub(crate) fn id_of(mail: &Mail, kind: &str) -> Option<Uuid> {
    let mut parts = mail.summary.message_id.as_deref()?.trim_start_matches('<').split('.');
    parts.next().filter(|found| *found == kind)?;
    parts.next()?.parse().ok()
}

fn check_messages(
    arrivals: &Arrivals<'_>,
    due: &[Due],
    endings: &HashMap<Uuid, &Ending>,
    report: &mut Report,
) {
    let due: HashSet<Uuid> = due.iter().map(|due| due.task).collect();
    for (task, mails) in arrivals {
        if !due.contains(task) {
            report.find("arrived that were not due", task.to_string());
        }
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

pub(crate) fn check_repeats(arrivals: &Arrivals<'_>, may_repeat: &MayRepeat, report: &mut Report) {
    let repeated = arrivals.iter().filter(|(_, mails)| mails.len() > 1);
    match may_repeat {
        MayRepeat::AtMost(most) => {
            let times: usize = repeated.map(|(_, mails)| mails.len() - 1).sum();
            report.expect(times <= *most, format!("{times} mails were repeated, at most {most} may be"));
        }
        MayRepeat::None => {
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

/// Checks that exactly what should have been sent arrived and is recorded.
fn check_endings(
    due: &[Due],
    arrivals: &Arrivals<'_>,
    endings: &HashMap<Uuid, &Ending>,
    expected: &Expected,
    report: &mut Report,
) {
    for task in due.iter().map(|due| due.task) {
        let Some(ending) = endings.get(&task) else {
            report.lose(format!("{task} is not in the database"));
            continue;
        };
        let state = format!("{task} is {} ({:?})", ending.status, ending.reason);
        let (arrived, stopped) = (arrivals.contains_key(&task), expected.stopped.contains_key(&task));
        if expected.refused.contains(&task) {
            let failed = ending.status == "failed" && ending.reason.as_deref() == Some("rejected");
            if !failed || !ending.failure_is_told || arrived {
                report.find("were refused by the mail server and are not failed with an event", state);
            }
        } else if !arrived && (ending.status == "sent" || !stopped) {
            report.lose(state);
        } else if arrived && ending.status != "sent" && !stopped {
            report.find("arrived and are not recorded as sent", state);
        }
    }
}

/// Checks that nothing arrives after the acknowledged end of an invoice, except what was `on_the_way`.
pub(crate) fn check_stopped<'a>(
    stopped: &Stopped,
    mails: impl Fn(Uuid) -> Vec<&'a Mail>,
    on_the_way: impl Fn(Uuid, time::Duration) -> bool,
    report: &mut Report,
) {
    let (mut excused, mut unsent) = (0, 0);
    for (task, acknowledged_at) in stopped {
        let mails = mails(*task);
        unsent += usize::from(mails.is_empty());
        for at in mails.iter().map(|mail| mail.summary.received_at).filter(|at| at > acknowledged_at) {
            if on_the_way(*task, at - *acknowledged_at) {
                excused += 1;
            } else {
                let item = format!("{task} at {at}");
                report.find("arrived after the end of their invoice had been acknowledged", item);
            }
        }
    }
    if !stopped.is_empty() {
        report.note(format!(
            "of {} invoices that ended in the burst, {unsent} got no mail and {excused} one that was on its way",
            stopped.len()
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

/// Notes the median lateness of the first mails and their 99th percentile; none may be early.
pub(crate) fn check_lateness<'a>(first: impl Iterator<Item = (&'a Due, &'a Mail)>, report: &mut Report) {
    let mut late: Vec<_> = first.map(|(due, mail)| mail.summary.received_at - due.send_at).collect();
    late.sort_unstable();
    let early = late.iter().filter(|late| late.is_negative()).count();
    report.expect(early == 0, format!("{early} arrived before they were due"));
    let at = |percent: usize| {
        let index = late.len().saturating_sub(1) * percent / 100;
        late.get(index).and_then(|late| Duration::try_from(*late).ok()).unwrap_or_default()
    };
    (report.late_p50, report.late_p99) = (at(50), at(99));
}

#[cfg(test)]
pub(crate) mod tests;
