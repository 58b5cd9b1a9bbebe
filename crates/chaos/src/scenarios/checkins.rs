//! Users are asked if their invoices were paid, while something breaks.

use anyhow::{Result, ensure};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use rubis_inbox::{Behaviour, Fault, MailQuery, Stage};
use tokio::time::{Instant, sleep};

use super::servers::GONE;
use super::workers::{ARRIVAL, FOR_EVER};
use super::{CRASH_RECOVERY, QUIET, heal, stops, when_quiet};
use crate::{Checkins, Due, Environment, Expected, MayRepeat, Report, ScenarioRun};

/// Organizations whose mail the mail server has accepted and not acknowledged when its worker is killed.
const HELD: usize = 3;

/// Milliseconds that the mail server takes for any other, so that something is always on its way.
const SLOW: u64 = 100;

const HANDS: usize = 8;

fn finish<'a>(
    run: &'a ScenarioRun,
    checkins: &'a Checkins<'_>,
    expected: &'a Expected,
) -> LocalBoxFuture<'a, Result<Report>> {
    when_quiet(run, checkins.report(expected)).boxed_local()
}

/// Makes this many check-ins due, before a slow mail server.
async fn make_due(run: &ScenarioRun, count: usize) -> Result<Checkins<'_>> {
    run.misbehave(Behaviour::with(Fault::delay(Stage::Message, SLOW)))?;
    Checkins::make_due(run, count).await
}

/// Two workers, one of which is killed with mails that the mail server has accepted and not acknowledged.
pub async fn lose_one_that_asks(run: &ScenarioRun, count: usize) -> Result<Report> {
    let checkins = Checkins::make_due(run, count).await?;
    let owners: Vec<&String> = run.setup.organizations.iter().take(HELD).map(|one| &one.email).collect();
    let hold = |owner| Fault::delay(Stage::Message, FOR_EVER).times(1).for_recipient(owner);
    let behaviour = owners.iter().fold(Behaviour::normal(), |all, owner| all.and(hold(*owner)));
    run.misbehave(behaviour.and(Fault::delay(Stage::Message, SLOW)))?;

    // This worker has the held mails: the other one starts afterwards.
    let doomed = run.worker().start()?;
    for owner in owners {
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

    let expected = Expected { may_repeat: MayRepeat::These(mails), ..Expected::default() };
    let mut report = finish(run, &checkins, &expected).await?;
    report.mended("what was in flight at the kill", recovered, CRASH_RECOVERY);
    let repeated = report.repeated;
    report.expect(repeated >= HELD, format!("{repeated} mails were repeated of {HELD} without a reply"));
    Ok(report)
}

pub(super) async fn without_redis(
    environment: &mut Environment,
    run: &mut ScenarioRun,
    count: usize,
) -> Result<Report> {
    let checkins = make_due(run, count).await?;
    let _workers = run.two_workers()?;
    // The workers have scheduled in Redis what is about to be due, or do so at this very moment.
    environment.servers.redis.flush()?;
    checkins.burst().await?;
    let since = run.now();
    environment.servers.redis.kill()?;
    sleep(GONE).await;
    environment.servers.redis.start_again()?;
    heal(run, since, finish(run, &checkins, &Expected::default())).await
}

/// One worker that sends this many check-ins, whose Redis is wiped in the burst.
pub async fn lose_redis_while_asking(run: &ScenarioRun, count: usize, wipe: impl FnOnce()) -> Result<Report> {
    let checkins = make_due(run, count).await?;
    let _worker = run.worker().start()?;
    checkins.burst().await?;
    let since = run.now();
    wipe();
    heal(run, since, finish(run, &checkins, &Expected::default())).await
}

pub(super) async fn settled(
    environment: &mut Environment,
    run: &mut ScenarioRun,
    count: usize,
) -> Result<Report> {
    let api = environment.api(run)?;
    let tokens = stops::sign_in(run, api.caller()).await?;
    let checkins = make_due(run, count).await?;
    let mut ending: Vec<Due> = checkins.due.iter().step_by(2).cloned().collect();
    ending.sort_by_key(|due| (due.send_at, due.task));
    let _workers = run.two_workers()?;
    let stopped = stops::end_all(api.caller(), &tokens, &ending, HANDS, true).await?;
    finish(run, &checkins, &Expected { stopped, ..Expected::default() }).await
}
