//! The statements of one reminder, as a script of `pgbench`.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rubis_chaos::STOP_LIMIT;
use rubis_kernel::{Clock as _, SystemClock};
use serde_json::Value;

use super::template::{Template, make_due};
use crate::Machine;
use crate::options::unlimited_worker;
use crate::reference::{FRESH_ID, Produced, Script, StatementCapture, Subjects, Transaction};

/// Reminders that are sent one after the other, the first on a cold connection; the last two have to be alike.
const REMINDERS: usize = 4;

const PATIENCE: Duration = Duration::from_secs(60);

/// From their date to the worker's start, and what that takes.
const LEAD: Duration = Duration::from_secs(2);

/// The statement that takes a job, and makes up the token of its lease.
const CLAIM: &str = "lease_token = (SELECT gen_random_uuid())";

/// The statement that ends a job, whose second value that token is.
const FINISH: &str = "DELETE FROM jobs";

/// The statement that records the reminder in the feed, whose first value is a new id.
const EVENT: &str = "INSERT INTO \"activity_events\"";

/// Fields that differ from one reminder to the next and may be among the values.
const FIELDS: [&str; 8] = ["task", "invoice", "step", "client", "organization", "numero", "name", "email"];

/// These fields of reminders.
const REMINDERS_WITH_FIELDS: &str = "
    SELECT task.id::text AS task, task.invoice_id::text AS invoice, task.plan_step_id::text AS step,
        client.id::text AS client, task.organization_id::text AS organization,
        invoice.numero, client.name, client.email
    FROM relance_tasks AS task
    JOIN invoices AS invoice ON invoice.id = task.invoice_id
    JOIN clients AS client ON client.id = invoice.client_id";

/// Those that are due, from the organizations in turn as a worker takes them.
const IN_TURN: &str = "
    WHERE task.status = 'scheduled' AND task.send_at <= clock_timestamp()
    ORDER BY row_number() OVER (PARTITION BY task.organization_id ORDER BY task.id), task.id";

pub async fn captured(machine: &Machine, template: &Template) -> Result<Script> {
    let name = "send_captured";
    let url = machine.servers.copy(template.name, name)?;
    let mut capture = StatementCapture::open(machine, name)?;
    let run = machine.run(name, &url).await?;
    let due =
        make_due(&run.database, &template.organizations, Some(REMINDERS), SystemClock.now() + LEAD).await?;
    ensure!(due.len() == REMINDERS, "there are not even {REMINDERS} reminders");
    // One connection and one job at once: the statements come one after the other.
    let worker = unlimited_worker(&run, 1, 1).start()?;
    run.mails(REMINDERS).await?;
    ensure!(run.database.quiet(None, PATIENCE).await?, "jobs are left when all mails have arrived");
    worker.terminate(STOP_LIMIT)?;
    let transactions = capture.transactions()?;
    let alike = last_alike(&transactions)?;
    let query = format!("{REMINDERS_WITH_FIELDS} WHERE task.id = '{}'", alike.task);
    let fields: Value = run.database.rows("", &query).await?.pop().context("the reminder is gone")?;
    drop(run);
    capture.close(machine)?;
    machine.servers.drop_database(name)?;
    script(&alike, &fields)
}

struct Alike {
    task: String,
    transactions: Vec<Transaction>,
}

fn last_alike(transactions: &[Transaction]) -> Result<Alike> {
    let ends = transactions.iter().filter_map(|transaction| transaction.value(FINISH, 1));
    let tasks: Vec<&str> = ends.map(|job| job.strip_prefix("relance:").unwrap_or(job)).collect();
    let [.., before, last] = tasks.as_slice() else {
        bail!("{} reminders were captured", tasks.len());
    };
    let of = |task: &str| -> Vec<Transaction> {
        transactions.iter().filter(|transaction| transaction.mentions(task)).cloned().collect()
    };
    let texts = |transactions: &[Transaction]| -> Vec<String> {
        let statements = transactions.iter().flat_map(|transaction| &transaction.statements);
        statements.map(|statement| statement.sql.clone()).collect()
    };
    let (of_before, of_last) = (of(before), of(last));
    ensure!(
        texts(&of_before) == texts(&of_last),
        "two reminders were not sent alike:\n{of_before:?}\n{of_last:?}"
    );
    Ok(Alike { task: (*last).to_owned(), transactions: of_last })
}

/// `fields` are those of the reminder that was captured.
fn script(Alike { task, transactions }: &Alike, fields: &Value) -> Result<Script> {
    let value = |sql: &str, number: usize| -> Result<String> {
        let value = transactions.iter().find_map(|transaction| transaction.value(sql, number));
        Ok(value.with_context(|| format!("no statement reads as {sql} any more"))?.to_owned())
    };
    let mut varying = vec![(value(EVENT, 1)?, FRESH_ID.to_owned())];
    for field in FIELDS {
        let captured = fields.get(field).and_then(Value::as_str).unwrap_or_default();
        // A field that no statement has a use for, the product does not need to find the reminder.
        if !captured.is_empty() && transactions.iter().any(|transaction| transaction.mentions(captured)) {
            varying.push((captured.to_owned(), format!("subject.{field}")));
        }
    }
    ensure!(varying.iter().any(|(captured, _)| captured == task), "the reminder is not among the values");
    let query = format!("{REMINDERS_WITH_FIELDS} {IN_TURN}");
    let varying = varying.iter().map(|(captured, own)| (captured.clone(), own.as_str())).collect();
    let produced = [Produced { by: CLAIM, column: "lease_token", captured: value(FINISH, 2)? }];
    Script::new(transactions, &Subjects { query: &query, varying }, &produced)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sent(task: &str) -> Vec<Transaction> {
        let (job, event) = (format!("relance:{task}"), format!("event-of-{task}"));
        let claim = "UPDATE jobs SET lease_token = (SELECT gen_random_uuid()) WHERE id = ANY($1)";
        vec![
            Transaction::of(&[(claim, &[&job])]),
            Transaction::of(&[
                ("BEGIN", &[]),
                ("DELETE FROM jobs WHERE id = $1 AND lease_token = $2", &[&job, "token"]),
                ("INSERT INTO \"activity_events\" VALUES ($1, $2)", &[&event, "of Durand"]),
                ("COMMIT", &[]),
            ]),
        ]
    }

    #[test]
    fn the_last_reminder_becomes_a_script() {
        let mut transactions = [sent("reminder-1"), sent("reminder-2")].concat();
        transactions.push(Transaction::of(&[("SELECT the calendar", &["relances"])]));
        let alike = last_alike(&transactions).unwrap();
        assert_eq!((alike.task.as_str(), alike.transactions.len()), ("reminder-2", 2));
        let fields = json!({ "task": "reminder-2", "name": "Durand", "numero": "F-1" });
        let script = script(&alike, &fields).unwrap();
        assert_eq!(script.round_trips(), 5);
    }

    #[test]
    fn reminders_that_were_sent_otherwise_are_no_reference() {
        let mut transactions = [sent("reminder-1"), sent("reminder-2")].concat();
        transactions.push(Transaction::of(&[("SELECT $1", &["reminder-2"])]));
        assert!(last_alike(&transactions).is_err());
        assert!(last_alike(&sent("reminder-1")).is_err());
    }
}
