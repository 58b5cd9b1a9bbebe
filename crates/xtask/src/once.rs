//! `cargo xtask dev --once`: two overdue invoices from their making to their settlement, during the trial of who
//! issued them, with the real programs.

mod trial;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::browser::{Browser, Page};
use crate::clock;
use crate::demo::shifted;
use crate::mailbox::{self, Mailbox, Question};
use crate::stack::{Addresses, QUIET, Stack, TemporaryStack};
use crate::terminal::{bold, green, line, progress, seconds, step, step_with};
use crate::timeline::{self, Timeline, euros};
use crate::verification;
use rubis_devkit::http::{Client, text};
use rubis_devkit::interrupt;

/// The invoices are late by this much, so that the first reminder, three days after the due date or on the next
/// business day, has been missed whatever the calendar, and waits for nothing but the answer; the others lie ahead.
const DAYS_LATE: i64 = 9;

/// A check-in about a late invoice leaves a minute after it was planned; the rest is for a slow machine.
const QUESTION_LIMIT: Duration = Duration::from_secs(120);

/// The time within which the reminder must arrive: it is sent a minute after the answer.
const REMINDER_LIMIT: Duration = Duration::from_secs(120);

/// Time in which a mail must arrive that is sent at once.
const MAIL_LIMIT: Duration = Duration::from_secs(30);

/// Time after a mail in which it must be recorded as sent.
const RECORD_LIMIT: Duration = Duration::from_secs(15);

/// Time it is watched at the end that nothing else leaves.
const WATCH: Duration = Duration::from_secs(5);

const OWNER: &str = "helene.marchand@marchand-electricite.example";

/// An invoice of the story.
struct Story {
    numero: &'static str,
    debtor: &'static str,
    email: &'static str,
    cents: u64,
}

/// The one that was not paid.
const PENDING: Story = Story {
    numero: "ME-2026-058",
    debtor: "Brasserie du Mail",
    email: "compta@brasserie-du-mail.example",
    cents: 184_320,
};

/// The one that was.
const PAID: Story = Story {
    numero: "ME-2026-061",
    debtor: "Cycles Lafarge",
    email: "bonjour@cycles-lafarge.example",
    cents: 67_200,
};

/// Runs the main job and prints it.
pub fn run(may_install: bool) -> Result<ExitCode> {
    let TemporaryStack { mut stack, directory: _directory } =
        TemporaryStack::start("once", may_install, &[])?;
    let started = Instant::now();
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
    let mailbox = Mailbox::of(&addresses);
    let client = step("sign-up", || signed_up(&addresses))?;
    let verification = step("the address is verified by the link of the first mail", || {
        verification::verify_sender(&client, &mailbox, OWNER)
    })?;
    mailbox::show(&verification);
    let trial = trial::begin(&client, &addresses)?;
    let pending = make_invoice(&client, &PENDING)?;
    let paid = make_invoice(&client, &PAID)?;

    let planned = timeline::read(&client, &pending)?;
    println!("\n{}", bold(format!("What is planned for {}", PENDING.numero)));
    planned.print("  ");
    ensure!(
        planned.checkin_status() == ("scheduled", ""),
        "a check-in should be planned, before any reminder"
    );
    ensure!(planned.awaiting_answer() == 1, "the reminder that is late should wait for the answer");
    ensure!(planned.waiting() > 1, "more than one reminder should be planned");
    println!();

    let asked = wait_for_questions(stack, &mailbox, &planned)?;
    mailbox::show(&asked.mail);
    step("the check-ins are recorded as sent", || {
        for invoice in [&pending, &paid] {
            wait_until(&client, invoice, "the check-in is not recorded as sent", |timeline| {
                timeline.checkin_status() == ("sent", "")
            })?;
        }
        Ok(())
    })?;
    step("no debtor has got a mail", || mails_of(&mailbox, &[(&PENDING, 0), (&PAID, 0)]))?;

    let answered = answer_pending(&client, &pending, &asked.pending)?;
    let reminder = wait_for_reminder(stack, &mailbox, answered)?;
    mailbox::show(&reminder);
    step("recorded as sent", || {
        let what = "the reminder arrived, and is not recorded as sent";
        wait_until(&client, &pending, what, |timeline| timeline.sent() == 1)
    })?;

    answer_paid(&client, &paid, &asked.paid)?;
    step_with(
        "the owner is told by mail how to undo it",
        || wait_for_confirmation(stack, &mailbox),
        |subject| Some(subject.clone()),
    )?;

    step_with(
        &format!("{} marked paid by hand", PENDING.numero),
        || {
            let settled =
                client.post(&format!("/invoices/{pending}/mark-paid"), &json!({ "method": "transfer" }))?;
            let status = text(&settled, "status")?;
            ensure!(status == "paid", "the invoice should be paid, and is {status}");
            nothing_is_planned(&client, &pending)
        },
        reported_cancelled,
    )?;
    let recap = trial::end_soon(stack, &mailbox, &addresses, &trial)?;
    mailbox::show(&recap);
    step_with(
        "no other mail left",
        || {
            // The verification, the reminder, the confirmation and the recap.
            let expected = asked.mails.saturating_add(4);
            interrupt::pause(WATCH)?;
            mails_of(&mailbox, &[(&PENDING, 1), (&PAID, 0)])?;
            let all = mailbox.all()?.len();
            ensure!(all == expected, "{all} mails are in the inbox, and {expected} should be");
            Ok(all)
        },
        |all| Some(format!("{all} mails, one of them to a debtor")),
    )?;
    for (invoice, story) in [(&pending, &PENDING), (&paid, &PAID)] {
        let told = timeline::read(&client, invoice)?;
        println!("\n{}", bold(format!("The timeline of {}", story.numero)));
        told.print("  ");
        println!("  {}", bold("what happened"));
        told.print_events("    ");
    }
    Ok(())
}

fn signed_up(addresses: &Addresses) -> Result<Client> {
    let mut client = Client::new(format!("{}/api/v1", addresses.api));
    let tokens = client.post(
        "/auth/signup",
        &json!({
            "email": OWNER,
            "password": "disjoncteur-2026-tableau",
            "fullName": "Hélène Marchand",
            "organizationName": "Marchand Électricité",
        }),
    )?;
    client.sign_in_with(text(&tokens, "accessToken")?.to_owned());
    // The reminder after an answer waits for business hours: every hour is one here.
    client.patch("/organization", &json!({ "sendingTime": "00:00", "businessDaysOnly": false }))?;
    Ok(client)
}

/// Makes a client and its invoice, and answers the invoice's id.
fn make_invoice(client: &Client, story: &Story) -> Result<String> {
    let make = || {
        let debtor = client.post("/clients", &json!({ "name": story.debtor, "email": story.email }))?;
        let due = shifted(clock::today(), -DAYS_LATE)?;
        client.post(
            "/invoices",
            &json!({
                "clientId": text(&debtor, "id")?,
                "numero": story.numero,
                "amountTtcCents": story.cents,
                "currency": "EUR",
                "issueDate": shifted(due, -30)?.to_string(),
                "dueDate": due.to_string(),
            }),
        )
    };
    let invoice = step_with("client and overdue invoice", make, |invoice| Some(describe(invoice)))?;
    Ok(text(&invoice, "id")?.to_owned())
}

fn describe(invoice: &Value) -> String {
    let field = |key: &str| invoice.get(key).and_then(Value::as_str).unwrap_or("?");
    format!("{}, {}, due on {}", field("numero"), euros(invoice), field("dueDate"))
}

/// Questions to the owner, and the number of their mails: one, unless the clock ticked between the two invoices.
struct Asked {
    mail: Value,
    mails: usize,
    pending: Question,
    paid: Question,
}

fn wait_for_questions(stack: &mut Stack, mailbox: &Mailbox, planned: &Timeline) -> Result<Asked> {
    let started = Instant::now();
    let expected = timeline::at(planned.checkin().context("no check-in is planned")?)?;
    line(&format!("The check-ins leave at {} (French time).", timeline::clock_time(expected)));
    let find = |mails: &[Value]| {
        let about = |story: &Story| mails.iter().find_map(|mail| mailbox::question(mail, story.numero));
        let mail = mails.iter().find(|mail| mailbox::question(mail, PENDING.numero).is_some())?;
        let asking = mails.iter().filter(|mail| verification::token(mail).is_none()).count();
        Some(Asked { mail: mail.clone(), mails: asking, pending: about(&PENDING)?, paid: about(&PAID)? })
    };
    let asked = mailbox.wait(stack, OWNER, "the check-ins", QUESTION_LIMIT, find, || {
        let left = (expected - clock::now()).whole_seconds();
        progress(&match left {
            1.. => format!("… the check-ins leave in {left} s"),
            _ => "… the check-ins are due".to_owned(),
        });
    })?;
    let mails = if asked.mails == 1 { "one mail" } else { "a mail each" };
    line(&format!("{} Both came by SMTP after {}, in {mails}.", green("✓"), seconds(started.elapsed())));
    Ok(asked)
}

/// Says that an invoice is not paid, as a quick user does: the link is taken for opened by a mail scanner
/// then, and the page that it leads to asks for the press of a button. Answers when that was.
fn answer_pending(client: &Client, invoice: &str, question: &Question) -> Result<Instant> {
    let browser = Browser::new();
    let page = step_with(
        "“Non, pas encore” clicked in the mail",
        || browser.open(&question.pending),
        |page| Some(shown(page)),
    )?;
    match page.parameter("status") {
        // On a machine so slow that the first seconds are over, the link counts.
        "pending" => return Ok(Instant::now()),
        "confirm" => {}
        other => bail!("the link should lead to a page that asks to confirm, and led to status={other}"),
    }
    step("so soon after the mail it may have been a scanner: nothing has changed", || {
        let told = timeline::read(client, invoice)?;
        let status = told.checkin_status();
        ensure!(status == ("sent", ""), "the check-in should wait for its answer, and is {status:?}");
        ensure!(told.awaiting_answer() == 1, "the reminder should wait for the answer still");
        Ok(())
    })?;
    step_with(
        "“Non, pas encore” pressed on the page",
        || {
            let page = browser.press(&page, "pending")?;
            let status = page.parameter("status");
            ensure!(
                status == "pending",
                "the button should lead to status=pending, and led to status={status}"
            );
            Ok(page)
        },
        |page| Some(shown(page)),
    )?;
    Ok(Instant::now())
}

fn wait_for_reminder(stack: &mut Stack, mailbox: &Mailbox, answered: Instant) -> Result<Value> {
    let first = |mails: &[Value]| mails.first().cloned();
    let reminder = mailbox.wait(stack, PENDING.email, "the reminder", REMINDER_LIMIT, first, || {
        progress("… the reminder leaves");
    })?;
    line(&format!(
        "{} The reminder came by SMTP {} after the answer.",
        green("✓"),
        seconds(answered.elapsed())
    ));
    Ok(reminder)
}

/// Says that an invoice is paid, by nothing but the link: late enough for it to count.
fn answer_paid(client: &Client, invoice: &str, question: &Question) -> Result<()> {
    let told = timeline::read(client, invoice)?;
    let sent = timeline::instant(told.checkin().context("the check-in is gone")?, "sentAt")?;
    let counts_from = sent + QUIET + Duration::from_secs(1);
    loop {
        let left = (counts_from - clock::now()).whole_milliseconds();
        if left <= 0 {
            break;
        }
        progress(&format!("… links count {} s after their mail", QUIET.as_secs()));
        interrupt::pause(Duration::from_millis(250))?;
    }
    step_with(
        &format!("“Oui, elle est payée” clicked in the mail, over {} s after it left", QUIET.as_secs()),
        || {
            let page = Browser::new().open(&question.paid)?;
            let status = page.parameter("status");
            ensure!(status == "paid", "the link should lead to status=paid, and led to status={status}");
            Ok(page)
        },
        |page| Some(shown(page)),
    )?;
    step_with(
        &format!("{} is paid, and nothing is planned any more", PAID.numero),
        || {
            let status = client.get(&format!("/invoices/{invoice}"))?;
            let status = text(&status, "status")?;
            ensure!(status == "paid", "the invoice should be paid, and is {status}");
            let told = timeline::read(client, invoice)?;
            let answer = told.checkin_status();
            ensure!(answer == ("answered", "paid"), "the check-in should be answered, and is {answer:?}");
            let labels = told.payment_labels();
            ensure!(labels == ["via check-in"], "it should be settled via check-in, and is by {labels:?}");
            ensure!(told.sent() == 0, "no reminder of it should have left, and {} have", told.sent());
            nothing_is_planned(client, invoice)
        },
        reported_cancelled,
    )
    .map(drop)
}

fn shown(page: &Page) -> String {
    format!("“{}”", page.heading())
}

/// That no reminder is left, and how many were cancelled.
fn nothing_is_planned(client: &Client, invoice: &str) -> Result<usize> {
    let told = timeline::read(client, invoice)?;
    ensure!(told.waiting() == 0, "{} reminders are still planned", told.waiting());
    ensure!(told.cancelled() > 0, "what was planned should be told as cancelled");
    Ok(told.cancelled())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "a step tells about what it borrows")]
fn reported_cancelled(count: &usize) -> Option<String> {
    Some(format!("{count} reminders cancelled"))
}

/// Waits for the mail that confirms “paid”.
fn wait_for_confirmation(stack: &mut Stack, mailbox: &Mailbox) -> Result<String> {
    let find = |mails: &[Value]| {
        let is_question = |mail: &Value| {
            [&PENDING, &PAID].iter().any(|story| mailbox::question(mail, story.numero).is_some())
        };
        let is_verification = |mail: &Value| verification::token(mail).is_some();
        let mail = mails.iter().find(|mail| !is_question(mail) && !is_verification(mail))?;
        text(mail, "subject").ok().map(str::to_owned)
    };
    mailbox.wait(stack, OWNER, "the confirmation", MAIL_LIMIT, find, || {})
}

/// That each debtor has got so many mails.
fn mails_of(mailbox: &Mailbox, expected: &[(&Story, usize)]) -> Result<()> {
    for (story, expected) in expected {
        let count = mailbox.to(story.email)?.len();
        ensure!(count == *expected, "{} has got {count} mails, and should have {expected}", story.debtor);
    }
    Ok(())
}

/// The mail server has a mail a moment before the worker has written that it left.
fn wait_until(
    client: &Client,
    invoice: &str,
    otherwise: &str,
    is_so: impl Fn(&Timeline) -> bool,
) -> Result<()> {
    let started = Instant::now();
    while !is_so(&timeline::read(client, invoice)?) {
        if started.elapsed() > RECORD_LIMIT {
            bail!("{otherwise} after {} s", RECORD_LIMIT.as_secs());
        }
        interrupt::pause(Duration::from_millis(200))?;
    }
    Ok(())
}
