//! The API dies when it has done what was asked, and before it says so.

use std::time::Duration;

use anyhow::{Result, ensure};
use rubis_devkit::http::Response;
use serde_json::{Value, json};
use time::Date;
use tokio::task::JoinSet;

use super::finish;
use crate::database::FoundInvoice;
use crate::proxy::{Cut, Moment, Point, Protocol, Proxy};
use crate::{Caller, Environment, Expected, Report, ScenarioRun};

/// Invoices that are created at the same time when the API dies, and answers that have come by then.
const CREATIONS: usize = 40;
const ANSWERS: u32 = 12;

const LIMIT: Duration = Duration::from_secs(20);

/// Withholds all responses, kills the API once some have arrived, and repeats every request with the same key: some
/// invoices exist by then, some do not, and in the end each exists once.
pub(super) async fn killed_before_it_answers(
    environment: &mut Environment,
    run: &mut ScenarioRun,
) -> Result<Report> {
    let mut api = environment.api(run)?;
    let Some(organization) = run.setup.organizations.first().cloned() else { return Ok(Report::default()) };
    let caller = api.caller();
    let token = caller.sign_in(&organization).await?;
    let proxy = Proxy::start(api.address, Protocol::Requests).await?;
    proxy.arm(Cut { at: Point::Post, moment: Moment::BeforeAnswer, every: 1, times: u32::MAX });
    let through = caller.through(proxy.address());
    let _worker = run.worker().start()?;

    let today = run.now().date();
    let mut asking = JoinSet::new();
    for number in 0..CREATIONS {
        let token = token.clone();
        asking.spawn(async move { create(through, &token, number, today).await });
    }
    proxy.wait_for_cuts(ANSWERS, LIMIT).await?;
    api.kill()?;
    while let Some(answer) = asking.join_next().await {
        ensure!(answer?.is_err(), "an answer came through");
    }
    let before = run.database.invoices_like("API-%").await?.len();

    api.start_again()?;
    let mut replayed = 0;
    for number in 0..CREATIONS {
        let answer = create(caller, &token, number, today).await?;
        ensure!(answer.status == 201, "asked again: {} {}", answer.status, answer.body);
        let again = create(caller, &token, number, today).await?;
        replayed += usize::from(again.body == answer.body);
    }
    let created = run.database.invoices_like("API-%").await?;
    let mut report = finish(run, &Expected::default()).await?;
    let in_between = (1..CREATIONS).contains(&before);
    report
        .expect(in_between, format!("{before} of {CREATIONS} invoices had been committed when the API died"));
    report.expect(created.len() == CREATIONS, format!("{} invoices of {CREATIONS} exist", created.len()));
    report.expect(
        replayed == CREATIONS,
        format!("{replayed} answers of {CREATIONS} were the same when asked again"),
    );
    for FoundInvoice { numero, invoices, reminders } in
        created.iter().filter(|one| (one.invoices, one.reminders) != (1, 1))
    {
        report.expect(false, format!("{numero} exists {invoices} times, with {reminders} reminders of one"));
    }
    report.note(format!("{before} of {CREATIONS} invoices had been committed when the API died"));
    Ok(report)
}

async fn create(caller: Caller, token: &str, number: usize, today: Date) -> Result<Response> {
    let key = [("Idempotency-Key", format!("creation-{number}"))];
    caller.post("/invoices", Some(token), &key, invoice(number, today)).await
}

fn invoice(number: usize, today: Date) -> Value {
    json!({
        "client": { "name": format!("Nouveau client {number}"), "email": format!("nouveau-{number}@client.example") },
        "numero": format!("API-{number:03}"),
        "amountTtcCents": 45_000,
        "issueDate": today.to_string(),
        "dueDate": (today + time::Duration::days(45)).to_string(),
    })
}
