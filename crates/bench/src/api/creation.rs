//! The script that puts invoices in: ids and numbers are drawn anew for every run of it.

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::reference::{FRESH_ID, Script, Statement, Subjects, Transaction};

/// Owners of the created invoices: the small organizations in turn, each with its first clients in turn.
const SUBJECTS: &str = "
    WITH owners AS (
        SELECT row_number() OVER (ORDER BY u.email) - 1 AS number, m.organization_id AS organization,
               u.id AS owner, p.id AS plan,
               (SELECT s.id FROM sessions s WHERE s.organization_id = m.organization_id
                 ORDER BY s.id DESC LIMIT 1) AS session,
               (SELECT array_agg(t.id ORDER BY t.step_order) FROM plan_steps t WHERE t.plan_id = p.id)
                   AS steps
          FROM users u
          JOIN memberships m ON m.user_id = u.id
          JOIN plans p ON p.organization_id = m.organization_id AND p.is_default
         WHERE u.email <> '{large}'
    ), debtors AS (
        SELECT c.organization_id AS organization, c.id AS client, c.name,
               row_number() OVER (PARTITION BY c.organization_id ORDER BY lower(c.name), c.id) - 1 AS number,
               least(200, count(*) OVER (PARTITION BY c.organization_id)) AS clients
          FROM clients c
          JOIN owners o ON o.organization = c.organization_id
    )
    SELECT o.*, d.client, d.name
      FROM generate_series(0, {runs} - 1) AS run
      JOIN owners o ON o.number = run % (SELECT count(*) FROM owners)
      JOIN debtors d ON d.organization = o.organization
       AND d.number = run / (SELECT count(*) FROM owners) % d.clients
     ORDER BY run";

/// The product sends the types of these values apart from the text, which `pgbench` cannot.
const UNTYPED: &str = "unnest($2, $3, $4, $5)";
const TYPED: &str = "unnest($2::text[], $3::jsonb[], $4::uuid[], $5::timestamptz[])";

/// Number of values a reminder has where several are inserted, and which of them is its step.
const VALUES_OF_A_TASK: usize = 11;
const STEP_OF_A_TASK: usize = 3;

/// The script of a captured request, for `runs` runs at most, whose numbers of invoices begin with a new `run`.
pub fn script(captured: &[Transaction], run: &str, runs: usize) -> Result<Script> {
    let query = SUBJECTS.replace("{runs}", &runs.to_string()).replace("{large}", &rubis_chaos::email(0));
    let own = Own::of(captured)?;
    let (number, lower_number) =
        (format!("'{run}-' || subject.n"), format!("'{}-' || subject.n", run.to_lowercase()));
    let (name, number_in_search) = (own.name.to_lowercase(), own.number.to_lowercase());
    let mut varying = vec![
        (own.session, "subject.session"),
        (own.organization, "subject.organization"),
        (own.owner, "subject.owner"),
        (own.client, "subject.client"),
        (own.name, "subject.name"),
        (name, "lower(subject.name)"),
        (own.plan, "subject.plan"),
        (own.number, &number),
        (number_in_search, &lower_number),
    ];
    let steps = ["subject.steps[1]", "subject.steps[2]", "subject.steps[3]", "subject.steps[4]"];
    varying.extend(own.steps.into_iter().zip(steps));
    varying.extend(own.fresh.into_iter().map(|id| (id, FRESH_ID)));
    let typed: Vec<Transaction> = captured.iter().map(typed).collect();
    Script::new(&typed, &Subjects { query: &query, varying }, &[])
}

/// The values of a captured request that another's are put in place of.
#[derive(Debug, PartialEq, Eq)]
struct Own {
    session: String,
    organization: String,
    owner: String,
    client: String,
    name: String,
    plan: String,
    number: String,
    steps: Vec<String>,
    /// The ids of all rows that were inserted.
    fresh: Vec<String>,
}

impl Own {
    fn of(captured: &[Transaction]) -> Result<Self> {
        let session = statements(captured, "\"sessions\"").first().and_then(|read| value(read, 1));
        let insert = |table: &str| statements(captured, &format!("INSERT INTO \"{table}\""));
        let invoice = insert("invoices").into_iter().next().context("no invoice was put in")?;
        let event = insert("activity_events").into_iter().next().context("the feed was told nothing")?;
        let meta: Value = serde_json::from_str(&value(event, 6).context("the feed was told little")?)?;
        let tasks = insert("relance_tasks").into_iter().next().context("no reminder was planned")?;
        let of_tasks = |offset: usize| {
            let values = tasks.values.iter().skip(offset).step_by(VALUES_OF_A_TASK);
            values.flatten().cloned().collect::<Vec<_>>()
        };
        let mut fresh = of_tasks(0);
        let others =
            ["invoices", "invoice_lines", "checkin_tasks", "activity_events"].into_iter().flat_map(insert);
        fresh.extend(others.filter_map(|statement| value(statement, 1)));
        let own = || {
            Some(Self {
                session: session?,
                organization: value(invoice, 2)?,
                owner: value(event, 5)?,
                client: value(invoice, 3)?,
                name: meta.get("label")?.as_str()?.to_owned(),
                plan: value(invoice, 4)?,
                number: value(invoice, 5)?,
                steps: of_tasks(STEP_OF_A_TASK),
                fresh,
            })
        };
        own().context("an invoice is put in with other statements than the benchmark expects")
    }
}

fn statements<'a>(captured: &'a [Transaction], text: &str) -> Vec<&'a Statement> {
    captured
        .iter()
        .flat_map(|transaction| &transaction.statements)
        .filter(|statement| statement.sql.contains(text))
        .collect()
}

/// The value `$number`.
fn value(statement: &Statement, number: usize) -> Option<String> {
    statement.values.get(number.checked_sub(1)?)?.clone()
}

fn typed(transaction: &Transaction) -> Transaction {
    let statements = transaction.statements.iter().map(|statement| Statement {
        sql: statement.sql.replace(UNTYPED, TYPED),
        values: statement.values.clone(),
    });
    Transaction { statements: statements.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Vec<Transaction> {
        let mut tasks = Vec::new();
        for (task, step) in [("task-1", "step-1"), ("task-2", "step-2")] {
            tasks.extend([task, "org-id", "invoice-1", step, "-", "-", "-", "-", "-", "-", "-"]);
        }
        let meta = r#"{"label": "Garage Petit 1", "numero": "RUN-01"}"#;
        vec![
            Transaction::of(&[("SELECT 1 FROM \"sessions\" WHERE id = $1", &["session-1"])]),
            Transaction::of(&[
                (
                    "INSERT INTO \"invoices\" VALUES ($1, $2, $3, $4, $5, $6)",
                    &["invoice-1", "org-id", "client-1", "plan-1", "RUN-01", " run-01\n garage petit 1"],
                ),
                ("INSERT INTO \"invoice_lines\" VALUES ($1, $2)", &["line-1", "invoice-1"]),
                (
                    "INSERT INTO \"activity_events\" VALUES ($1, $2, $3, $4, $5, $6)",
                    &["event-1", "org-id", "invoice_created", "invoice-1", "owner-1", meta],
                ),
                ("INSERT INTO \"checkin_tasks\" VALUES ($1)", &["checkin-1"]),
                ("INSERT INTO \"relance_tasks\" VALUES ($1)", &tasks),
                ("INSERT INTO \"activity_events\" VALUES ($1)", &["event-2"]),
                ("SELECT * FROM unnest($2, $3, $4, $5), $1", &["a", "b", "c", "d", "e"]),
            ]),
        ]
    }

    #[test]
    fn what_differs_from_one_invoice_to_the_next_is_found() {
        let own = Own::of(&request()).unwrap();
        assert_eq!((own.session.as_str(), own.owner.as_str()), ("session-1", "owner-1"));
        assert_eq!((own.name.as_str(), own.number.as_str()), ("Garage Petit 1", "RUN-01"));
        assert_eq!(own.steps, ["step-1", "step-2"]);
        assert_eq!(own.fresh, ["task-1", "task-2", "invoice-1", "line-1", "checkin-1", "event-1", "event-2"]);
        assert!(Own::of(&request()[..1]).is_err());
    }

    #[test]
    fn a_script_is_made_whose_values_have_types() {
        assert!(script(&request(), "NEXT", 10).unwrap().varying() > 0);
        let typed = typed(&request()[1]);
        assert!(typed.statements[6].sql.contains("$3::jsonb[]"), "{typed:?}");
    }
}
