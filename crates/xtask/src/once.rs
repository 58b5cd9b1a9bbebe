//! `cargo xtask dev --once`: one overdue invoice from its making to its settlement, with the real programs.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::clock;
use crate::demo::shifted;
use crate::http::{Client, list, text};
use crate::interrupt;
use crate::servers::{Durability, Programs};
use crate::stack::{Addresses, Binaries, Place, Ports, Report, Stack};
use crate::terminal::{bold, dim, line, noisy_step, progress, seconds, step, step_with};
use crate::timeline::{self, Timeline, euros};
use crate::workspace::{RunDirectory, private};

/// The invoice is late by this much, so that its first reminder, three days after the due date or on the next
/// business day, has been missed whatever the calendar, and leaves a minute from now; the others lie ahead.
const DAYS_LATE: i64 = 9;

/// A missed reminder leaves a minute after it was planned; the rest is for a slow machine.
const MAIL_LIMIT: Duration = Duration::from_secs(120);

/// How soon after the mail its reminder must be recorded as sent.
const RECORD_LIMIT: Duration = Duration::from_secs(15);

const DEBTOR: &str = "compta@brasserie-du-mail.example";

/// Runs the main job and tells it.
///
/// # Errors
/// When a step does not happen as it should, with which one and the ends of the logs.
pub fn run(may_install: bool) -> Result<ExitCode> {
    let programs = Programs::find(may_install)?;
    let binaries = noisy_step("building", || Binaries::build(Report::Progress))?;
    let started = Instant::now();
    let directory = RunDirectory::create("once")?;
    let logs = private("logs/once")?;
    let place = Place { data: directory.path(), logs: &logs, durability: Durability::Disposable };
    let mut stack = Stack::start(&binaries, &programs, &place, &Ports::any()?)?;
    main_job(&mut stack).map_err(|error| {
        if interrupt::caused(&error) {
            error
        } else {
            error.context(format!("the main job failed\n{}", stack.tails()))
        }
    })?;
    drop(stack);
    println!("\n{} in {}.", bold("Everything happened as it should"), seconds(started.elapsed()));
    Ok(ExitCode::SUCCESS)
}

fn main_job(stack: &mut Stack) -> Result<()> {
    let addresses = stack.addresses.clone();
    let client = step("sign-up", || signed_up(&addresses))?;
    let invoice =
        step_with("client and overdue invoice", || make_invoice(&client), |invoice| Some(describe(invoice)))?;
    let id = text(&invoice, "id")?;

    let planned = timeline::read(&client, id)?;
    println!("\n{}", bold("What is planned"));
    planned.print("  ");
    ensure!(planned.waiting() > 1, "more than one reminder should be planned");
    println!();

    let mail = wait_for_mail(stack, &addresses, &planned)?;
    show(&mail);
    step("recorded as sent", || wait_until_recorded(&client, id))?;

    step("marked paid", || {
        let paid = client.post(&format!("/invoices/{id}/mark-paid"), &json!({ "method": "transfer" }))?;
        let status = text(&paid, "status")?;
        ensure!(status == "paid", "the invoice should be paid, and is {status}");
        Ok(())
    })?;
    let settled = timeline::read(&client, id)?;
    step_with(
        "nothing is planned any more",
        || {
            ensure!(settled.waiting() == 0, "{} reminders are still planned", settled.waiting());
            ensure!(settled.cancelled() > 0, "what was planned should be told as cancelled");
            Ok(settled.cancelled())
        },
        |cancelled| Some(format!("{cancelled} reminders cancelled")),
    )?;
    step("the debtor got one mail and no other", || {
        let mails = mails_to_the_debtor(&addresses)?;
        ensure!(mails.len() == 1, "{} mails are in the inbox", mails.len());
        Ok(())
    })?;
    println!("\n{}", bold("The invoice's timeline"));
    settled.print("  ");
    println!("\n{}", bold("What happened"));
    settled.print_events("  ");
    Ok(())
}

fn signed_up(addresses: &Addresses) -> Result<Client> {
    let mut client = Client::new(format!("{}/api/v1", addresses.api));
    let tokens = client.post(
        "/auth/signup",
        &json!({
            "email": "helene.marchand@marchand-electricite.example",
            "password": "disjoncteur-2026-tableau",
            "fullName": "Hélène Marchand",
            "organizationName": "Marchand Électricité",
        }),
    )?;
    client.sign_in_with(text(&tokens, "accessToken")?.to_owned());
    Ok(client)
}

fn make_invoice(client: &Client) -> Result<Value> {
    let debtor = client.post("/clients", &json!({ "name": "Brasserie du Mail", "email": DEBTOR }))?;
    let due = shifted(clock::today(), -DAYS_LATE)?;
    client.post(
        "/invoices",
        &json!({
            "clientId": text(&debtor, "id")?,
            "numero": "ME-2026-058",
            "amountTtcCents": 184_320,
            "currency": "EUR",
            "issueDate": shifted(due, -30)?.to_string(),
            "dueDate": due.to_string(),
        }),
    )
}

fn describe(invoice: &Value) -> String {
    let field = |key: &str| invoice.get(key).and_then(Value::as_str).unwrap_or("?");
    format!("{}, {}, due on {}", field("numero"), euros(invoice), field("dueDate"))
}

fn wait_for_mail(stack: &mut Stack, addresses: &Addresses, planned: &Timeline) -> Result<Value> {
    let inbox = Client::new(addresses.inbox.clone());
    let started = Instant::now();
    let expected = planned.next().map(timeline::at).transpose()?;
    if let Some(expected) = expected {
        line(&format!("The first reminder leaves at {} (French time).", timeline::clock_time(expected)));
    }
    loop {
        stack.check()?;
        let found = mails_to_the_debtor(addresses)?;
        if let Some(mail) = found.first() {
            let id = mail.get("id").and_then(Value::as_u64).context("a mail in the inbox has no id")?;
            line(&format!("The reminder arrived by SMTP after {}.", seconds(started.elapsed())));
            return inbox.get(&format!("/api/messages/{id}"));
        }
        if started.elapsed() > MAIL_LIMIT {
            bail!("no reminder arrived within {} s", MAIL_LIMIT.as_secs());
        }
        let left = expected.map_or(0, |expected| (expected - clock::now()).whole_seconds());
        progress(&match left {
            1.. => format!("… the reminder leaves in {left} s"),
            _ => "… the reminder is due".to_owned(),
        });
        interrupt::pause(Duration::from_millis(500))?;
    }
}

fn mails_to_the_debtor(addresses: &Addresses) -> Result<Vec<Value>> {
    let page = Client::new(addresses.inbox.clone()).get(&format!("/api/messages?to={DEBTOR}"))?;
    Ok(list(&page, "items")?.to_vec())
}

/// The mail server has the mail a moment before the worker has written that it left.
fn wait_until_recorded(client: &Client, invoice: &str) -> Result<()> {
    let started = Instant::now();
    loop {
        if timeline::read(client, invoice)?.sent() > 0 {
            return Ok(());
        }
        if started.elapsed() > RECORD_LIMIT {
            bail!(
                "the mail arrived, and its reminder is not recorded as sent after {} s",
                RECORD_LIMIT.as_secs()
            );
        }
        interrupt::pause(Duration::from_millis(200))?;
    }
}

/// Prints a mail as a mail program shows it.
fn show(mail: &Value) {
    let address = |value: &Value| {
        let mail = value.get("address").and_then(Value::as_str).unwrap_or_default();
        match value.get("name").and_then(Value::as_str) {
            Some(name) => format!("{name} <{mail}>"),
            None => mail.to_owned(),
        }
    };
    let one = |key: &str| mail.get(key).map(address).unwrap_or_default();
    let recipients: Vec<String> =
        mail.get("to").and_then(Value::as_array).into_iter().flatten().map(address).collect();
    let field = |key: &str| mail.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    println!();
    for (name, value) in [
        ("From", one("from")),
        ("To", recipients.join(", ")),
        ("Reply-To", one("replyTo")),
        ("Subject", field("subject")),
        ("Message-ID", field("messageId")),
    ] {
        println!("  {} {}", dim(format!("│ {name}:")), value);
    }
    println!("  {}", dim("│"));
    for text in field("text").trim_end().lines() {
        println!("  {} {text}", dim("│"));
    }
    println!();
}
