//! Invoices end while their reminders or check-ins are about to be sent.

use std::collections::HashMap;

use anyhow::{Result, ensure};
use rubis_kernel::{Clock as _, SystemClock};
use serde_json::json;
use time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

use super::finish;
use crate::{Caller, Due, Environment, Expected, Report, ScenarioRun, Stopped};

/// Invoices that end in the burst, and number of tasks that end them at the same time.
const ENDING: usize = 240;
const HANDS: usize = 6;

/// Ends at the dates of check-ins are spread about these: from so long before each.
const BEFORE: Duration = Duration::milliseconds(60);
const STEP: Duration = Duration::milliseconds(20);
const STEPS: i32 = 15;

pub(super) async fn in_the_burst(environment: &mut Environment, run: &mut ScenarioRun) -> Result<Report> {
    let api = environment.api(run)?;
    let tokens = sign_in(run, api.caller()).await?;
    let ending = chased(&run.due);
    let _workers = run.two_workers()?;
    run.mails(run.due.len() / 20).await?;
    let stopped = end_all(api.caller(), &tokens, &ending, HANDS, false).await?;
    finish(run, &Expected { stopped, ..Expected::default() }).await
}

/// Every other reminder in the order of sending, but for the very first: the ends of invoices run beside the workers.
fn chased(due: &[Due]) -> Vec<Due> {
    let mut turns: HashMap<Uuid, usize> = HashMap::new();
    let mut in_turn: Vec<(usize, &Due)> = Vec::new();
    for due in due {
        let turn = turns.entry(due.organization).or_default();
        *turn += 1;
        in_turn.push((*turn, due));
    }
    in_turn.sort_by_key(|(turn, _)| *turn);
    let later = in_turn.into_iter().skip(due.len() / 5).step_by(2);
    later.take(ENDING).map(|(_, due)| due.clone()).collect()
}

pub(super) async fn sign_in(run: &ScenarioRun, api: Caller) -> Result<HashMap<Uuid, String>> {
    let mut tokens = HashMap::new();
    for organization in &run.setup.organizations {
        tokens.insert(organization.id.into(), api.sign_in(organization).await?);
    }
    Ok(tokens)
}

/// Ends invoices in several tasks at the same time, one after the other in each; about their dates if so asked.
pub(super) async fn end_all(
    api: Caller,
    tokens: &HashMap<Uuid, String>,
    ending: &[Due],
    hands: usize,
    at_their_dates: bool,
) -> Result<Stopped> {
    let mut tasks = JoinSet::new();
    for hand in 0..hands {
        let share: Vec<Due> = ending.iter().skip(hand).step_by(hands).cloned().collect();
        tasks.spawn(end_share(api, tokens.clone(), share, at_their_dates));
    }
    let mut stopped = Stopped::new();
    while let Some(done) = tasks.join_next().await {
        stopped.extend(done??);
    }
    ensure!(stopped.len() == ending.len(), "{} invoices of {} ended", stopped.len(), ending.len());
    Ok(stopped)
}

/// Pays every other invoice and cancels the rest.
async fn end_share(
    api: Caller,
    tokens: HashMap<Uuid, String>,
    share: Vec<Due>,
    at_their_dates: bool,
) -> Result<Stopped> {
    let mut stopped = Stopped::new();
    for (number, due) in share.iter().enumerate() {
        if at_their_dates {
            let at = due.send_at - BEFORE + STEP * (i32::try_from(number)? % STEPS);
            sleep((at - SystemClock.now()).try_into().unwrap_or_default()).await;
        }
        let verb = if number.is_multiple_of(2) { "mark-paid" } else { "cancel" };
        let path = format!("/invoices/{}/{verb}", due.invoice);
        let token = tokens.get(&due.organization).map(String::as_str);
        api.post(&path, token, &[], json!({})).await?.expected("POST", &path)?;
        stopped.insert(due.task, SystemClock.now());
    }
    Ok(stopped)
}
