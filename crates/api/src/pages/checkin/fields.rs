//! The parameters of the page's address, and the fields of its forms.

use std::collections::BTreeSet;

use actix_web::{
    HttpRequest,
    dev::Payload,
    http::{StatusCode, header},
};
use rubis_checkins::CheckinAnswer;
use rubis_kernel::CheckinTaskId;

use super::PageStatus;
use crate::{ApiError, body_limit::ANONYMOUS_BODY_LIMIT, json_body};

/// The prefix of a field that answers one of several invoices, before the check-in's id.
pub(super) const ANSWER: &str = "answer-";

/// The most invoices that one mail asks about.
const MAX_ANSWERS: usize = 50;

/// Names and values. Unknown ones are skipped, since mail programs add some of their own.
#[derive(Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Returns the parameters of an address.
    pub(super) fn of_query(request: &HttpRequest) -> Self {
        Self::parse(request.query_string().as_bytes())
    }

    /// Returns the fields of a form.
    pub(super) async fn of_form(request: &HttpRequest, payload: Payload) -> Result<Self, ApiError> {
        let body = json_body::read_within(payload, ANONYMOUS_BODY_LIMIT).await?;
        let media_type = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The body has to be a form.",
            ));
        }
        Ok(Self::parse(&body))
    }

    fn parse(encoded: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(encoded);
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// Returns the value of a field; empty if there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Returns the event that the address states.
    pub(super) fn page_status(&self) -> Option<PageStatus> {
        PageStatus::read(self.get("status"), Some(self.get("answer")))
    }

    /// Returns the answers to several invoices, the first one of each, 50 at most.
    pub(super) fn answers(&self) -> Vec<(CheckinTaskId, CheckinAnswer)> {
        let mut known: BTreeSet<CheckinTaskId> = BTreeSet::new();
        let answers = self.0.iter().filter_map(|(name, value)| {
            let id = name.strip_prefix(ANSWER)?.parse().ok()?;
            let answer = CheckinAnswer::ALL.iter().find(|answer| answer.as_str() == value)?;
            known.insert(id).then_some((id, *answer))
        });
        answers.take(MAX_ANSWERS).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_invoice_is_answered_once_and_what_is_no_answer_is_passed_over() {
        let (one, other) = (CheckinTaskId::new(), CheckinTaskId::new());
        let form = format!(
            "token=abc&answer-{one}=paid&answer-{one}=still_pending&answer-{other}=still_pending\
             &answer-nobody=paid&answer-{}=perhaps&utm_source=mail",
            CheckinTaskId::new()
        );
        let fields = Fields::parse(form.as_bytes());
        assert_eq!(fields.answers(), [(one, CheckinAnswer::Paid), (other, CheckinAnswer::StillPending)]);
        assert_eq!((fields.get("token"), fields.get("action")), ("abc", ""));
    }

    #[test]
    fn a_form_with_thousands_of_answers_is_read_as_far_as_fifty() {
        let form = |count: usize| {
            let answers = (0..count).map(|_| format!("answer-{}=paid", CheckinTaskId::new()));
            Fields::parse(answers.collect::<Vec<_>>().join("&").as_bytes())
        };
        let many = form(1_000);
        let read: Vec<String> = many.answers().iter().map(|(id, _)| format!("{ANSWER}{id}")).collect();
        let first: Vec<&String> = many.0.iter().map(|(name, _)| name).take(50).collect();
        assert_eq!(read.iter().collect::<Vec<_>>(), first);
        assert_eq!(form(50).answers().len(), 50);
    }

    #[test]
    fn an_address_reports_what_happened_or_nothing() {
        let parsed = |query: &str| Fields::parse(query.as_bytes()).page_status();
        assert_eq!(parsed("status=paid&token=abc"), Some(PageStatus::Paid));
        assert_eq!(
            parsed("status=confirm&answer=pending"),
            Some(PageStatus::Confirm(CheckinAnswer::StillPending))
        );
        assert_eq!(parsed("status=confirm"), Some(PageStatus::Confirm(CheckinAnswer::Paid)));
        assert_eq!(parsed("token=abc"), None);
        assert_eq!(parsed("status=%ff"), None);
    }
}
