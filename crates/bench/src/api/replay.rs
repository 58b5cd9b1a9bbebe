//! The statements of one request, and the script of `pgbench` that executes the same.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use super::creation;
use super::environment::Environment;
use super::http::Connection;
use super::load::Requests;
use super::operation::Operation;
use crate::Machine;
use crate::reference::{Script, Statement, StatementCapture, Subjects, Transaction};

/// Requests before those that are captured: connections prepare their statements, and look types up.
const WARMING: usize = 5;

/// Requests that are captured of each operation that reads: as many different runs of the script.
const READINGS: usize = 200;

/// Requests that are captured of an operation that writes: one of them makes the script.
const WRITINGS: usize = 10;

/// Prefix of the numbers of invoices that are created while statements are captured.
const CAPTURED_RUN: &str = "CAPTURED";

#[derive(Clone, Debug)]
pub struct Captured {
    operation: Operation,
    /// Statements of several requests: those of one are those of all, with other values.
    requests: Vec<Vec<Transaction>>,
}

/// Captures every operation. The API is started anew before and after.
pub async fn capture(machine: &Machine, environment: &mut Environment) -> Result<Vec<Captured>> {
    let mut capture = StatementCapture::open(machine, &environment.database)?;
    environment.start_again()?;
    let mut captured = Vec::new();
    for operation in Operation::ALL {
        captured.push(Captured::of(operation, environment, &mut capture).await?);
    }
    capture.close(machine)?;
    environment.start_again()?;
    Ok(captured)
}

impl Captured {
    async fn of(
        operation: Operation,
        environment: &Environment,
        capture: &mut StatementCapture,
    ) -> Result<Self> {
        let mut connection = Connection::open(environment.address).await?;
        let mut ask = async |requests: &Requests, number| connection.ask(&requests(number)).await.map(drop);
        let warming = operation.requests(&environment.small, "WARM");
        for number in 0..WARMING {
            ask(&warming, number).await?;
        }
        capture.transactions()?;
        let count = if operation.writes() { WRITINGS } else { READINGS };
        let asked = operation.requests(&environment.small, CAPTURED_RUN);
        let mut requests = Vec::new();
        for number in 0..count {
            ask(&asked, number).await?;
            requests.push(capture.transactions()?);
        }
        Ok(Self { operation, requests: of_one_shape(requests) })
    }

    pub const fn operation(&self) -> Operation {
        self.operation
    }

    /// Statements that a request has PostgreSQL execute, `BEGIN` and `COMMIT` among them.
    pub fn round_trips(&self) -> usize {
        self.requests.first().map_or(0, |request| request.iter().map(|one| one.statements.len()).sum())
    }

    /// The script that does the same; one that writes is as in [`creation::script`].
    pub fn script(&self, run: &str, runs: usize) -> Result<Script> {
        let first = self.requests.first().context("no request was captured")?;
        if self.operation.writes() {
            creation::script(first, run, runs)
        } else {
            readings(first, &self.requests)
        }
    }
}

/// Those of the requests that took the way that most took.
fn of_one_shape(requests: Vec<Vec<Transaction>>) -> Vec<Vec<Transaction>> {
    let mut shapes: BTreeMap<Vec<String>, Vec<Vec<Transaction>>> = BTreeMap::new();
    for request in requests {
        let shape = statements(&request).map(|statement| statement.sql.clone()).collect();
        shapes.entry(shape).or_default().push(request);
    }
    shapes.into_values().max_by_key(Vec::len).unwrap_or_default()
}

fn statements(request: &[Transaction]) -> impl Iterator<Item = &Statement> {
    request.iter().flat_map(|transaction| &transaction.statements)
}

fn values(request: &[Transaction]) -> Vec<Option<&str>> {
    statements(request).flat_map(|statement| statement.values.iter().map(Option::as_deref)).collect()
}

/// Reads what the captured requests read, with the values that they had.
fn readings(first: &[Transaction], requests: &[Vec<Transaction>]) -> Result<Script> {
    let rows: Vec<Vec<Option<&str>>> = requests.iter().map(|request| values(request)).collect();
    let mut varying: Vec<(String, usize)> = Vec::new();
    for (index, captured) in values(first).into_iter().enumerate() {
        let is_same = |row: &Vec<Option<&str>>| row.get(index).copied().flatten() == captured;
        if let Some(captured) = captured
            && !rows.iter().all(is_same)
            && !varying.iter().any(|(known, _)| known == captured)
        {
            varying.push((captured.to_owned(), index));
        }
    }
    let row = |row: &Vec<Option<&str>>| {
        let values: Vec<String> =
            varying.iter().map(|(_, index)| literal(row.get(*index).copied().flatten())).collect();
        format!("({})", values.join(", "))
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    let columns: Vec<String> = varying.iter().map(|(_, index)| format!("x{index}")).collect();
    let query = if varying.is_empty() {
        "SELECT 1".to_owned()
    } else {
        format!("SELECT * FROM (VALUES {}) AS captured ({})", rows.join(", "), columns.join(", "))
    };
    let expressions: Vec<String> = columns.iter().map(|column| format!("subject.{column}")).collect();
    let varying = varying.into_iter().map(|(captured, _)| captured);
    let varying = varying.zip(expressions.iter().map(String::as_str)).collect();
    Script::new(first, &Subjects { query: &query, varying }, &[])
}

fn literal(value: Option<&str>) -> String {
    value.map_or_else(|| "NULL".to_owned(), |value| format!("$captured${value}$captured$"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(sql: &str, values: &[&str]) -> Vec<Transaction> {
        vec![Transaction::of(&[(sql, values)])]
    }

    #[test]
    fn the_way_that_most_requests_took_is_the_one_that_is_replayed() {
        let requests =
            vec![request("SELECT 1", &[]), request("SELECT 2", &["a"]), request("SELECT 2", &["b"])];
        let kept = of_one_shape(requests);
        assert_eq!(
            kept.iter().map(|request| values(request)).collect::<Vec<_>>(),
            [[Some("a")], [Some("b")]]
        );
    }

    #[test]
    fn what_is_the_same_in_all_requests_is_a_constant() {
        let sql = "SELECT $1, $2, $3";
        let requests = [request(sql, &["one", "51", "one"]), request(sql, &["two", "51", "two"])];
        let script = readings(&requests[0], &requests).unwrap();
        assert_eq!(script.varying(), 1);
        let same = [request(sql, &["one", "51", "one"]), request(sql, &["one", "51", "one"])];
        assert_eq!(readings(&same[0], &same).unwrap().varying(), 0);
    }
}
