//! Each table is queried by exactly one crate: other crates that need its rows call that crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::sources::{self, Source, accept};
use rubis_devkit::workspace::root;

/// `db` defines the tables; the others are for tests, scenarios, measurements and checks.
const EXEMPT: [&str; 5] = ["bench", "chaos", "db", "testkit", "xtask"];

/// Handlers go through a domain crate, always.
const QUERY_NOTHING: [&str; 1] = ["api"];

const SQL_KEYWORDS: [&str; 5] = ["FROM", "INTO", "UPDATE", "JOIN", "TABLE"];

/// Table to crate to the files that query it.
type Uses = BTreeMap<String, BTreeMap<String, BTreeSet<PathBuf>>>;

pub fn check() -> Result<()> {
    let schema =
        fs::read_to_string(root().join("crates/db/src/schema.rs")).context("schema.rs cannot be read")?;
    let tables = tables_of(&schema);
    let mut uses: Uses = tables.iter().map(|table| (table.clone(), BTreeMap::new())).collect();
    let mut problems = Vec::new();
    for Source { krate, path, text } in sources::code(&EXEMPT)? {
        if text.contains("schema::*") {
            problems.push(format!("{}: import the tables by their names", path.display()));
        }
        for table in named_tables(&text, &tables) {
            uses.entry(table).or_default().entry(krate.clone()).or_default().insert(path.clone());
        }
    }
    problems.extend(uses.iter().flat_map(|(table, crates)| table_problems(table, crates)));
    accept(&problems, "crates/xtask/src/lint/table_owners.rs")
}

fn table_problems(table: &str, crates: &BTreeMap<String, BTreeSet<PathBuf>>) -> Vec<String> {
    let mut problems = Vec::new();
    let listed = |files: &BTreeSet<PathBuf>| {
        files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
    };
    for (name, files) in crates.iter().filter(|(name, _)| QUERY_NOTHING.contains(&name.as_str())) {
        problems.push(format!("{name} may not query a table, and queries {table} ({})", listed(files)));
    }
    match crates.len() {
        0 => problems.push(format!("no crate queries {table}")),
        1 => {}
        _ => {
            let who: Vec<String> =
                crates.iter().map(|(name, files)| format!("{name} ({})", listed(files))).collect();
            problems.push(format!("{table} is queried by several crates: {}", who.join("; ")));
        }
    }
    problems
}

/// The names that `diesel::table!` declares.
fn tables_of(schema: &str) -> BTreeSet<String> {
    let mut tables = BTreeSet::new();
    let mut inside = false;
    for line in schema.lines().map(str::trim) {
        if line.starts_with("diesel::table!") {
            inside = true;
        } else if inside
            && !line.starts_with("use ")
            && let Some((name, _)) = line.split_once(" (")
        {
            tables.insert(name.to_owned());
            inside = false;
        }
    }
    tables
}

/// The tables that a source file names, through `schema::` or in SQL.
fn named_tables(text: &str, tables: &BTreeSet<String>) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        let mut previous = "";
        for word in line.split(|letter: char| !letter.is_alphanumeric() && letter != '_') {
            if word.is_empty() {
                continue;
            }
            if SQL_KEYWORDS.contains(&previous) && tables.contains(word) {
                named.insert(word.to_owned());
            }
            previous = word;
        }
    }
    for (_, after) in
        text.match_indices("schema::").map(|(at, mark)| text.split_at(at.saturating_add(mark.len())))
    {
        let imported = match after.strip_prefix('{') {
            Some(group) => group.split_once(';').map_or(group, |(group, _)| group),
            None => {
                let end = after.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
                end.and_then(|end| after.get(..end)).unwrap_or(after)
            }
        };
        named.extend(
            imported
                .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
                .filter(|word| tables.contains(*word))
                .map(str::to_owned),
        );
    }
    named
}

#[cfg(test)]
mod tests {
    use super::super::sources::without_tests;
    use super::*;

    fn tables() -> BTreeSet<String> {
        ["clients", "invoices", "jobs"].map(str::to_owned).into()
    }

    fn named(text: &str) -> Vec<String> {
        named_tables(text, &tables()).into_iter().collect()
    }

    #[test]
    fn tables_are_read_from_the_macro() {
        let schema = "diesel::table! {\n    use diesel::sql_types::*;\n    invoices (id) {\n        id -> Uuid,\n    }\n}\n";
        assert_eq!(tables_of(schema), BTreeSet::from(["invoices".to_owned()]));
    }

    #[test]
    fn imports_of_tables_are_seen_alone_and_in_groups() {
        assert_eq!(named("use rubis_db::schema::invoices::dsl::*;"), ["invoices"]);
        assert_eq!(named("use rubis_db::{Pool, schema::{clients, jobs}};"), ["clients", "jobs"]);
        assert_eq!(named("schema::jobs::table.find(id)"), ["jobs"]);
        assert_eq!(named("use crate::invoices::jobs;"), [""; 0]);
    }

    #[test]
    fn tables_in_sql_are_seen_and_words_in_comments_are_not() {
        assert_eq!(named("sql_query(\"UPDATE jobs SET state = 'dead'\")"), ["jobs"]);
        assert_eq!(named("\"SELECT 1 FROM invoices JOIN clients USING (id)\""), ["clients", "invoices"]);
        assert_eq!(named("// taken FROM jobs"), [""; 0]);
        assert_eq!(named("the jobs and their invoices"), [""; 0]);
    }

    #[test]
    fn what_tests_look_at_does_not_count() {
        assert_eq!(
            named(without_tests("fn f() {}\n#[cfg(test)]\nmod tests { use rubis_db::schema::jobs; }")),
            [""; 0]
        );
    }
}
