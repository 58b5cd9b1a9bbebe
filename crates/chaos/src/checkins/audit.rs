//! Compares what should have been asked with what arrived.

use std::collections::{BTreeSet, HashMap, HashSet};

use rubis_checkins::MAX_OF_MAIL;
use rubis_inbox::Mail;
use rubis_lifecycle::CheckinState;
use uuid::Uuid;

use super::{Ending, Link};
use crate::audit::{Arrivals, check_jobs, check_lateness, check_repeats, check_stopped, sort};
use crate::database::LeftJob;
use crate::{Due, Expected, Report};

/// Time after the acknowledged end of an invoice in which a mail may still arrive that was on its way.
const IN_HAND: time::Duration = time::Duration::seconds(3);

/// Links that no check-in of the run has.
const UNKNOWN: &str = "links are of check-ins that were not due, or have other tokens than theirs";

const BEFORE_TOKEN: &str = "/api/v1/checkin/";

/// All that is known when everything is quiet; tokens and links in the order of what is due.
pub(super) struct Evidence<'a> {
    pub due: &'a [Due],
    pub tokens: &'a [String],
    pub mails: &'a [Mail],
    pub endings: &'a [Ending],
    pub links: &'a [Link],
    pub jobs_left: &'a HashMap<String, LeftJob>,
}

struct Known<'a> {
    due: &'a Due,
    token: &'a str,
    ending: Option<&'a Ending>,
    link: Link,
    /// The mails that ask it, in the order of their arrival.
    asked_by: Vec<Uuid>,
    first: Option<&'a Mail>,
    is_stopped: bool,
}

pub(super) fn audit(evidence: &Evidence<'_>, expected: &Expected) -> Report {
    let mut report = Report::default();
    let arrivals = sort(evidence.mails, "checkin", &mut report);
    let known = know(evidence, &arrivals, expected);
    report.reminders = known.len();
    report.sent = known.iter().filter(|known| known.first.is_some()).count();
    report.note(format!("{} check-ins were asked by {} mails", report.sent, arrivals.len()));

    check_mails(&arrivals, &known, &mut report);
    check_repeats(&arrivals, &expected.may_repeat, &mut report);
    check_endings(&known, &mut report);
    check_links(&known, &mut report);
    let by_task: HashMap<Uuid, &Known<'_>> = known.iter().map(|known| (known.due.task, known)).collect();
    let asking = |task| {
        let token = by_task.get(&task).map_or("", |known| known.token);
        let asks = |mail: &&Mail| mail.text.as_deref().is_some_and(|text| text.contains(token));
        evidence.mails.iter().filter(asks).collect()
    };
    let was_in_hand = |task, since| {
        let ending = by_task.get(&task).and_then(|known| known.ending);
        ending.is_some_and(|ending| ending.is_written) && since < IN_HAND
    };
    check_stopped(&expected.stopped, asking, was_in_hand, &mut report);
    check_jobs(evidence.jobs_left, &HashSet::new(), &mut report);
    check_lateness(known.iter().filter_map(|known| Some((known.due, known.first?))), &mut report);
    report.conclude();
    report
}

fn tokens_in(text: Option<&str>, end: &str) -> BTreeSet<String> {
    let links =
        text.unwrap_or_default().split(BEFORE_TOKEN).skip(1).filter_map(|after| after.split_once('/'));
    links.filter(|(_, rest)| rest.starts_with(end)).map(|(token, _)| token.to_owned()).collect()
}

fn know<'a>(evidence: &Evidence<'a>, arrivals: &Arrivals<'a>, expected: &Expected) -> Vec<Known<'a>> {
    let endings: HashMap<Uuid, &Ending> =
        evidence.endings.iter().map(|ending| (ending.task, ending)).collect();
    let mut asked: HashMap<String, Vec<(Uuid, &Mail)>> = HashMap::new();
    for (id, mails) in arrivals {
        let Some(first) = mails.first() else { continue };
        for token in tokens_in(first.text.as_deref(), "paid") {
            asked.entry(token).or_default().push((*id, first));
        }
    }
    let links = evidence.due.iter().zip(evidence.tokens).zip(evidence.links);
    links
        .map(|((due, token), link)| {
            let mut by = asked.remove(token).unwrap_or_default();
            by.sort_by_key(|(_, mail)| mail.summary.received_at);
            Known {
                due,
                token,
                ending: endings.get(&due.task).copied(),
                link: *link,
                first: by.first().map(|(_, mail)| *mail),
                asked_by: by.into_iter().map(|(id, _)| id).collect(),
                is_stopped: expected.stopped.contains_key(&due.task),
            }
        })
        .collect()
}

/// Checks that each mail has all links in text and HTML, goes to the user it asks, and is repeated to the letter.
fn check_mails(arrivals: &Arrivals<'_>, known: &[Known<'_>], report: &mut Report) {
    let owners: HashMap<&str, &String> =
        known.iter().map(|known| (known.token, &known.due.recipient)).collect();
    for (id, mails) in arrivals {
        let letters: HashSet<_> =
            mails.iter().map(|mail| (&mail.summary.message_id, &mail.text, &mail.html)).collect();
        if letters.len() > 1 {
            report.find("mails arrived again as other messages or with other links", id.to_string());
        }
        let Some(mail) = mails.first() else { continue };
        let (text, html) = (mail.text.as_deref(), mail.html.as_deref());
        let links = tokens_in(text, "paid");
        let twins = [tokens_in(text, "pending"), tokens_in(html, "paid"), tokens_in(html, "pending")];
        if links.is_empty() || twins.iter().any(|twin| *twin != links) {
            report.find("mails lack links that stand elsewhere in them", id.to_string());
        }
        if links.len() > MAX_OF_MAIL {
            report.find("mails ask about more than they may", format!("{id} about {}", links.len()));
        }
        for token in &links {
            match owners.get(token.as_str()) {
                None => report.find(UNKNOWN, id.to_string()),
                Some(owner) if mails.iter().any(|mail| mail.summary.envelope_to != [(*owner).clone()]) => {
                    report.find("links arrived at another recipient", format!("{id} for {owner}"));
                }
                Some(_) => {}
            }
        }
    }
}

/// Checks that every check-in was asked once, by the mail in its record, or was cancelled with its invoice.
fn check_endings(known: &[Known<'_>], report: &mut Report) {
    for known in known {
        let task = known.due.task;
        let Some(ending) = known.ending else {
            report.lose(format!("{task} is not in the database"));
            continue;
        };
        let Ending { status, reason, mail, told, will_end, .. } = ending;
        let state =
            format!("{task} is {status} ({reason:?}) by {mail:?}, told {told} times, ends: {will_end}");
        if known.asked_by.len() > 1 {
            report.find("are asked by more than one mail", format!("{task} by {:?}", known.asked_by));
        }
        let is_asked = known.first.is_some();
        let is_told = *told == i64::from(is_asked);
        let by_its_mail = !is_asked || known.asked_by.first() == mail.as_ref();
        let is_right = match known.is_stopped {
            true => status == "cancelled" && !will_end,
            false => status == "sent" && *will_end,
        };
        if !known.is_stopped && !is_asked {
            report.lose(state);
        } else if !(is_right && is_told && by_its_mail) {
            report.find("are not recorded as what became of them", state);
        }
    }
}

/// Checks that a link that arrived is known by its token, and can be answered unless its invoice ended.
fn check_links(known: &[Known<'_>], report: &mut Report) {
    for known in known.iter().filter(|known| known.first.is_some()) {
        let is_right = match known.link {
            Link::Unknown | Link::Foreign => false,
            Link::Is(state) => (state == CheckinState::Open) != known.is_stopped,
        };
        if !is_right {
            let item = format!("{}: {:?}", known.due.task, known.link);
            report.find("links do not answer as they should", item);
        }
    }
}

#[cfg(test)]
mod tests;
