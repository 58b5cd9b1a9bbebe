//! `cargo xtask dev --once`: two overdue invoices from creation to settlement during a trial, with real programs.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::browser::{Browser, Page};
use crate::clock;
use crate::demo::shifted;
use crate::mailbox::{self, Mailbox, Question};
use crate::stack::{QUIET, Stack, TemporaryStack};
use crate::stripe::Player;
use crate::subscription;
use crate::terminal::{bold, line, progress, seconds, step, step_with};
use crate::timeline::{self, Timeline, euros};
use crate::verification;
use rubis_devkit::http::{Client, field, text};
use rubis_devkit::interrupt;

/// The invoices are late by this much, so that the first reminder, three days after the due date or on the next
/// business day, has been missed whatever the calendar, and waits for nothing but the answer; the others lie ahead.
const DAYS_LATE: i64 = 9;

/// Time for a check-in or a reminder, which are sent a minute after the action, on a slow machine.
const MINUTE_LIMIT: Duration = Duration::from_secs(120);

/// Time in which a mail must arrive that is sent at once.
const MAIL_LIMIT: Duration = Duration::from_secs(30);

/// Time after a mail in which it must be recorded as sent.
const RECORD_LIMIT: Duration = Duration::from_secs(15);

/// Time at the end in which nothing else may be sent.
const WATCH: Duration = Duration::from_secs(5);

const OWNER: &str = "helene.marchand@marchand-electricite.example";

/// Figures of the recap of the trial: two invoices, one reminder, both paid.
const FIGURES: [&str; 4] = ["importées : 2", "envoyées : 1", "gagnés : 3", "15 min par rubis"];

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
    main_job(&mut stack).map_err(|error| match interrupt::caused(&error) {
        true => error,
        false => error.context(format!("the main job failed\n{}", stack.tails())),
    })?;
    drop(stack);
    println!("\n{} in {}.", bold("Everything happened as it should"), seconds(started.elapsed()));
    Ok(ExitCode::SUCCESS)
}

fn main_job(stack: &mut Stack) -> Result<()> {
    let addresses = stack.addresses.clone();
    let mailbox = Mailbox::of(&addresses);
    let client = step("sign-up", || signed_up(&addresses.api))?;
    let verification = step("the address is verified by the link of the first mail", || {
        verification::verify_sender(&client, &mailbox, OWNER)
    })?;
    mailbox::show(&verification);
    let player = Player::of(addresses.stripe.as_deref().context("Stripe's fake does not run")?);
    // Before anything else happens, so that all of it counts.
    let trial = step("trial of Pro: the Checkout is played, and Stripe's events arrive", || {
        begin_trial(&client, &player)
    })?;
    let pending = create_invoice(&client, &PENDING)?;
    let paid = create_invoice(&client, &PAID)?;

    let planned = timeline::read(&client, &pending)?;
    println!("\n{}", bold(format!("What is planned for {}", PENDING.numero)));
    planned.print("  ");
    ensure!(planned.checkin_status() == ("scheduled", ""), "a check-in should be planned first");
    ensure!(planned.awaiting_answer() == 1, "the reminder that is late should wait for the answer");
    ensure!(planned.waiting() > 1, "more than one reminder should be planned");
    println!();

    let asked = wait_for_questions(stack, &mailbox, &planned)?;
    mailbox::show(&asked.mail);
    step("the check-ins are recorded as sent, and no debtor has got a mail", || {
        for invoice in [&pending, &paid] {
            wait_until(&client, invoice, |timeline| timeline.checkin_status() == ("sent", ""))?;
        }
        mails_of(&mailbox, &[(&PENDING, 0), (&PAID, 0)])
    })?;

    answer_pending(&client, &pending, &asked.pending)?;
    let reminder = step("the reminder comes by SMTP, and is recorded as sent", || {
        let first = |mails: &[Value]| mails.first().cloned();
        let waiting = || progress("… the reminder leaves");
        let reminder = mailbox.wait(stack, PENDING.email, "the reminder", MINUTE_LIMIT, first, waiting)?;
        wait_until(&client, &pending, |timeline| timeline.sent() == 1)?;
        Ok(reminder)
    })?;
    mailbox::show(&reminder);

    answer_paid(&client, &paid, &asked.paid)?;
    step("a mail to the owner says how to undo it", || {
        let is_confirmation = |mail: &Value| {
            let asks = [&PENDING, &PAID].iter().any(|story| mailbox::question(mail, story.numero).is_some());
            !asks && verification::token(mail).is_none()
        };
        let find = |mails: &[Value]| mails.iter().find(|mail| is_confirmation(mail)).cloned();
        mailbox.wait(stack, OWNER, "the confirmation", MAIL_LIMIT, find, || {})
    })?;
    step(&format!("{} is marked paid by hand", PENDING.numero), || {
        client.post(&format!("/invoices/{pending}/mark-paid"), &json!({ "method": "transfer" }))?;
        is_settled(&client, &pending)
    })?;
    let recap = step("the trial ends soon: its recap has what happened", || {
        player.announce_trial_end(&trial)?;
        wait_for_recap(stack, &mailbox)
    })?;
    mailbox::show(&recap);
    step("no other mail is sent", || {
        // The verification, the reminder, the confirmation and the recap.
        let expected = asked.mails.saturating_add(4);
        interrupt::pause(WATCH)?;
        mails_of(&mailbox, &[(&PENDING, 1), (&PAID, 0)])?;
        let all = mailbox.all()?.len();
        ensure!(all == expected, "{all} mails are in the inbox, and {expected} should be");
        Ok(())
    })?;
    for (invoice, story) in [(&pending, &PENDING), (&paid, &PAID)] {
        let timeline = timeline::read(&client, invoice)?;
        println!("\n{}", bold(format!("The timeline of {}", story.numero)));
        timeline.print("  ");
        timeline.print_events("    ");
    }
    Ok(())
}

fn signed_up(api: &str) -> Result<Client> {
    let mut client = Client::new(format!("{api}/api/v1"));
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

fn begin_trial(client: &Client, player: &Player) -> Result<String> {
    let before = subscription::read(client)?;
    ensure!(before.status().is_none() && before.limit() == Some(2), "it should be {}", before.told());
    let id = subscription::start_trial(client, player)?;
    let trial = subscription::read(client)?;
    ensure!(trial.limit().is_none(), "it should have no limit, and is {}", trial.told());
    Ok(id)
}

/// Creates a client and its invoice, and returns the invoice's id.
fn create_invoice(client: &Client, story: &Story) -> Result<String> {
    let create = || {
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
    let invoice = step_with("client and overdue invoice", create, |invoice| {
        let (numero, due) = (field(invoice, "numero"), field(invoice, "dueDate"));
        Some(format!("{numero}, {}, due on {due}", euros(invoice)))
    })?;
    Ok(text(&invoice, "id")?.to_owned())
}

/// Questions to the owner, and the number of their mails: one, unless the clock ticked between the two invoices.
struct Asked {
    mail: Value,
    mails: usize,
    pending: Question,
    paid: Question,
}

fn wait_for_questions(stack: &mut Stack, mailbox: &Mailbox, planned: &Timeline) -> Result<Asked> {
    let expected = timeline::at(planned.checkin().context("no check-in is planned")?)?;
    line(&format!("The check-ins leave at {} (French time).", timeline::clock_time(expected)));
    let find = |mails: &[Value]| {
        let about = |story: &Story| mails.iter().find_map(|mail| mailbox::question(mail, story.numero));
        let mail = mails.iter().find(|mail| mailbox::question(mail, PENDING.numero).is_some())?;
        let asking = mails.iter().filter(|mail| verification::token(mail).is_none()).count();
        Some(Asked { mail: mail.clone(), mails: asking, pending: about(&PENDING)?, paid: about(&PAID)? })
    };
    step("both check-ins come by SMTP", || {
        mailbox.wait(stack, OWNER, "the check-ins", MINUTE_LIMIT, find, || {
            progress(&format!("… the check-ins leave in {} s", (expected - clock::now()).whole_seconds()));
        })
    })
}

/// Answers as a quick user does: the click counts as a mail scanner's, and the page asks to press a button.
fn answer_pending(client: &Client, invoice: &str, question: &Question) -> Result<()> {
    let browser = Browser::new();
    let page = step_with(
        "“Non, pas encore” clicked in the mail",
        || browser.open(&question.pending),
        |page| Some(page.heading().to_owned()),
    )?;
    // On a machine so slow that the first seconds are over, the link counts.
    if page.parameter("status") == "pending" {
        return Ok(());
    }
    leads_to(&page, "confirm")?;
    step("so soon after the mail it may have been a scanner: nothing has changed", || {
        let timeline = timeline::read(client, invoice)?;
        let status = timeline.checkin_status();
        ensure!(status == ("sent", ""), "the check-in should wait for its answer, and is {status:?}");
        ensure!(timeline.awaiting_answer() == 1, "the reminder should wait for the answer still");
        Ok(())
    })?;
    step("“Non, pas encore” pressed on the page", || {
        leads_to(&browser.press(&page, "pending")?, "pending")
    })
}

/// Answers by nothing but the link: late enough for it to count.
fn answer_paid(client: &Client, invoice: &str, question: &Question) -> Result<()> {
    let timeline = timeline::read(client, invoice)?;
    let sent = timeline::instant(timeline.checkin().context("the check-in is gone")?, "sentAt")?;
    let left = sent + QUIET + Duration::from_secs(1) - clock::now();
    progress(&format!("… links count {} s after their mail", QUIET.as_secs()));
    interrupt::pause(left.try_into().unwrap_or_default())?;
    step("“Oui, elle est payée” clicked in the mail", || {
        leads_to(&Browser::new().open(&question.paid)?, "paid")
    })?;
    step(&format!("{} is paid, and nothing is planned any more", PAID.numero), || {
        let timeline = timeline::read(client, invoice)?;
        let answer = timeline.checkin_status();
        ensure!(answer == ("answered", "paid"), "the check-in should be answered, and is {answer:?}");
        let labels = timeline.payment_labels();
        ensure!(labels == ["via check-in"], "it should be settled via check-in, and is by {labels:?}");
        ensure!(timeline.sent() == 0, "no reminder of it should have left, and {} have", timeline.sent());
        is_settled(client, invoice)
    })
}

fn leads_to(page: &Page, expected: &str) -> Result<()> {
    let status = page.parameter("status");
    ensure!(status == expected, "the link should lead to status={expected}, and led to status={status}");
    Ok(())
}

/// Checks that an invoice is paid, and that its reminders were cancelled.
fn is_settled(client: &Client, invoice: &str) -> Result<()> {
    let found = client.get(&format!("/invoices/{invoice}"))?;
    let status = text(&found, "status")?;
    ensure!(status == "paid", "the invoice should be paid, and is {status}");
    let timeline = timeline::read(client, invoice)?;
    ensure!(timeline.waiting() == 0, "{} reminders are still planned", timeline.waiting());
    ensure!(timeline.cancelled() > 0, "planned reminders should be cancelled");
    Ok(())
}

/// Waits for the recap of the trial, which is about no invoice in particular, as the other mails to the owner are.
fn wait_for_recap(stack: &mut Stack, mailbox: &Mailbox) -> Result<Value> {
    let is_recap = |mail: &Value| {
        let names = |story: &Story| field(mail, "text").contains(story.numero);
        verification::token(mail).is_none() && !names(&PENDING) && !names(&PAID)
    };
    let find = |mails: &[Value]| mails.iter().find(|mail| is_recap(mail)).cloned();
    let recap = mailbox.wait(stack, OWNER, "the recap of the trial", MAIL_LIMIT, find, || {})?;
    let text = field(&recap, "text").replace(['\u{a0}', '\u{202f}'], " ");
    for figure in FIGURES {
        ensure!(text.contains(figure), "the recap should have “{figure}”, and is:\n{text}");
    }
    Ok(recap)
}

/// Checks the number of mails to each debtor.
fn mails_of(mailbox: &Mailbox, expected: &[(&Story, usize)]) -> Result<()> {
    for (story, expected) in expected {
        let count = mailbox.to(story.email)?.len();
        ensure!(count == *expected, "{} has got {count} mails, and should have {expected}", story.debtor);
    }
    Ok(())
}

/// The mail server has a mail a moment before the worker has recorded it.
fn wait_until(client: &Client, invoice: &str, is_so: impl Fn(&Timeline) -> bool) -> Result<()> {
    let recorded = || Ok(is_so(&timeline::read(client, invoice)?).then_some(()));
    interrupt::poll(RECORD_LIMIT, Duration::from_millis(200), recorded)?
        .with_context(|| format!("a mail that arrived is not recorded as sent after {RECORD_LIMIT:?}"))
}
