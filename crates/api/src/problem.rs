//! Bodies of refused and failed requests: RFC 9457 problem details.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use rubis_kernel::FieldError;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The reason why a request was refused or failed (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "type": "urn:rubis:problem:validation_failed",
    "title": "Validation failed",
    "status": 422,
    "detail": "The request has invalid fields. Correct those listed in errors.",
    "code": "validation_failed",
    "errors": [{ "field": "dueDate", "code": "before_issue_date", "message": "must not be before the issue date" }],
    "requestId": "01934f6e-7d8c-7b1a-9c55-0d6c1b6f2a11",
}))]
pub struct Problem {
    /// Names the kind of problem; `urn:rubis:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// A description of the kind of problem, the same for every occurrence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A description of this occurrence.
    pub detail: String,
    /// The kind of problem for programs: stable, `snake_case`.
    pub code: String,
    /// The invalid fields of the request, if that is the problem.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
    /// With `plan_limit_reached`: the number of invoices that the plan lets be chased at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub limit: Option<u32>,
    /// With `plan_limit_reached`: the number of invoices that are chased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub usage: Option<u32>,
    /// With `plan_limit_reached`: the page on which another plan is chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub upgrade_url: Option<String>,
    /// With `ambiguous_client`: the clients that may be meant, at most 10.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10)]
    pub candidates: Vec<ClientCandidate>,
    /// The id by which the operators find this request.
    pub request_id: String,
}

/// The limit of a tier that a request would have exceeded.
#[derive(Clone, Debug)]
pub struct ReachedLimit {
    /// Number of invoices that the plan lets be chased at once.
    pub limit: u32,
    /// Number of invoices that are chased.
    pub usage: u32,
    /// The page on which another plan is chosen.
    pub upgrade_url: String,
}

/// A client that a request may mean.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientCandidate {
    /// The client's id.
    pub client_id: Uuid,
    /// The client's name.
    pub name: String,
    /// The client's address.
    pub email: String,
}

/// A mistake in one field of a request.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemField {
    /// The path of the field, as `steps[1].offsetDays`; the parameter's name for a query parameter or a
    /// header.
    pub field: String,
    /// The rule that was broken: stable, `snake_case`.
    pub code: String,
    /// A description of the rule.
    pub message: String,
}

impl Problem {
    /// Returns a problem of the current request.
    #[must_use]
    pub fn new(status: StatusCode, code: &str, detail: &str, errors: &[FieldError]) -> Self {
        Self {
            kind: format!("urn:rubis:problem:{code}"),
            title: title(code),
            status: status.as_u16(),
            detail: detail.to_owned(),
            code: code.to_owned(),
            errors: errors.iter().map(ProblemField::from).collect(),
            limit: None,
            usage: None,
            upgrade_url: None,
            candidates: Vec::new(),
            request_id: crate::middleware::current_request_id(),
        }
    }

    /// Adds the limit of the tier.
    #[must_use]
    pub fn with_plan_limit(mut self, reached: &ReachedLimit) -> Self {
        self.limit = Some(reached.limit);
        self.usage = Some(reached.usage);
        self.upgrade_url = Some(reached.upgrade_url.clone());
        self
    }

    /// Adds the clients that may be meant.
    #[must_use]
    pub fn with_candidates(mut self, candidates: &[ClientCandidate]) -> Self {
        self.candidates = candidates.to_vec();
        self
    }

    /// Returns the response that carries it.
    #[must_use]
    pub fn response(&self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        HttpResponse::build(status)
            .insert_header((header::CONTENT_TYPE, "application/problem+json"))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .json(self)
    }
}

impl From<&FieldError> for ProblemField {
    fn from(error: &FieldError) -> Self {
        Self { field: error.field.clone(), code: error.code.to_owned(), message: error.message.clone() }
    }
}

/// Returns a code in words: `email_taken` becomes `Email taken`.
fn title(code: &str) -> String {
    let mut letters = code.replace('_', " ").chars().collect::<Vec<_>>();
    if let Some(first) = letters.first_mut() {
        first.make_ascii_uppercase();
    }
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn a_title_is_the_code_in_words() {
        assert_eq!(title("amount_exceeds_balance"), "Amount exceeds balance");
        assert_eq!(title(""), "");
    }
}
