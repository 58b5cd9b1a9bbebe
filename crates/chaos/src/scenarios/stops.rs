//! Invoices end while their reminders are about to leave.

use std::collections::HashMap;

use anyhow::{Result, ensure};
use rubis_kernel::{Clock as _, SystemClock};
use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::workers::finish;
use crate::{Caller, Environment, Expected, Reminder, Report, ScenarioRun, Stopped};

/// Invoices that end in the burst, and how many people end them at the same time.
const ENDING: usize = 240;
const HANDS: usize = 6;

pub(super) async fn in_the_burst(environment: &mut Environment, run: &mut ScenarioRun) -> Result<Report> {
    let api = environment.api(run)?;
    let tokens = sign_in(run, api.caller()).await?;
    let ending = chased(&run.due);
    let _workers = run.two_workers()?;
    run.mails(run.due.len() / 20).await?;
    let share = |hand| end_all(api.caller(), tokens.clone(), every(&ending, hand, HANDS));
    let stopped = end_together((0..HANDS).map(share), ending.len()).await?;
    finish(run, &Expected { stopped, ..Expected::default() }).await
}

/// Every `step`th, from the `first` on.
pub(super) fn every<T: Clone>(all: &[T], first: usize, step: usize) -> Vec<T> {
    all.iter().skip(first).step_by(step).cloned().collect()
}

/// Ends invoices in several tasks at the same time.
pub(super) async fn end_together<F>(
    tasks: impl Iterator<Item = F>,
    expected: usize,
) -> Result<HashMap<Uuid, Stopped>>
where
    F: Future<Output = Result<HashMap<Uuid, Stopped>>> + Send + 'static,
{
    let (mut hands, mut stopped): (JoinSet<_>, _) = (tasks.collect(), HashMap::new());
    while let Some(done) = hands.join_next().await {
        stopped.extend(done??);
    }
    ensure!(stopped.len() == expected, "{} invoices of {expected} ended", stopped.len());
    Ok(stopped)
}

/// Every other reminder in the order in which they leave, organizations in turn, but for the very
/// first: the task that ends invoices runs beside the workers, and is overtaken somewhere.
fn chased(due: &[Reminder]) -> Vec<Reminder> {
    let mut places: HashMap<Uuid, usize> = HashMap::new();
    let mut in_turn: Vec<(usize, &Reminder)> = due
        .iter()
        .map(|reminder| {
            let place = places.entry(reminder.organization).or_default();
            *place += 1;
            (*place, reminder)
        })
        .collect();
    in_turn.sort_by_key(|(place, _)| *place);
    in_turn
        .into_iter()
        .skip(due.len() / 5)
        .step_by(2)
        .take(ENDING)
        .map(|(_, reminder)| reminder.clone())
        .collect()
}

/// The tokens of all owners, by organization.
pub(super) async fn sign_in(run: &ScenarioRun, api: Caller) -> Result<HashMap<Uuid, String>> {
    let mut tokens = HashMap::new();
    for organization in &run.setup.organizations {
        tokens.insert(organization.id.into(), api.sign_in(organization).await?);
    }
    Ok(tokens)
}

/// Ends the invoices of these reminders, one after the other.
async fn end_all(
    api: Caller,
    tokens: HashMap<Uuid, String>,
    reminders: Vec<Reminder>,
) -> Result<HashMap<Uuid, Stopped>> {
    let mut stopped = HashMap::new();
    for (number, reminder) in reminders.iter().enumerate() {
        let token = tokens.get(&reminder.organization).map(String::as_str).unwrap_or_default();
        stopped.insert(reminder.task, end(api, token, reminder.invoice, number).await?);
    }
    Ok(stopped)
}

/// Pays every other invoice and cancels the rest.
pub(super) async fn end(api: Caller, token: &str, invoice: Uuid, number: usize) -> Result<Stopped> {
    let verb = if number.is_multiple_of(2) { "mark-paid" } else { "cancel" };
    let path = format!("/invoices/{invoice}/{verb}");
    api.post(&path, Some(token), &[], json!({})).await?.expected("POST", &path)?;
    Ok(Stopped { acknowledged_at: SystemClock.now() })
}
