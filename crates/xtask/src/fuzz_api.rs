//! `cargo xtask fuzz-api`: Schemathesis against the OpenAPI document and a stack of its own.

mod seed;

use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::json;

use crate::python::PythonPackage;
use crate::stack::TemporaryStack;
use crate::terminal::step_with;
use rubis_devkit::workspace::RunDirectory;
use rubis_devkit::{Launch, exit_code};

use seed::Seed;

const SCHEMATHESIS: PythonPackage =
    PythonPackage { name: "schemathesis", version: "4.32.5", folder: "schemathesis" };

/// Configuration of the run, with the reason of each exception.
const CONFIGURATION: &str = include_str!("fuzz_api/schemathesis.toml");

/// Changes made to each request before it is sent.
const HOOKS: &str = include_str!("fuzz_api/hooks.py");

/// A stack for one client that sends as fast as it can, from addresses that it makes up.
const SETTINGS: [(&str, &str); 4] = [
    ("LIMITER_STORE", "memory"),
    // Each request names another address, so that the rates by address are not all that is tested.
    ("TRUSTED_PROXIES", "127.0.0.1"),
    ("ORGANIZATION_RATE_PER_MINUTE", "1000000"),
    ("BILLING_FREE_INVOICES", "unlimited"),
];

#[derive(Args)]
pub struct Arguments {
    /// Do not install PostgreSQL, Redis or Python if they are missing
    #[arg(long)]
    no_install: bool,
    /// For how many seconds requests are sent
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u16).range(10..=180))]
    seconds: u16,
    /// Seed of the requests: the same number makes the same ones
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Further options of `st run`, after `--`
    #[arg(last = true)]
    options: Vec<String>,
}

/// Starts a stack, fills it, and sends requests made from the document.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let schemathesis = SCHEMATHESIS.programs(!arguments.no_install)?.join("st");
    let TemporaryStack { mut stack, directory } =
        TemporaryStack::start("fuzz-api", !arguments.no_install, &SETTINGS)?;
    let seed = step_with("data behind the ids", || seed::fill(&mut stack), |seed| Some(seed.summary()))?;
    write_files(&directory, &seed)?;

    let api = seed.api.trim_end_matches("/api/v1");
    let status = Launch::new("schemathesis", schemathesis)
        .arguments(["--config-file", "schemathesis.toml", "run", &format!("{api}/api/v1/openapi.json")])
        .arguments(["--phases", "examples,coverage,fuzzing,stateful", "--generation-database", "none"])
        .arguments(["--max-time", &arguments.seconds.to_string(), "--seed", &arguments.seed.to_string()])
        .arguments(["--warnings", "off"])
        .arguments(&arguments.options)
        .environment([("PYTHONPATH", directory.path().display().to_string())])
        .directory(directory.path())
        .with_its_children()
        .run()?;
    stack.check()?;
    if !status.success() {
        eprintln!("\nThe logs of the programs are in {}.", stack.logs.display());
    }
    Ok(exit_code(status))
}

fn write_files(directory: &RunDirectory, seed: &Seed) -> Result<()> {
    let files = [
        ("schemathesis.toml", configuration(seed)),
        ("hooks.py", HOOKS.to_owned()),
        ("seed.json", json!({ "api": seed.api, "token": seed.token, "ids": seed.ids }).to_string()),
    ];
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

/// The configuration with the token, and with a dictionary for each id in a path.
fn configuration(seed: &Seed) -> String {
    let mut text = CONFIGURATION.replace("ACCESS_TOKEN", &seed.token);
    for (name, ids) in &seed.ids {
        // Some ids are left to chance: an unknown one has to be answered as such.
        text.push_str(&format!(
            "\n[dictionaries.{name}]\nvalues = {ids:?}\n\n[parameters.\"path.{name}\"]\ndictionary = \"{name}\"\n\
             probability = 0.8\n"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_has_the_ids_that_paths_name() {
        let seed = Seed {
            api: "http://127.0.0.1:1/api/v1".to_owned(),
            token: "a.b".to_owned(),
            ids: [("clientId".to_owned(), vec!["x".to_owned(), "y".to_owned()])].into(),
        };
        let text = configuration(&seed);
        assert!(text.contains("bearer = { bearer = \"a.b\" }"), "{text}");
        assert!(text.ends_with(
            "[dictionaries.clientId]\nvalues = [\"x\", \"y\"]\n\n[parameters.\"path.clientId\"]\n\
             dictionary = \"clientId\"\nprobability = 0.8\n"
        ));
    }
}
