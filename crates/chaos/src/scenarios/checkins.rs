//! Users are asked whether their invoices were paid, while something breaks.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use rubis_inbox::{Behaviour, Fault, MailQuery, Stage};
use rubis_kernel::{Clock as _, SystemClock};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::redis::GONE;
use super::{CRASH_RECOVERY, ONE_SWEEP, QUIET, stops};
use crate::{
    Caller, Checkins, Environment, ExpectedCheckins, MayRepeat, Question, Report, ScenarioRun, Stopped,
};

/// Organizations whose mail is in hand when its worker is killed: the mail server has it and says nothing.
const HELD: usize = 3;
const FOR_EVER: u64 = 120_000;

/// Time the mail server takes for any other, so that something is always on its way.
const SLOW: u64 = 100;

const ARRIVAL: Duration = Duration::from_secs(45);

/// The ends of invoices are spread about the dates of their check-ins: from so long before each.
const BEFORE: time::Duration = time::Duration::milliseconds(60);
const STEP: time::Duration = time::Duration::milliseconds(20);
const STEPS: i32 = 15;

/// Number of people who end invoices at the same time.
const HANDS: usize = 8;

/// Waits until all is quiet, and compares.
async fn finish(run: &ScenarioRun, checkins: &Checkins<'_>, expected: &ExpectedCheckins) -> Result<Report> {
    let is_quiet = run.database.quiet(None, QUIET).await?;
    let mut report = checkins.report(expected).await?;
    report.expect(is_quiet, format!("jobs are still left after {QUIET:?}"));
    Ok(report)
}

/// Two workers that send this many check-ins, one of which is killed in the burst: with mails that the mail
/// server has taken and not acknowledged.
pub async fn lose_one_that_asks(run: &ScenarioRun, count: usize) -> Result<Report> {
    let checkins = Checkins::make_due(run, count).await?;
    let owners: Vec<String> =
        run.setup.organizations.iter().take(HELD).map(|organization| organization.email.clone()).collect();
    let mut behaviour = Behaviour::normal();
    for owner in &owners {
        behaviour = behaviour.and(Fault::delay(Stage::Message, FOR_EVER).times(1).for_recipient(owner));
    }
    run.misbehave(behaviour.and(Fault::delay(Stage::Message, SLOW)))?;

    // This worker has the held mails: the other one starts afterwards.
    let doomed = run.worker().start()?;
    for owner in &owners {
        let mails = run.inbox.wait_for(&MailQuery::to(owner), 1, ARRIVAL).await;
        ensure!(!mails.is_empty(), "nothing has arrived at {owner}");
    }
    let _other = run.worker().start()?;
    checkins.burst().await?;
    doomed.kill()?;
    let killed = Instant::now();
    let (jobs, mails) = checkins.held().await?;
    run.database.quiet(Some(&jobs), QUIET).await?;
    let recovered = killed.elapsed();

    let expected = ExpectedCheckins { may_repeat: MayRepeat::These(mails), ..ExpectedCheckins::default() };
    let mut report = finish(run, &checkins, &expected).await?;
    report.mended("what the killed worker held", recovered, CRASH_RECOVERY);
    report.expect(
        report.repeated >= HELD,
        format!("{} mails were repeated, where {HELD} had no answer", report.repeated),
    );
    Ok(report)
}

pub(super) async fn without_redis(
    environment: &mut Environment,
    run: &mut ScenarioRun,
    count: usize,
) -> Result<Report> {
    let checkins = Checkins::make_due(run, count).await?;
    run.misbehave(Behaviour::with(Fault::delay(Stage::Message, SLOW)))?;
    let _workers = run.two_workers()?;
    // The workers have offered what is about to be due, or do so at this very moment.
    environment.servers.redis.flush()?;
    checkins.burst().await?;
    let since = run.now();
    environment.servers.redis.kill()?;
    sleep(GONE).await;
    environment.servers.redis.start_again()?;
    heal(run, &checkins, since).await
}

/// Waits for the last check-in, and compares; no silence is longer than one sweep.
async fn heal(run: &ScenarioRun, checkins: &Checkins<'_>, since: OffsetDateTime) -> Result<Report> {
    let mut report = finish(run, checkins, &ExpectedCheckins::default()).await?;
    report.mended("the longest silence", run.longest_silence(since), ONE_SWEEP);
    Ok(report)
}

/// One worker that sends this many check-ins, whose Redis is wiped in the burst.
pub async fn lose_redis_while_asking(run: &ScenarioRun, count: usize, wipe: impl FnOnce()) -> Result<Report> {
    let checkins = Checkins::make_due(run, count).await?;
    run.misbehave(Behaviour::with(Fault::delay(Stage::Message, SLOW)))?;
    let _worker = run.worker().start()?;
    checkins.burst().await?;
    let since = run.now();
    wipe();
    heal(run, &checkins, since).await
}

pub(super) async fn settled(
    environment: &mut Environment,
    run: &mut ScenarioRun,
    count: usize,
) -> Result<Report> {
    let api = environment.api(run)?;
    let tokens = stops::sign_in(run, api.caller()).await?;
    let checkins = Checkins::make_due(run, count).await?;
    run.misbehave(Behaviour::with(Fault::delay(Stage::Message, SLOW)))?;
    let mut ending: Vec<Question> = checkins.due.iter().step_by(2).cloned().collect();
    ending.sort_by_key(|question| (question.send_at, question.task));

    let _workers = run.two_workers()?;
    let share = |hand| end_at_their_dates(api.caller(), tokens.clone(), stops::every(&ending, hand, HANDS));
    let stopped = stops::end_together((0..HANDS).map(share), ending.len()).await?;
    finish(run, &checkins, &ExpectedCheckins { stopped, ..ExpectedCheckins::default() }).await
}

/// Ends invoices about when their check-ins are gathered, claimed and sent.
async fn end_at_their_dates(
    api: Caller,
    tokens: HashMap<Uuid, String>,
    questions: Vec<Question>,
) -> Result<HashMap<Uuid, Stopped>> {
    let mut stopped = HashMap::new();
    for (number, question) in questions.iter().enumerate() {
        let step = i32::try_from(number)? % STEPS;
        let at = question.send_at - BEFORE + STEP * step;
        sleep(Duration::try_from(at - SystemClock.now()).unwrap_or_default()).await;
        let token = tokens.get(&question.organization).map(String::as_str).unwrap_or_default();
        stopped.insert(question.task, stops::end(api, token, question.invoice, number).await?);
    }
    Ok(stopped)
}
