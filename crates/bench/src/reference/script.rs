//! A script of `pgbench` out of statements that were captured.

use std::fmt::Write as _;

use anyhow::{Result, bail, ensure};
use diesel_async::SimpleAsyncConnection as _;
use rubis_chaos::count;
use rubis_db::{AsyncConnection as _, AsyncPgConnection};

use super::capture::{Statement, Transaction};
use super::pieces::{Piece, Varying, column, expression};

/// The table of what differs from one run of the script to the next.
const TABLE: &str = "bench_work";

/// An expression of a new id for each subject, in the order of time as the product draws them: one
/// that goes elsewhere into an index would cost the reference more.
pub const FRESH_ID: &str = "(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint \
     + subject.n / 10), 12, '0') || '7' || lpad(to_hex(subject.n % 4096), 3, '0') || '8' \
     || substr(md5(random()::text), 1, 15))::uuid";

/// The rows that the script goes through in place of the one that was captured.
#[derive(Clone, Debug)]
pub struct Subjects<'a> {
    /// A query with a row for each subject.
    pub query: &'a str,
    /// Values of what was captured, whole or as a part of values, and the SQL expression of each
    /// subject's own: over `subject`, a row of the query with its number `subject.n` from 1.
    pub varying: Vec<(String, &'a str)>,
}

/// A value that the database makes up, and later statements use.
#[derive(Clone, Debug)]
pub struct Produced<'a> {
    /// A part of the text of the statement that returns it, in exactly one row.
    pub by: &'a str,
    pub column: &'a str,
    pub captured: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// This many runs of the script by each client, each with a subject of its own.
    EachOnce(u32),
    /// This many seconds, with any of so many subjects.
    Seconds(u32, usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    statements: String,
    round_trips: usize,
    /// Expressions of what varies: `own.x0`, `own.x1`…, each evaluated once for a subject.
    varying: Vec<String>,
    /// The expressions of the table's columns `v1`, `v2`…, made of those.
    columns: Vec<String>,
    query: String,
    constants: Vec<String>,
}

impl Script {
    /// Makes a script of statements. Values stay parameters of prepared statements, as they are in the
    /// product; those that differ from subject to subject are read from a table at its beginning.
    pub fn new(
        transactions: &[Transaction],
        subjects: &Subjects<'_>,
        produced: &[Produced<'_>],
    ) -> Result<Self> {
        let mut script = Self {
            statements: String::new(),
            round_trips: 0,
            varying: subjects.varying.iter().map(|(_, expression)| (*expression).to_owned()).collect(),
            columns: Vec::new(),
            query: subjects.query.to_owned(),
            constants: Vec::new(),
        };
        let varying = Varying::new(subjects.varying.iter().map(|(captured, _)| captured.as_str()));
        let mut made = Vec::new();
        for statement in transactions.iter().flat_map(|transaction| &transaction.statements) {
            script.add(statement, &varying, produced, &mut made)?;
        }
        for produced in produced {
            ensure!(made.contains(&produced.by), "no statement contains {:?}", produced.by);
        }
        for ((captured, _), number) in subjects.varying.iter().zip(0..) {
            let is_used = script.columns.iter().any(|expression| expression.contains(&column(number)));
            ensure!(is_used, "no statement has the value {captured:?}, which is to vary");
        }
        Ok(script)
    }

    fn add<'a>(
        &mut self,
        statement: &Statement,
        varying: &Varying<'_>,
        produced: &[Produced<'a>],
        made: &mut Vec<&'a str>,
    ) -> Result<()> {
        let Statement { sql, values } = statement;
        for looked_up in ["pg_type", "pg_catalog"] {
            ensure!(!sql.contains(looked_up), "a connection was not warm: {sql}");
        }
        let names: Vec<String> = values
            .iter()
            .map(|value| match value {
                None => "NULL".to_owned(),
                Some(value) => self.name(value, varying, produced),
            })
            .collect();
        let sql = with_names(sql, &names)?;
        self.round_trips += 1;
        match produced.iter().find(|one| sql.contains(one.by) && !made.contains(&one.by)) {
            // All columns of the row become variables.
            Some(one) => {
                made.push(one.by);
                writeln!(self.statements, "{sql} \\gset made_")?;
            }
            None => writeln!(self.statements, "{sql};")?,
        }
        Ok(())
    }

    fn name(&mut self, value: &str, varying: &Varying<'_>, produced: &[Produced<'_>]) -> String {
        if let Some(produced) = produced.iter().find(|produced| produced.captured == value) {
            return format!(":made_{}", produced.column);
        }
        let pieces = varying.cut(value);
        if pieces.iter().any(|piece| matches!(piece, Piece::Varying(_))) {
            format!(":v{}", position(&mut self.columns, expression(&pieces)))
        } else {
            format!(":c{}", position(&mut self.constants, value.to_owned()))
        }
    }

    /// Number of statements a run has, `BEGIN` and `COMMIT` among them: as many round trips.
    pub fn round_trips(&self) -> usize {
        self.round_trips
    }

    /// Creates the table that the script reads from, and returns the number of subjects.
    pub async fn prepare(&self, url: &str) -> Result<usize> {
        let mut conn = AsyncPgConnection::establish(url).await?;
        let varying = listed(&self.varying, |expression| format!("({expression})::text"), "x", 0);
        let columns = listed(&self.columns, str::to_owned, "v", 1);
        conn.batch_execute(&format!("DROP TABLE IF EXISTS {TABLE}")).await?;
        conn.batch_execute(&format!(
            "CREATE TABLE {TABLE} AS WITH own AS MATERIALIZED (
                 SELECT subject.n{varying}
                 FROM (SELECT (row_number() OVER ())::integer AS n, found.* FROM ({}) AS found) AS subject
             ) SELECT own.n{columns} FROM own",
            self.query
        ))
        .await?;
        conn.batch_execute(&format!("ALTER TABLE {TABLE} ADD PRIMARY KEY (n)")).await?;
        conn.batch_execute(&format!("VACUUM (ANALYZE) {TABLE}")).await?;
        let subjects = count(&mut conn, &format!("SELECT count(*) AS count FROM {TABLE}")).await?;
        ensure!(subjects > 0, "the script has no subject");
        Ok(usize::try_from(subjects)?)
    }

    /// The text of the script, which looks its subject up and then runs the captured statements.
    pub(super) fn text(&self, length: Length) -> String {
        let statements = &self.statements;
        if self.columns.is_empty() {
            return statements.clone();
        }
        let columns: Vec<String> = (1..=self.columns.len()).map(|number| format!("v{number}")).collect();
        let number = match length {
            // A client keeps its variables from one run to the next.
            Length::EachOnce(_) => "\\set i :i + 1\n\\set n :i * :clients + :client_id + 1\n",
            Length::Seconds(..) => "\\set n random(1, :subjects)\n",
        };
        format!("{number}SELECT {} FROM {TABLE} WHERE n = :n \\gset\n{statements}", columns.join(", "))
    }

    /// Number of values that differ from subject to subject.
    #[cfg(test)]
    pub fn varying(&self) -> usize {
        self.columns.len()
    }

    /// The variables that stay the same.
    pub(super) fn variables(&self) -> impl Iterator<Item = (String, &str)> {
        (1..).zip(&self.constants).map(|(number, value): (usize, _)| (format!("c{number}"), value.as_str()))
    }
}

/// The number, from 1, of an entry, which is added where there is none.
fn position(entries: &mut Vec<String>, wanted: String) -> usize {
    match entries.iter().position(|entry| *entry == wanted) {
        Some(position) => position + 1,
        None => {
            entries.push(wanted);
            entries.len()
        }
    }
}

/// Columns to be put behind others: the expressions, named by a letter and a number.
fn listed(expressions: &[String], write: impl Fn(&str) -> String, letter: &str, first: usize) -> String {
    (first..)
        .zip(expressions)
        .map(|(number, expression)| format!(", {} AS {letter}{number}", write(expression)))
        .collect()
}

/// The statement with names in place of `$1`, `$2`… `pgbench` takes a colon before a word for a
/// variable wherever it is, so that none may be in the statement itself.
fn with_names(sql: &str, names: &[String]) -> Result<String> {
    let mut out = String::with_capacity(sql.len());
    let mut characters = sql.chars().peekable();
    let mut quote = None;
    let mut before = ' ';
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\'' | '"', None) => quote = Some(character),
            (closing, Some(open)) if closing == open => quote = None,
            (';', None) => bail!("several statements at once: {sql}"),
            _ => {}
        }
        if character == ':'
            && before != ':'
            && characters.peek().is_some_and(|next| next.is_ascii_alphanumeric() || *next == '_')
        {
            bail!("a colon before a word: {sql}");
        }
        if character == '$' && quote.is_none() {
            let mut digits = String::new();
            while let Some(digit) = characters.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            let number: usize = digits.parse()?;
            match number.checked_sub(1).and_then(|index| names.get(index)) {
                Some(name) => out.push_str(name),
                None => bail!("no value ${number}: {sql}"),
            }
        } else {
            out.push(character);
        }
        before = character;
    }
    Ok(out.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(sql: &str, values: &[Option<&str>]) -> Statement {
        Statement {
            sql: sql.to_owned(),
            values: values.iter().map(|value| value.map(str::to_owned)).collect(),
        }
    }

    fn script(statements: Vec<Statement>) -> Result<Script> {
        let subjects = Subjects {
            query: "SELECT id, name FROM t ORDER BY id",
            varying: vec![
                ("0192-aaaa".to_owned(), "subject.id"),
                ("Durand".to_owned(), "subject.name"),
                ("7".to_owned(), "subject.seven"),
            ],
        };
        let produced =
            [Produced { by: "RETURNING token", column: "token", captured: "f00d-cafe".to_owned() }];
        Script::new(&[Transaction { statements }], &subjects, &produced)
    }

    #[test]
    fn values_become_variables_of_the_subject_constants_or_what_was_produced() {
        let script = script(vec![
            statement("BEGIN", &[]),
            statement(
                "UPDATE jobs SET x = $2 WHERE id = ANY($1) AND y = $3 RETURNING token",
                &[Some("{job:0192-aaaa}"), None, Some("17")],
            ),
            statement(
                "DELETE FROM jobs\n  WHERE token = $1::uuid AND id = $2",
                &[Some("f00d-cafe"), Some("{job:0192-aaaa}")],
            ),
            statement("SELECT $1, $2", &[Some("l'été de Durand, 0192-aaaa"), Some("7")]),
            statement("COMMIT", &[]),
        ])
        .unwrap();
        assert_eq!(
            script.statements,
            "BEGIN;\n\
             UPDATE jobs SET x = NULL WHERE id = ANY(:v1) AND y = :c1 RETURNING token \\gset made_\n\
             DELETE FROM jobs\n  WHERE token = :made_token::uuid AND id = :v1;\n\
             SELECT :v2, :v3;\n\
             COMMIT;\n"
        );
        assert_eq!(
            script.columns,
            ["'{job:' || (own.x0) || '}'", "'l''été de ' || (own.x1) || ', ' || (own.x0)", "(own.x2)",]
        );
        assert_eq!(script.variables().collect::<Vec<_>>(), [("c1".to_owned(), "17")]);
        assert_eq!(script.round_trips(), 5);
        let lookup =
            "\\set n random(1, :subjects)\nSELECT v1, v2, v3 FROM bench_work WHERE n = :n \\gset\nBEGIN;";
        assert!(script.text(Length::Seconds(1, 9)).starts_with(lookup));
    }

    #[test]
    fn what_pgbench_would_not_run_as_it_is_is_refused() {
        let with = |sql: &str| {
            let values = [Some("0192-aaaa"), Some("Durand"), Some("7")];
            script(vec![statement("SELECT $1, $2, $3 RETURNING token", &values), statement(sql, &[])])
        };
        for sql in ["SELECT ':name'", "SELECT 1; SELECT 2", "SELECT $1", "SELECT oid FROM pg_type"] {
            assert!(with(sql).is_err(), "{sql}");
        }
        assert!(with("SELECT '$1;'").is_ok());
    }

    #[test]
    fn what_varies_or_is_produced_has_to_occur() {
        assert!(script(vec![statement("SELECT 1 RETURNING token", &[])]).is_err(), "nothing varies");
        let values = [Some("0192-aaaa"), Some("Durand"), Some("7")];
        assert!(script(vec![statement("SELECT $1, $2, $3", &values)]).is_err(), "nothing returns the token");
    }
}
