//! Reads along the statements that are executed in a database.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use super::log;
use crate::Machine;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its text, with `$1`, `$2`… for the values.
    pub sql: String,
    /// The values in PostgreSQL's text form; none for NULL.
    pub values: Vec<Option<String>>,
}

/// Statements of one connection from `BEGIN` to `COMMIT`, or one alone. Each is one round trip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    pub statements: Vec<Statement>,
}

#[cfg(test)]
impl Transaction {
    /// One of these statements, each with its values.
    pub fn of(statements: &[(&str, &[&str])]) -> Self {
        let texts = |values: &[&str]| values.iter().map(|value| Some((*value).to_owned())).collect();
        let statement =
            |(sql, values): &(&str, &[&str])| Statement { sql: (*sql).to_owned(), values: texts(values) };
        Self { statements: statements.iter().map(statement).collect() }
    }
}

impl Transaction {
    /// Returns true if a value of a statement contains this text.
    pub fn mentions(&self, text: &str) -> bool {
        self.statements
            .iter()
            .flat_map(|statement| statement.values.iter().flatten())
            .any(|value| value.contains(text))
    }

    /// The value `$number` of the first statement whose text contains this.
    pub fn value(&self, sql: &str, number: usize) -> Option<&str> {
        let statement = self.statements.iter().find(|statement| statement.sql.contains(sql))?;
        statement.values.get(number.checked_sub(1)?)?.as_deref()
    }
}

/// Reads along the statements that are executed in a database, on the connections that are made from now on.
pub struct StatementCapture {
    database: String,
    log: PathBuf,
    read_up_to: u64,
    unfinished: HashMap<u32, Vec<Statement>>,
}

impl StatementCapture {
    /// Has the statements of later connections to this database logged, the benchmark's own among them.
    pub fn open(machine: &Machine, database: &str) -> Result<Self> {
        let log = machine.logs().join("postgres.log");
        let read_up_to = log.metadata().context("PostgreSQL has no log")?.len();
        let statement = format!("ALTER DATABASE {database} SET log_statement = 'all'");
        machine.servers.postgres.query("postgres", &statement)?;
        Ok(Self { database: database.to_owned(), read_up_to, log, unfinished: HashMap::new() })
    }

    /// Transactions that ended since the last call, in their order.
    pub fn transactions(&mut self) -> Result<Vec<Transaction>> {
        let mut file = File::open(&self.log)?;
        file.seek(SeekFrom::Start(self.read_up_to))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        // An entry is written at once, but lines may still be on their way.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        bytes.truncate(whole);
        self.read_up_to += u64::try_from(whole)?;
        self.group(&log::entries(&String::from_utf8_lossy(&bytes)))
    }

    pub fn close(self, machine: &Machine) -> Result<()> {
        let statement = format!("ALTER DATABASE {} RESET log_statement", self.database);
        machine.servers.postgres.query("postgres", &statement).map(drop)
    }

    fn group(&mut self, entries: &[log::Entry]) -> Result<Vec<Transaction>> {
        let mut transactions = Vec::new();
        for entry in entries.iter().filter(|entry| entry.database == self.database) {
            if entry.severity == "ERROR" {
                bail!("a statement that was to be captured failed: {}", entry.message);
            }
            let Some(sql) = log::statement(&entry.message) else { continue };
            let values = match &entry.detail {
                None => Vec::new(),
                Some(detail) => log::values(detail).with_context(|| {
                    format!("the log has the values of a statement in another form: {detail}")
                })?,
            };
            let statement = Statement { sql: sql.to_owned(), values };
            let (begins, ends) = (is_one_of(sql, &["BEGIN", "START"]), is_end(sql));
            match self.unfinished.remove(&entry.process) {
                None if begins => {
                    self.unfinished.insert(entry.process, vec![statement]);
                }
                None => transactions.push(Transaction { statements: vec![statement] }),
                Some(mut statements) => {
                    statements.push(statement);
                    if ends {
                        transactions.push(Transaction { statements });
                    } else {
                        self.unfinished.insert(entry.process, statements);
                    }
                }
            }
        }
        Ok(transactions)
    }
}

fn is_one_of(sql: &str, words: &[&str]) -> bool {
    let first = sql.split(|character: char| !character.is_ascii_alphabetic()).next().unwrap_or_default();
    words.iter().any(|word| first.eq_ignore_ascii_case(word))
}

/// To go back to a savepoint does not end a transaction.
fn is_end(sql: &str) -> bool {
    is_one_of(sql, &["COMMIT", "END", "ABORT"])
        || (is_one_of(sql, &["ROLLBACK"]) && !sql.to_ascii_uppercase().contains(" TO "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture() -> StatementCapture {
        StatementCapture {
            database: "bench".to_owned(),
            log: PathBuf::new(),
            read_up_to: 0,
            unfinished: HashMap::new(),
        }
    }

    fn line(process: u32, message: &str) -> String {
        format!("2026-01-05 09:00:00.001 UTC [{process}] (bench) LOG:  {message}\n")
    }

    fn texts(transactions: &[Transaction]) -> Vec<Vec<&str>> {
        transactions
            .iter()
            .map(|transaction| transaction.statements.iter().map(|one| one.sql.as_str()).collect())
            .collect()
    }

    #[test]
    fn transactions_of_several_connections_are_distinguished() {
        let mut capture = capture();
        let text = [
            line(1, "statement: BEGIN"),
            line(2, "execute s1: SELECT 2"),
            line(1, "execute s1: SELECT 1"),
            line(1, "statement: ROLLBACK TO SAVEPOINT a"),
        ]
        .concat();
        assert_eq!(texts(&capture.group(&log::entries(&text)).unwrap()), [["SELECT 2"]]);
        let end = line(1, "statement: COMMIT");
        let ended = capture.group(&log::entries(&end)).unwrap();
        assert_eq!(texts(&ended), [["BEGIN", "SELECT 1", "ROLLBACK TO SAVEPOINT a", "COMMIT"]]);
    }

    #[test]
    fn a_statement_that_fails_is_not_captured() {
        let failed = "2026-01-05 09:00:00.001 UTC [1] (bench) ERROR:  no\n";
        assert!(capture().group(&log::entries(failed)).is_err());
        let elsewhere = "2026-01-05 09:00:00.001 UTC [1] (other) ERROR:  no\n";
        assert!(capture().group(&log::entries(elsewhere)).unwrap().is_empty());
    }
}
