//! Compares what should have been asked with what arrived.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use rubis_checkins::MAX_OF_MAIL;
use rubis_inbox::Mail;
use rubis_lifecycle::CheckinState;
use uuid::Uuid;

use super::{Ending, Link, Question};
use crate::audit::{Arrivals, check_jobs, check_repeats, percentiles};
use crate::database::LeftJob;
use crate::{MayRepeat, Report, Stopped};

/// For so long after the acknowledged end of an invoice a mail may still arrive that was on its way.
const IN_HAND: time::Duration = time::Duration::seconds(3);

/// Links that no check-in of the run has.
const UNKNOWN: &str = "links are of check-ins that were not due, or have other tokens than theirs";

const BEFORE_TOKEN: &str = "/api/v1/checkin/";

/// Exceptions of a scenario from every check-in being asked about once.
#[derive(Clone, Debug, Default)]
pub struct ExpectedCheckins {
    /// Mails that may have arrived more than once, always the same to the letter.
    pub may_repeat: MayRepeat,
    /// Check-ins whose invoice was paid or cancelled while they were about to be asked.
    pub stopped: HashMap<Uuid, Stopped>,
}

/// All that is known when everything is quiet; tokens and links in the order of what is due.
pub(super) struct Evidence<'a> {
    pub due: &'a [Question],
    pub tokens: &'a [String],
    pub mails: &'a [Mail],
    pub endings: &'a [Ending],
    pub links: &'a [Link],
    pub jobs_left: &'a HashMap<String, LeftJob>,
}

struct Known<'a> {
    question: &'a Question,
    ending: Option<&'a Ending>,
    link: Link,
    /// The mails that ask it, in the order of their arrival.
    asked_by: Vec<Uuid>,
    first: Option<&'a Mail>,
    stopped: Option<Stopped>,
}

/// Compares; the recovery is the scenario's to add.
pub(super) fn audit(evidence: &Evidence<'_>, expected: &ExpectedCheckins) -> Report {
    let mut report = Report::default();
    let arrivals = sort_by_mail(evidence.mails, &mut report);
    let known = know(evidence, &arrivals, expected);
    report.reminders = known.len();
    report.sent = known.iter().filter(|known| known.first.is_some()).count();
    report.repeated = arrivals.values().map(|mails| mails.len() - 1).sum();
    report.note(format!("{} check-ins were asked by {} mails", report.sent, arrivals.len()));

    check_mails(&arrivals, &known, evidence.tokens, &mut report);
    check_repeats(&arrivals, &expected.may_repeat, &mut report);
    check_endings(&known, &mut report);
    check_links(&known, &mut report);
    check_stopped(evidence.mails, evidence.tokens, &known, &mut report);
    check_jobs(evidence.jobs_left, &HashSet::new(), &mut report);
    (report.late_p50, report.late_p99) = lateness(&known, &mut report);
    report.conclude();
    report
}

/// The mail is in the `Message-ID`: `checkin.{mail}.{version}@…`.
fn id_of(mail: &Mail) -> Option<Uuid> {
    let mut parts = mail.summary.message_id.as_deref()?.split('.');
    let kind = parts.next()?.trim_start_matches('<');
    parts.next().filter(|_| kind == "checkin")?.parse().ok()
}

fn sort_by_mail<'a>(mails: &'a [Mail], report: &mut Report) -> Arrivals<'a> {
    let mut arrivals = Arrivals::new();
    for mail in mails {
        match id_of(mail) {
            Some(id) => arrivals.entry(id).or_default().push(mail),
            None => report.expect(false, format!("a mail asks nothing: {:?}", mail.summary)),
        }
    }
    arrivals
}

/// The tokens of the links in a text that end like this.
fn tokens_in(text: Option<&str>, end: &str) -> BTreeSet<String> {
    let mut tokens = BTreeSet::new();
    for after in text.unwrap_or_default().split(BEFORE_TOKEN).skip(1) {
        if let Some((token, rest)) = after.split_once('/')
            && rest.starts_with(end)
        {
            tokens.insert(token.to_owned());
        }
    }
    tokens
}

fn know<'a>(evidence: &Evidence<'a>, arrivals: &Arrivals<'a>, expected: &ExpectedCheckins) -> Vec<Known<'a>> {
    let endings: HashMap<Uuid, &Ending> =
        evidence.endings.iter().map(|ending| (ending.task, ending)).collect();
    let mut asked: HashMap<String, Vec<(Uuid, &Mail)>> = HashMap::new();
    for (id, mails) in arrivals {
        let Some(first) = mails.first() else { continue };
        for token in tokens_in(first.text.as_deref(), "paid") {
            asked.entry(token).or_default().push((*id, first));
        }
    }
    evidence
        .due
        .iter()
        .zip(evidence.tokens)
        .zip(evidence.links)
        .map(|((question, token), link)| {
            let mut by = asked.remove(token).unwrap_or_default();
            by.sort_by_key(|(_, mail)| mail.summary.received_at);
            Known {
                question,
                ending: endings.get(&question.task).copied(),
                link: *link,
                first: by.first().map(|(_, mail)| *mail),
                asked_by: by.into_iter().map(|(id, _)| id).collect(),
                stopped: expected.stopped.get(&question.task).copied(),
            }
        })
        .collect()
}

/// Each mail has both links of each of its check-ins, in both twins, goes to whom it asks, and is the same
/// to the letter when it arrives again.
fn check_mails(arrivals: &Arrivals<'_>, known: &[Known<'_>], tokens: &[String], report: &mut Report) {
    let owners: HashMap<&str, &str> = tokens
        .iter()
        .map(String::as_str)
        .zip(known.iter().map(|known| known.question.owner.as_str()))
        .collect();
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
                Some(owner) if mails.iter().any(|mail| mail.summary.envelope_to != [(*owner).to_owned()]) => {
                    report.find("links arrived at another recipient", format!("{id} for {owner}"));
                }
                Some(_) => {}
            }
        }
    }
}

/// Every check-in was asked once, by the mail that the database says, and is recorded as sent; or it was
/// called off with its invoice.
fn check_endings(known: &[Known<'_>], report: &mut Report) {
    for known in known {
        let task = known.question.task;
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
        let is_right = match known.stopped {
            Some(_) => status == "cancelled" && !will_end,
            None => status == "sent" && *will_end,
        };
        if known.stopped.is_none() && !is_asked {
            report.lose(state);
        } else if !(is_right && is_told && by_its_mail) {
            report.find("are not recorded as what became of them", state);
        }
    }
}

/// A link that arrived is known by its token, and can be answered unless its invoice ended.
fn check_links(known: &[Known<'_>], report: &mut Report) {
    for known in known.iter().filter(|known| known.first.is_some()) {
        let is_wrong = match (known.link, known.stopped) {
            (Link::Unknown | Link::Foreign, _) => true,
            (Link::Is(state), stopped) => (state == CheckinState::Open) == stopped.is_some(),
        };
        if is_wrong {
            let item = format!("{}: {:?}", known.question.task, known.link);
            report.find("links do not answer as they should", item);
        }
    }
}

/// After the end of an invoice was acknowledged no mail asks about it, but what was written before and in
/// the mail server's hands.
fn check_stopped(mails: &[Mail], tokens: &[String], known: &[Known<'_>], report: &mut Report) {
    let (mut on_the_way, mut unasked) = (0, 0);
    for (known, token) in known.iter().zip(tokens) {
        let Some(stopped) = known.stopped else { continue };
        unasked += usize::from(known.first.is_none());
        let was_written = known.ending.is_some_and(|ending| ending.is_written);
        let asking =
            mails.iter().filter(|mail| mail.text.as_deref().is_some_and(|text| text.contains(token)));
        for mail in asking.filter(|mail| mail.summary.received_at > stopped.acknowledged_at) {
            if was_written && mail.summary.received_at - stopped.acknowledged_at < IN_HAND {
                on_the_way += 1;
            } else {
                let item = format!("{} at {}", known.question.task, mail.summary.received_at);
                report.find("were asked after the end of their invoice had been acknowledged", item);
            }
        }
    }
    let ended = known.iter().filter(|known| known.stopped.is_some()).count();
    if ended > 0 {
        report.note(format!(
            "of {ended} invoices that ended in the burst, {unasked} were not asked about and {on_the_way} were \
             on their way"
        ));
    }
}

/// Lateness of the first mails were after the dates of their check-ins.
fn lateness(known: &[Known<'_>], report: &mut Report) -> (Duration, Duration) {
    let late = known
        .iter()
        .filter_map(|known| Some(known.first?.summary.received_at - known.question.send_at))
        .collect();
    percentiles(late, report)
}

#[cfg(test)]
mod tests;
