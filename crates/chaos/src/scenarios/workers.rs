//! Workers die, stop, and disagree about the time.

use std::time::Duration;

use anyhow::{Result, ensure};
use rubis_inbox::{Behaviour, Fault, MailQuery, Stage};
use tokio::time::Instant;

use super::{CRASH_RECOVERY, QUIET};
use crate::{Expected, MayRepeat, Reminder, Report, Site, Trial};

/// Longer than any of the trials that hold a mail back for so long.
const FOR_EVER: u64 = 120_000;

/// Reminders that are held while their workers are killed, and how many workers that are.
const HELD: usize = 5;
const LOST_WORKERS: usize = 2;

/// How long a mail is waited for, a lease and the waits after a crash included.
const ARRIVAL: Duration = Duration::from_secs(45);

/// Waits until all is quiet, and compares.
pub(super) async fn finish(trial: &Trial, expected: &Expected) -> Result<Report> {
    let is_quiet = trial.database.quiet(None, QUIET).await?;
    let mut report = trial.report(expected).await?;
    report.expect(is_quiet, format!("jobs are still left after {QUIET:?}"));
    Ok(report)
}

pub(super) async fn calm(site: &mut Site, reminders: usize) -> Result<Report> {
    let trial = site.trial("calm", reminders).await?;
    let _workers = (trial.worker().start().await?, trial.worker().start().await?);
    finish(&trial, &Expected::default()).await
}

pub(super) async fn one_killed(site: &mut Site, reminders: usize) -> Result<Report> {
    let trial = site.trial("worker-killed", reminders).await?;
    lose_one_of_two(&trial).await
}

/// Two workers, one of which is killed in the burst.
///
/// # Errors
/// When the trial cannot be played to its end.
pub async fn lose_one_of_two(trial: &Trial) -> Result<Report> {
    let (doomed, _other) = (trial.worker().start().await?, trial.worker().start().await?);
    trial.burst().await?;
    doomed.kill()?;
    let killed = Instant::now();
    let held = trial.being_sent().await?;
    trial.over(&held, QUIET).await?;
    let recovered = killed.elapsed();
    let expected = Expected { may_repeat: MayRepeat::These(held), ..Expected::default() };
    let mut report = finish(trial, &expected).await?;
    report.mended("what the killed worker held", recovered, CRASH_RECOVERY);
    Ok(report)
}

pub(super) async fn all_killed(site: &mut Site, reminders: usize) -> Result<Report> {
    let trial = site.trial("workers-killed", reminders).await?;
    let doomed = [trial.worker().start().await?, trial.worker().start().await?];
    trial.burst().await?;
    for worker in doomed {
        worker.kill()?;
    }
    let killed = Instant::now();
    let held = trial.being_sent().await?;
    let _others = (trial.worker().start().await?, trial.worker().start().await?);
    trial.over(&held, QUIET).await?;
    let recovered = killed.elapsed();
    let expected = Expected { may_repeat: MayRepeat::These(held), ..Expected::default() };
    let mut report = finish(&trial, &expected).await?;
    report.mended("what the killed workers held", recovered, CRASH_RECOVERY);
    Ok(report)
}

/// The mail server takes the mails of a few reminders and does not say so; their workers are killed
/// at that moment, twice.
pub(super) async fn killed_twice(site: &mut Site, reminders: usize) -> Result<Report> {
    let trial = site.trial("killed-twice", reminders / 4).await?;
    let held = trial.some(HELD);
    let lost = u32::try_from(LOST_WORKERS)?;
    let mut behaviour = Behaviour::normal();
    for reminder in &held {
        let fault = Fault::delay(Stage::Message, FOR_EVER).times(lost).for_recipient(&reminder.recipient);
        behaviour = behaviour.and(fault);
    }
    trial.misbehave(behaviour)?;
    let jobs: Vec<String> = held.iter().map(Reminder::job).collect();

    let mut recoveries = Vec::new();
    let mut died: Option<Instant> = None;
    for time in 1..=LOST_WORKERS {
        let worker = trial.worker().start().await?;
        arrived(&trial, &held, time).await?;
        recoveries.extend(died.map(|died| died.elapsed()));
        worker.kill()?;
        died = Some(Instant::now());
    }
    let _worker = trial.worker().start().await?;
    let (all_lost, no_failure) = (i32::try_from(LOST_WORKERS)?, 0);
    trial
        .database
        .wait_for("the jobs are taken from the last worker that was lost", QUIET, |left| {
            let is_taken =
                |id| left.get(id).is_some_and(|job| (job.crashes, job.attempts) == (all_lost, no_failure));
            jobs.iter().all(is_taken)
        })
        .await?;
    arrived(&trial, &held, LOST_WORKERS + 1).await?;
    recoveries.extend(died.map(|died| died.elapsed()));

    // What else its workers had in hand when they were killed may be repeated as well.
    let may_repeat = MayRepeat::These(trial.due.iter().map(|reminder| reminder.task).collect());
    let mut report = finish(&trial, &Expected { may_repeat, ..Expected::default() }).await?;
    report.note(format!("{HELD} reminders lost {LOST_WORKERS} workers, and none of their attempts"));
    for took in recoveries {
        report.mended("what a killed worker held", took, CRASH_RECOVERY);
    }
    Ok(report)
}

/// Waits until each of these reminders has arrived so many times.
async fn arrived(trial: &Trial, reminders: &[Reminder], times: usize) -> Result<()> {
    for reminder in reminders {
        let mails = trial.inbox.wait_for(&MailQuery::to(&reminder.recipient), times, ARRIVAL).await;
        ensure!(mails.len() >= times, "{} has arrived {} times of {times}", reminder.recipient, mails.len());
    }
    Ok(())
}

pub(super) async fn told_to_stop(site: &mut Site, reminders: usize) -> Result<Report> {
    let trial = site.trial("worker-stopped", reminders).await?;
    stop_one_of_two(&trial).await
}

/// Two workers, one of which is told to stop in the burst.
///
/// # Errors
/// When the trial cannot be played to its end.
pub async fn stop_one_of_two(trial: &Trial) -> Result<Report> {
    let (leaving, _other) = (trial.worker().start().await?, trial.worker().start().await?);
    trial.burst().await?;
    let held = trial.being_sent().await?;
    let asked = Instant::now();
    let took = leaving.terminate().await?;
    trial.over(&held, QUIET).await?;
    let recovered = asked.elapsed();
    let mut report = finish(trial, &Expected::default()).await?;
    report.mended("what was on its way at the signal", recovered, CRASH_RECOVERY);
    report.note(format!("the worker had stopped after {}", crate::report::seconds(took)));
    Ok(report)
}

pub(super) async fn clocks_apart(site: &mut Site, reminders: usize) -> Result<Report> {
    let Some(library) = site.faketime().map(std::path::Path::to_owned) else {
        return Ok(Report::skipped(
            "no libfaketime: clocks cannot be set apart (Debian: apt-get install faketime)",
        ));
    };
    let trial = site.trial("clocks-apart", reminders).await?;
    let worker = |offset: &str| {
        trial
            .worker()
            .set("LD_PRELOAD", library.as_os_str())
            .set("FAKETIME", offset)
            // What lies between two instants is as long as ever.
            .set("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    };
    let _workers = (worker("-150").start().await?, worker("+150").start().await?);
    finish(&trial, &Expected::default()).await
}
