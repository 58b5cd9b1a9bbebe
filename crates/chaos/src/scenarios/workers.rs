//! Workers die, stop, and disagree about the time.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Result, ensure};
use rubis_inbox::{Behaviour, Fault, MailQuery, Stage};
use tokio::time::Instant;
use uuid::Uuid;

use super::{CRASH_RECOVERY, QUIET, finish};
use crate::{Due, Environment, Expected, MayRepeat, Report, STOP_LIMIT, ScenarioRun};

/// Longer than any scenario that holds a mail back for so long, in milliseconds.
pub(super) const FOR_EVER: u64 = 120_000;

/// Reminders that are held while their workers are killed, and how many workers that are.
const HELD: usize = 5;
const LOST_WORKERS: usize = 2;

/// Time a mail is waited for, a lease and the waits after a crash included.
pub(super) const ARRIVAL: Duration = Duration::from_secs(45);

pub(super) async fn calm(run: &mut ScenarioRun) -> Result<Report> {
    let _workers = run.two_workers()?;
    finish(run, &Expected::default()).await
}

/// Two workers, one of which is killed in the burst.
pub async fn lose_one_of_two(run: &ScenarioRun) -> Result<Report> {
    let [doomed, _other] = run.two_workers()?;
    run.burst().await?;
    doomed.kill()?;
    let killed = Instant::now();
    let held = run.being_sent().await?;
    recover(run, held, killed).await
}

/// Waits for what was in flight when workers were killed, and for all else.
async fn recover(run: &ScenarioRun, held: HashSet<Uuid>, killed: Instant) -> Result<Report> {
    run.over(&held, QUIET).await?;
    let recovered = killed.elapsed();
    let expected = Expected { may_repeat: MayRepeat::These(held), ..Expected::default() };
    let mut report = finish(run, &expected).await?;
    report.mended("what was in flight at the kill", recovered, CRASH_RECOVERY);
    Ok(report)
}

pub(super) async fn all_killed(run: &mut ScenarioRun) -> Result<Report> {
    let doomed = run.two_workers()?;
    run.burst().await?;
    for worker in doomed {
        worker.kill()?;
    }
    let killed = Instant::now();
    let held = run.being_sent().await?;
    let _others = run.two_workers()?;
    recover(run, held, killed).await
}

/// The mail server accepts a few mails and does not acknowledge them; their workers are killed then, twice.
pub(super) async fn killed_twice(run: &mut ScenarioRun) -> Result<Report> {
    let held = run.some(HELD);
    let lost = u32::try_from(LOST_WORKERS)?;
    let mut behaviour = Behaviour::normal();
    for reminder in &held {
        let fault = Fault::delay(Stage::Message, FOR_EVER).times(lost).for_recipient(&reminder.recipient);
        behaviour = behaviour.and(fault);
    }
    run.misbehave(behaviour)?;
    let jobs: Vec<String> = held.iter().map(Due::job).collect();

    let mut recoveries = Vec::new();
    let mut died: Option<Instant> = None;
    for time in 1..=LOST_WORKERS {
        let worker = run.worker().start()?;
        arrived(run, &held, time).await?;
        recoveries.extend(died.map(|died| died.elapsed()));
        worker.kill()?;
        died = Some(Instant::now());
    }
    let _worker = run.worker().start()?;
    let (all_lost, no_failure) = (i32::try_from(LOST_WORKERS)?, 0);
    run.database
        .wait_for("the jobs are taken from the last worker that was lost", QUIET, |left| {
            let is_taken =
                |id| left.get(id).is_some_and(|job| (job.crashes, job.attempts) == (all_lost, no_failure));
            jobs.iter().all(is_taken)
        })
        .await?;
    arrived(run, &held, LOST_WORKERS + 1).await?;
    recoveries.extend(died.map(|died| died.elapsed()));

    // Other mails that were in flight when the workers were killed may be repeated as well.
    let may_repeat = MayRepeat::These(run.due.iter().map(|reminder| reminder.task).collect());
    let mut report = finish(run, &Expected { may_repeat, ..Expected::default() }).await?;
    report.note(format!("{HELD} reminders lost {LOST_WORKERS} workers, and none of their attempts"));
    for took in recoveries {
        report.mended("what a killed worker held", took, CRASH_RECOVERY);
    }
    Ok(report)
}

async fn arrived(run: &ScenarioRun, reminders: &[Due], times: usize) -> Result<()> {
    for reminder in reminders {
        let mails = run.inbox.wait_for(&MailQuery::to(&reminder.recipient), times, ARRIVAL).await;
        ensure!(mails.len() >= times, "{} has arrived {} times of {times}", reminder.recipient, mails.len());
    }
    Ok(())
}

/// Two workers, one of which is stopped in the burst.
pub async fn stop_one_of_two(run: &ScenarioRun) -> Result<Report> {
    let [leaving, _other] = run.two_workers()?;
    run.burst().await?;
    let held = run.being_sent().await?;
    let asked = Instant::now();
    let took = leaving.terminate(STOP_LIMIT)?;
    run.over(&held, QUIET).await?;
    let recovered = asked.elapsed();
    let mut report = finish(run, &Expected::default()).await?;
    report.mended("what was on its way at the signal", recovered, CRASH_RECOVERY);
    report.note(format!("the worker had stopped after {}", crate::report::seconds(took)));
    Ok(report)
}

pub(super) async fn clocks_apart(environment: &mut Environment, run: &mut ScenarioRun) -> Result<Report> {
    let Some(library) = environment.faketime.as_deref() else {
        return Ok(Report::skipped(
            "no libfaketime: clocks cannot be set apart (Debian: apt-get install faketime)",
        ));
    };
    let worker = |offset: &str| {
        run.worker()
            .set("LD_PRELOAD", library.as_os_str())
            .set("FAKETIME", offset)
            // Time passes at the same speed.
            .set("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    };
    let _workers = (worker("-150").start()?, worker("+150").start()?);
    finish(run, &Expected::default()).await
}
