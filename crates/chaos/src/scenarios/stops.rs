//! Invoices end while their reminders are about to leave.

use std::collections::HashMap;

use anyhow::{Result, ensure};
use rubis_kernel::{Clock as _, SystemClock};
use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::workers::finish;
use crate::{Caller, Expected, Reminder, Report, Site, Stopped, Trial};

/// Invoices that end in the burst, and how many people end them at the same time.
const ENDING: usize = 240;
const HANDS: usize = 6;

pub(super) async fn in_the_burst(site: &mut Site, reminders: usize) -> Result<Report> {
    let trial = site.trial("invoice-ends", reminders).await?;
    let api = site.api(&trial).await?;
    let tokens = sign_in(&trial, &api.caller()).await?;
    let ending = chased(&trial.due);
    let _workers = (trial.worker().start().await?, trial.worker().start().await?);
    trial.mails(trial.due.len() / 20).await?;

    let mut hands = JoinSet::new();
    for hand in 0..HANDS {
        let share: Vec<Reminder> = ending.iter().skip(hand).step_by(HANDS).cloned().collect();
        hands.spawn(end_all(api.caller(), tokens.clone(), share));
    }
    let mut stopped = HashMap::new();
    while let Some(done) = hands.join_next().await {
        stopped.extend(done??);
    }
    ensure!(stopped.len() == ending.len(), "{} invoices of {} ended", stopped.len(), ending.len());
    finish(&trial, &Expected { stopped, ..Expected::default() }).await
}

/// Every other reminder in the order in which they leave, organizations in turn, but for the very
/// first: whoever ends their invoices runs beside the workers, and is overtaken somewhere.
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
pub(super) async fn sign_in(trial: &Trial, api: &Caller) -> Result<HashMap<Uuid, String>> {
    let mut tokens = HashMap::new();
    for organization in &trial.place.organizations {
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
        stopped.insert(reminder.task, end(&api, token, reminder.invoice, number).await?);
    }
    Ok(stopped)
}

/// Pays every other invoice and cancels the rest.
pub(super) async fn end(api: &Caller, token: &str, invoice: Uuid, number: usize) -> Result<Stopped> {
    let verb = if number.is_multiple_of(2) { "mark-paid" } else { "cancel" };
    let path = format!("/invoices/{invoice}/{verb}");
    let answer = api.post(None, &path, token, None, &json!({})).await?;
    ensure!(answer.status.is_success(), "{path}: {} {}", answer.status, answer.body);
    Ok(Stopped { acknowledged_at: SystemClock.now() })
}
