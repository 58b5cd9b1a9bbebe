//! Dependencies between crates, as in the picture of the architecture page, and the libraries that a layer must not use.

use std::collections::BTreeSet;

use anyhow::Result;

use super::metadata::{Package, packages};
use super::sources::accept;

/// The arrows. A crate may use whatever its arrows reach, not only where they point.
const ARROWS: [(&str, &[&str]); 23] = [
    ("kernel", &[]),
    ("db", &["kernel"]),
    ("jobs", &["db"]),
    ("accounts", &["jobs"]),
    ("invoices", &["accounts"]),
    ("relances", &["invoices"]),
    ("checkins", &["invoices"]),
    ("stripe", &["kernel"]),
    ("billing", &["accounts", "stripe"]),
    ("lifecycle", &["relances", "checkins", "billing"]),
    ("mailer", &["kernel"]),
    ("queue", &["jobs"]),
    ("runtime", &["kernel"]),
    ("composition", &["lifecycle", "runtime"]),
    ("api", &["composition"]),
    ("worker", &["composition", "queue", "mailer"]),
    ("inbox", &[]),
    ("stripe-fake", &["kernel"]),
    ("testkit", &["api", "worker", "inbox", "stripe-fake"]),
    ("devkit", &[]),
    ("chaos", &["worker", "inbox", "devkit"]),
    ("bench", &["chaos", "stripe-fake"]),
    ("xtask", &["devkit"]),
];

/// Crates that only tests may use, beside those whose arrows point there.
const FOR_TESTS: [&str; 3] = ["testkit", "inbox", "stripe-fake"];

/// The crates of the product's rules, which know nothing of HTTP, queues, mail servers and settings.
const DOMAIN: [&str; 9] =
    ["kernel", "db", "jobs", "accounts", "invoices", "relances", "checkins", "billing", "lifecycle"];
const NOT_IN_A_DOMAIN: [&str; 12] = [
    "actix-cors",
    "actix-web",
    "async-stripe",
    "config",
    "deadpool-redis",
    "dotenvy",
    "lettre",
    "metrics-exporter-prometheus",
    "redis",
    "reqwest",
    "ureq",
    "utoipa",
];

/// The kernel does no input or output at all.
const NOT_IN_THE_KERNEL: [&str; 7] =
    ["bb8", "diesel", "diesel-async", "diesel_migrations", "rustls", "tokio", "tokio-postgres"];

/// The API sends no mail, and puts nothing in the queue but by the jobs table.
const NOT_IN_THE_API: [&str; 1] = ["lettre"];

pub fn check() -> Result<()> {
    let problems: Vec<String> = packages()?.iter().flat_map(problems_of).collect();
    accept(&problems, "crates/xtask/src/lint/dependency_rule.rs")
}

fn problems_of(package: &Package) -> Vec<String> {
    let name = package.short_name();
    let ((own, libraries), (of_tests, _)) = (package.dependencies(false), package.dependencies(true));
    let mut problems = own_problems(name, &own, &of_tests);
    let forbidden = libraries.into_iter().filter(|library| is_forbidden(name, library));
    problems.extend(forbidden.map(|library| format!("{name} may not depend on {library}")));
    problems
}

fn own_problems(name: &str, code: &BTreeSet<&str>, tests: &BTreeSet<&str>) -> Vec<String> {
    let Some(reach) = reach(name) else {
        return vec![format!("{name} has no place in the table of arrows yet")];
    };
    let beyond = code
        .iter()
        .filter(|other| !reach.contains(*other))
        .map(|other| format!("{name} may not depend on {other}: no arrow leads there"));
    let tests_beyond = tests
        .iter()
        .filter(|other| !reach.contains(*other) && !FOR_TESTS.contains(*other))
        .map(|other| format!("the tests of {name} may not depend on {other}: no arrow leads there"));
    beyond.chain(tests_beyond).collect()
}

/// Crates that the arrows reach from a crate; `None` if the table does not have it.
fn reach(name: &str) -> Option<BTreeSet<&'static str>> {
    let (_, arrows) = ARROWS.iter().find(|(from, _)| *from == name)?;
    let mut reached = BTreeSet::new();
    let mut ahead: Vec<&'static str> = arrows.to_vec();
    while let Some(next) = ahead.pop() {
        if reached.insert(next) {
            ahead.extend(
                ARROWS.iter().filter(|(from, _)| *from == next).flat_map(|(_, arrows)| arrows.iter()),
            );
        }
    }
    Some(reached)
}

fn is_forbidden(name: &str, library: &str) -> bool {
    (DOMAIN.contains(&name) && (NOT_IN_A_DOMAIN.contains(&library) || library.starts_with("async-stripe")))
        || (name == "kernel" && NOT_IN_THE_KERNEL.contains(&library))
        || (name == "api" && NOT_IN_THE_API.contains(&library))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(name: &str, code: &[&str], tests: &[&str]) -> Vec<String> {
        own_problems(name, &code.iter().copied().collect(), &tests.iter().copied().collect())
    }

    #[test]
    fn a_crate_may_use_what_its_arrows_reach_and_nothing_else() {
        assert_eq!(
            problems("relances", &["kernel", "db", "jobs", "accounts", "invoices"], &["testkit"]),
            [""; 0]
        );
        assert_eq!(problems("invoices", &["relances"], &[]).len(), 1);
        assert_eq!(problems("api", &["mailer"], &[]).len(), 1);
        assert_eq!(problems("api", &["queue"], &[]).len(), 1);
    }

    #[test]
    fn only_tests_use_the_test_kit_and_the_fakes() {
        assert_eq!(problems("mailer", &["kernel"], &["inbox"]), [""; 0]);
        assert_eq!(problems("mailer", &["kernel", "inbox"], &[]).len(), 1);
        assert_eq!(problems("stripe", &["kernel"], &["stripe-fake"]), [""; 0]);
        assert_eq!(problems("stripe", &["kernel", "stripe-fake"], &[]).len(), 1);
        assert_eq!(problems("worker", &["testkit"], &[]).len(), 1);
    }

    #[test]
    fn a_new_crate_must_be_given_its_place() {
        assert_eq!(problems("helpers", &[], &[]).len(), 1);
    }

    #[test]
    fn the_product_rules_see_neither_the_web_nor_the_queue() {
        assert!(is_forbidden("invoices", "actix-web"));
        assert!(is_forbidden("relances", "async-stripe-core"));
        assert!(is_forbidden("kernel", "tokio"));
        assert!(!is_forbidden("accounts", "tokio"));
        assert!(!is_forbidden("worker", "lettre"));
    }
}
