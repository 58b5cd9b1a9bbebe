//! The mail server refuses, puts off, hangs up and dawdles.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::Result;
use rubis_inbox::{Behaviour, Fault, Stage};

use super::{QUIET, finish};
use crate::{Due, Expected, MayRepeat, Report, ScenarioRun};

const CONCERNED: usize = 40;

/// The outage of the mail server, and the steps in which it passes.
const OUTAGE: Duration = Duration::from_secs(1_800);
const ROUNDS: u32 = 6;

/// Longer than a lease, in milliseconds.
const LONGER_THAN_A_LEASE: u64 = 12_000;

/// Waits until all that is left has lost `attempts`, makes it due at once, and returns the number.
pub(super) async fn hasten_what_failed(run: &ScenarioRun, attempts: i32) -> Result<usize> {
    let waits = format!("all that is left has failed {attempts} times");
    let left = run
        .database
        .wait_for(&waits, QUIET, |left| {
            left.values().all(|job| job.state == "scheduled" && job.attempts == attempts)
        })
        .await?;
    let jobs: Vec<String> = left.into_keys().collect();
    run.database.hasten(&jobs).await?;
    Ok(jobs.len())
}

fn recipients(reminders: &[Due]) -> Vec<String> {
    reminders.iter().map(|reminder| reminder.recipient.clone()).collect()
}

fn for_each(recipients: &[String], fault: impl Fn() -> Fault) -> Behaviour {
    recipients
        .iter()
        .fold(Behaviour::normal(), |behaviour, recipient| behaviour.and(fault().for_recipient(recipient)))
}

pub(super) async fn refuses(run: &mut ScenarioRun) -> Result<Report> {
    let refused = run.some(CONCERNED);
    run.misbehave(for_each(&recipients(&refused), || Fault::reply(Stage::Recipient, 550)))?;
    let _worker = run.worker().start()?;
    run.database.quiet(None, QUIET).await?;
    let expected = Expected {
        refused: refused.iter().map(|reminder| reminder.task).collect(),
        // They wait among the dead letters for a corrected address.
        jobs_left: refused.iter().map(Due::job).collect(),
        ..Expected::default()
    };
    finish(run, &expected).await
}

pub(super) async fn says_later(run: &mut ScenarioRun) -> Result<Report> {
    let concerned = run.some(2 * CONCERNED);
    let recipients = recipients(&concerned);
    let (first, second) = recipients.split_at(recipients.len() / 2);
    let mut behaviour = for_each(first, || Fault::reply(Stage::Recipient, 451).times(2));
    behaviour.faults.extend(for_each(second, || Fault::reply(Stage::Data, 451).times(2)).faults);
    run.misbehave(behaviour)?;
    let _worker = run.worker().start()?;
    run.burst().await?;
    let mut counts = Vec::new();
    for attempts in 1..=2 {
        counts.push(hasten_what_failed(run, attempts).await?);
    }
    let mut report = finish(run, &Expected::default()).await?;
    let is_right = counts.iter().all(|count| *count == recipients.len());
    report.expect(is_right, format!("{counts:?} failed in turn, {} should each time", recipients.len()));
    report
        .note("the next attempts were made to come at once: the first one waits for half a minute at least");
    Ok(report)
}

/// The mail server is away for half an hour of the jobs' time: refuses connections, then greets with 421. The clock of
/// the breaker is real, so that it costs each round a few seconds.
pub(super) async fn is_away(run: &mut ScenarioRun) -> Result<Report> {
    run.misbehave(Behaviour::with(Fault::close(Stage::Connect)))?;
    let _workers = run.two_workers()?;
    let mut lost_attempts = 0;
    for round in 0..ROUNDS {
        let all_wait = "all that is left waits for the mail server";
        let left = run
            .database
            .wait_for(all_wait, QUIET, |left| left.values().all(|job| job.last_error.is_some()))
            .await?;
        lost_attempts += left.values().filter(|job| job.attempts > 0).count();
        if round == ROUNDS / 2 {
            run.misbehave(Behaviour::with(Fault::reply(Stage::Connect, 421)))?;
        }
        run.database.age(OUTAGE / ROUNDS).await?;
    }
    run.misbehave(Behaviour::normal())?;
    let mut report = finish(run, &Expected::default()).await?;
    report.expect(lost_attempts == 0, format!("{lost_attempts} jobs lost an attempt to the outage"));
    Ok(report)
}

pub(super) async fn closes(run: &mut ScenarioRun) -> Result<Report> {
    let concerned = run.some(3 * CONCERNED);
    let recipients = recipients(&concerned);
    let (dropped, others) = recipients.split_at(CONCERNED);
    let (kept, unheard) = others.split_at(CONCERNED);
    let mut behaviour = for_each(dropped, || Fault::close(Stage::Message).times(1));
    behaviour.faults.extend(for_each(kept, || Fault::accept_and_close().times(1)).faults);
    behaviour.faults.extend(for_each(unheard, || Fault::close(Stage::Data).times(1)).faults);
    run.misbehave(behaviour)?;
    let _worker = run.worker().start()?;
    run.burst().await?;
    let failed = hasten_what_failed(run, 1).await?;
    let kept: HashSet<&String> = kept.iter().collect();
    let may_repeat = concerned.iter().filter(|reminder| kept.contains(&reminder.recipient));
    let expected = Expected {
        may_repeat: MayRepeat::These(may_repeat.map(|reminder| reminder.task).collect()),
        ..Expected::default()
    };
    let mut report = finish(run, &expected).await?;
    report.expect(failed == recipients.len(), format!("{failed} failed, {} should have", recipients.len()));
    Ok(report)
}

/// Some mails take longer than the lease of their job, which their worker renews.
pub(super) async fn is_slow(run: &mut ScenarioRun) -> Result<Report> {
    let concerned = run.some(CONCERNED / 2);
    let slow = for_each(&recipients(&concerned), || Fault::delay(Stage::Message, LONGER_THAN_A_LEASE));
    run.misbehave(slow.and(Fault::delay(Stage::Message, 200)))?;
    let _workers = run.two_workers()?;
    finish(run, &Expected::default()).await
}
