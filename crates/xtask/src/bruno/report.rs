//! What failed in a run of the collection, read from the report that Bruno writes beside its output.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// Lists of a request's checks.
const CHECKS: [&str; 4] =
    ["testResults", "preRequestTestResults", "postResponseTestResults", "assertionResults"];

pub fn failures(report: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(report).context("Bruno has left no report")?;
    Ok(failures_of(&serde_json::from_str(&text).context("the report of Bruno is not understood")?))
}

fn failures_of(report: &Value) -> Vec<String> {
    let items =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let iterations = report.as_array().cloned().unwrap_or_default();
    iterations
        .iter()
        .flat_map(|iteration| items(iteration, "results"))
        .flat_map(|request| {
            let path = text(&request, "path").unwrap_or("?").to_owned();
            let sending = text(&request, "error").map(|error| format!("{path}: the request: {error}"));
            let checks = CHECKS.iter().flat_map(|key| items(&request, key));
            let failed = checks.filter(|check| text(check, "status") == Some("fail")).map(|check| {
                let (left, right) = (text(&check, "lhsExpr"), text(&check, "rhsExpr"));
                let assertion = format!("{} {}", left.unwrap_or_default(), right.unwrap_or_default());
                let what = text(&check, "description").unwrap_or(&assertion);
                format!("{path}: {what}: {}", text(&check, "error").unwrap_or("failed"))
            });
            sending.into_iter().chain(failed).collect::<Vec<_>>()
        })
        .collect()
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_is_reported_with_its_request() {
        let report = serde_json::json!([{ "iterationIndex": 0, "results": [
            { "path": "01-A/fine", "error": null, "assertionResults": [], "testResults": [
                { "description": "is JSON", "status": "pass" },
            ] },
            { "path": "01-A/broken", "error": null,
              "assertionResults": [
                { "lhsExpr": "res.status", "rhsExpr": "eq 201", "status": "fail", "error": "expected 200 to equal 201" },
              ],
              "testResults": [{ "description": "is three", "status": "fail", "error": "expected 1 to equal 3" }] },
        ] }]);
        assert_eq!(
            failures_of(&report),
            [
                "01-A/broken: is three: expected 1 to equal 3",
                "01-A/broken: res.status eq 201: expected 200 to equal 201",
            ]
        );
    }
}
