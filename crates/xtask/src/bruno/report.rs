//! What failed in a run of the collection, read from the report that Bruno writes beside its output.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// One run over the collection.
#[derive(Deserialize)]
struct Iteration {
    results: Vec<Request>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    path: String,
    error: Option<String>,
    #[serde(default)]
    assertion_results: Vec<Assertion>,
    #[serde(default)]
    test_results: Vec<Test>,
    #[serde(default)]
    pre_request_test_results: Vec<Test>,
    #[serde(default)]
    post_response_test_results: Vec<Test>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assertion {
    lhs_expr: String,
    rhs_expr: String,
    status: String,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Test {
    description: String,
    status: String,
    error: Option<String>,
}

/// One line a failure: the request, what was expected of it, what it did instead.
pub fn failures(report: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(report).context("Bruno has left no report")?;
    let iterations: Vec<Iteration> =
        serde_json::from_str(&text).context("the report of Bruno is not understood")?;
    Ok(iterations.iter().flat_map(|iteration| &iteration.results).flat_map(Request::failures).collect())
}

impl Request {
    fn failures(&self) -> Vec<String> {
        let tests = [&self.test_results, &self.pre_request_test_results, &self.post_response_test_results]
            .into_iter()
            .flatten()
            .filter(|test| test.status == "fail")
            .map(|test| (test.description.clone(), test.error.as_deref()));
        let assertions =
            self.assertion_results.iter().filter(|assertion| assertion.status == "fail").map(|assertion| {
                (format!("{} {}", assertion.lhs_expr, assertion.rhs_expr), assertion.error.as_deref())
            });
        let sending = self.error.iter().map(|error| ("the request".to_owned(), Some(error.as_str())));
        sending
            .chain(tests)
            .chain(assertions)
            .map(|(what, error)| format!("{}: {what}: {}", self.path, error.unwrap_or("failed")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_is_told_with_its_request() {
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
        let iterations: Vec<Iteration> = serde_json::from_value(report).unwrap();
        let told: Vec<String> =
            iterations.iter().flat_map(|iteration| &iteration.results).flat_map(Request::failures).collect();
        assert_eq!(
            told,
            [
                "01-A/broken: is three: expected 1 to equal 3",
                "01-A/broken: res.status eq 201: expected 200 to equal 201",
            ]
        );
    }
}
