//! `schema.rs` as diesel wants it, from what the catalog says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// The answer of `catalog.sql`.
#[derive(Debug, Deserialize)]
pub struct Catalog {
    enumerations: Vec<String>,
    tables: Vec<Table>,
}

#[derive(Debug, Deserialize)]
struct Table {
    name: String,
    columns: Vec<Column>,
    primary_key: Vec<String>,
    foreign_keys: Vec<ForeignKey>,
}

#[derive(Debug, Deserialize)]
struct Column {
    name: String,
    #[serde(rename = "type")]
    type_name: String,
    nullable: bool,
    enumeration: bool,
}

#[derive(Debug, Deserialize)]
struct ForeignKey {
    column: String,
    target: String,
}

const HEADER: &str = "\
//! The tables as the migrations leave them.
//!
//! Written by `cargo xtask schema` from the catalog of a freshly migrated database, and compared with it by
//! `cargo xtask lint`: change a migration, not this file.
#![allow(missing_docs, reason = \"the migrations say what a column means\")]
";

impl Catalog {
    /// Renders the module, before rustfmt.
    pub fn render(&self) -> Result<String> {
        let mut out = String::from(HEADER);
        self.render_enumerations(&mut out)?;
        for table in &self.tables {
            table.render(&mut out).with_context(|| format!("table {}", table.name))?;
        }
        self.render_joins(&mut out)?;
        writeln!(out, "\ndiesel::allow_tables_to_appear_in_same_query!(")?;
        for table in &self.tables {
            writeln!(out, "    {},", table.name)?;
        }
        writeln!(out, ");")?;
        Ok(out)
    }

    fn render_enumerations(&self, out: &mut String) -> Result<()> {
        if self.enumerations.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n/// PostgreSQL's own enums, as SQL types.\npub mod sql_types {{")?;
        for (position, name) in self.enumerations.iter().enumerate() {
            let gap = if position == 0 { "" } else { "\n" };
            write!(
                out,
                "{gap}    /// The SQL type `{name}`.\n    \
                 #[derive(Clone, Debug, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]\n    \
                 #[diesel(postgres_type(name = \"{name}\"))]\n    pub struct {};\n",
                upper_camel_case(name)
            )?;
        }
        writeln!(out, "}}")?;
        Ok(())
    }

    /// Writes `joinable!` for each pair of tables that exactly one foreign key joins.
    fn render_joins(&self, out: &mut String) -> Result<()> {
        let mut pairs: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for table in &self.tables {
            for key in table.foreign_keys.iter().filter(|key| key.target != table.name) {
                pairs.entry((&table.name, &key.target)).or_default().push(&key.column);
            }
        }
        writeln!(out)?;
        for ((child, parent), columns) in &pairs {
            if let [column] = columns.as_slice()
                && !pairs.contains_key(&(*parent, *child))
            {
                writeln!(out, "diesel::joinable!({child} -> {parent} ({column}));")?;
            }
        }
        Ok(())
    }
}

impl Table {
    fn render(&self, out: &mut String) -> Result<()> {
        if self.primary_key.is_empty() {
            bail!("it has no primary key, which diesel needs");
        }
        writeln!(out, "\ndiesel::table! {{")?;
        let enumerations: BTreeSet<String> = self
            .columns
            .iter()
            .filter(|column| column.enumeration)
            .map(|column| upper_camel_case(&column.type_name))
            .collect();
        if !enumerations.is_empty() {
            writeln!(out, "    use diesel::sql_types::*;")?;
            for enumeration in enumerations {
                writeln!(out, "    use super::sql_types::{enumeration};")?;
            }
            writeln!(out)?;
        }
        writeln!(out, "    {} ({}) {{", self.name, self.primary_key.join(", "))?;
        for column in &self.columns {
            let name = column.diesel_type()?;
            let name = if column.nullable { format!("Nullable<{name}>") } else { name };
            writeln!(out, "        {} -> {name},", column.name)?;
        }
        writeln!(out, "    }}\n}}")?;
        Ok(())
    }
}

impl Column {
    fn diesel_type(&self) -> Result<String> {
        if self.enumeration {
            return Ok(upper_camel_case(&self.type_name));
        }
        let name = match self.type_name.as_str() {
            "bool" => "Bool",
            "bpchar" => "Bpchar",
            "bytea" => "Bytea",
            "date" => "Date",
            "float8" => "Float8",
            "int2" => "Int2",
            "int4" => "Int4",
            "int8" => "Int8",
            "jsonb" => "Jsonb",
            "numeric" => "Numeric",
            "text" => "Text",
            "time" => "Time",
            "timestamptz" => "Timestamptz",
            "uuid" => "Uuid",
            "varchar" => "Varchar",
            "_text" => "Array<Nullable<Text>>",
            "_uuid" => "Array<Nullable<Uuid>>",
            other => bail!(
                "column {} has the type {other}: name its diesel type in crates/xtask/src/schema/render.rs",
                self.name
            ),
        };
        Ok(name.to_owned())
    }
}

/// `relance_tone` → `RelanceTone`.
fn upper_camel_case(name: &str) -> String {
    name.split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
                .unwrap_or_default()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_with_an_enum_imports_it_and_wraps_what_may_be_null() {
        let catalog: Catalog = serde_json::from_value(serde_json::json!({
            "enumerations": ["relance_tone"],
            "tables": [
                {
                    "name": "steps",
                    "columns": [
                        { "name": "id", "type": "uuid", "nullable": false, "enumeration": false },
                        { "name": "tone", "type": "relance_tone", "nullable": true, "enumeration": true },
                    ],
                    "primary_key": ["id"],
                    "foreign_keys": [],
                },
            ],
        }))
        .unwrap();
        let text = catalog.render().unwrap();
        assert!(text.contains("pub struct RelanceTone;"), "{text}");
        assert!(text.contains("use super::sql_types::RelanceTone;"), "{text}");
        assert!(text.contains("steps (id) {"), "{text}");
        assert!(text.contains("tone -> Nullable<RelanceTone>,"), "{text}");
    }

    #[test]
    fn two_keys_between_the_same_tables_are_left_to_the_query() {
        let table = |keys: &[&str]| {
            let columns: Vec<_> = std::iter::once("id")
                .chain(keys.iter().copied())
                .map(|name| serde_json::json!({ "name": name, "type": "uuid", "nullable": false, "enumeration": false }))
                .collect();
            let keys: Vec<_> =
                keys.iter().map(|key| serde_json::json!({ "column": key, "target": "users" })).collect();
            serde_json::json!({
                "name": "letters", "columns": columns, "primary_key": ["id"], "foreign_keys": keys,
            })
        };
        let users = serde_json::json!({
            "name": "users",
            "columns": [{ "name": "id", "type": "uuid", "nullable": false, "enumeration": false }],
            "primary_key": ["id"], "foreign_keys": [],
        });
        let render = |letters: serde_json::Value| {
            let catalog: Catalog =
                serde_json::from_value(serde_json::json!({ "enumerations": [], "tables": [letters, users] }))
                    .unwrap();
            catalog.render().unwrap()
        };
        assert!(render(table(&["author"])).contains("joinable!(letters -> users (author));"));
        assert!(!render(table(&["author", "reader"])).contains("joinable!"));
    }

    #[test]
    fn an_unknown_type_is_named() {
        let column = Column {
            name: "shape".to_owned(),
            type_name: "polygon".to_owned(),
            nullable: false,
            enumeration: false,
        };
        assert!(column.diesel_type().unwrap_err().to_string().contains("polygon"));
    }
}
