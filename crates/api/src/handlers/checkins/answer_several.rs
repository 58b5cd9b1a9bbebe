//! `POST /checkin/{token}/answers`

use std::collections::BTreeSet;

use actix_web::{HttpRequest, post, web::Data};
use rubis_checkins::{CheckinAnswer, CheckinLink};
use rubis_kernel::{CheckinTaskId, FieldErrors};
use rubis_lifecycle::CheckinOutcome;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    ApiError, ApiResult, App, Reply,
    bodies::CheckinBody,
    checkin_button::{ButtonHeader, require_button},
    checkin_token::{CheckinToken, user_agent},
    json_body::Json,
    labels,
};

/// The maximum number of invoices in one mail.
const MOST: usize = 50;

/// Answers to several check-ins of one mail.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "answers": [{ "checkinId": "01934f6e-7d8c-7b1a-9c55-0d6c1b6f2a11", "answer": "still_pending" }],
}))]
pub struct AnswerTogether {
    /// The answers, one for each check-in.
    #[schema(min_items = 1, max_items = 50)]
    answers: Vec<AnswerToOne>,
}

/// The answer to one check-in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AnswerToOne {
    /// The id of the check-in, as the check-in's state names it.
    checkin_id: Uuid,
    /// The answer.
    #[schema(value_type = labels::CheckinAnswer)]
    answer: String,
}

/// The outcomes of the answers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnsweredTogether {
    /// The outcome of each answer, in the order in which they were given.
    pub outcomes: Vec<OutcomeBody>,
    /// The check-in whose token was given, in its current state, with the others of its mail.
    pub checkin: CheckinBody,
}

/// The outcome of one answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutcomeBody {
    /// The id of the check-in.
    pub checkin_id: Uuid,
    /// The outcome. `not_found`: the mail has no such check-in.
    #[schema(value_type = labels::CheckinOutcome)]
    pub outcome: &'static str,
}

/// Answers several invoices of one mail at once, by a button.
///
/// Each answer stands alone: a check-in that was answered before does not prevent the others from being
/// answered.
#[utoipa::path(
    tag = "check-in",
    params(ButtonHeader),
    responses(
        (status = 200, description = "The outcome of each answer.", body = AnsweredTogether),
        (status = 403, description = "`button_refused`: `X-Checkin-Button` is missing, of another check-in, or older than an hour."),
        (status = 404, description = "`checkin_not_found`: no check-in has this token."),
        (status = 410, description = "`checkin_gone`: its links ended more than 30 days ago."),
    ),
    security(()),
)]
#[post("/checkin/{token}/answers")]
pub async fn answer_together(
    request: HttpRequest,
    token: CheckinToken,
    body: Json<AnswerTogether>,
    app: Data<App>,
) -> ApiResult<AnsweredTogether> {
    let answers = parse(&body.0.answers)?;
    let (by, rules, now) = (user_agent(&request), app.checkin_rules(), app.clock.now());
    let mut conn = app.db.get().await?;
    require_button(&mut conn, &app, &request, &token, CheckinLink::Page).await?;
    let outcomes = rubis_lifecycle::answer_many(&mut conn, token.expose(), &answers, &by, &rules, now)
        .await?
        .ok_or_else(ApiError::checkin_not_found)?;
    let checkin = super::state(&mut conn, &app, &token).await?;
    let outcomes = outcomes
        .into_iter()
        .map(|(id, outcome)| OutcomeBody { checkin_id: id.into(), outcome: label(outcome) })
        .collect();
    Ok(Reply(AnsweredTogether { outcomes, checkin }))
}

fn parse(answers: &[AnswerToOne]) -> Result<Vec<(CheckinTaskId, CheckinAnswer)>, FieldErrors> {
    let mut errors = FieldErrors::new();
    if answers.is_empty() || answers.len() > MOST {
        errors.push("answers", "out_of_range", format!("must have 1 to {MOST} answers"));
        return errors.into_result(Vec::new());
    }
    let mut seen = BTreeSet::new();
    let mut parsed = Vec::new();
    for (index, one) in answers.iter().enumerate() {
        if !seen.insert(one.checkin_id) {
            errors.push(format!("answers[{index}].checkinId"), "duplicate", "must be answered once");
        }
        match CheckinAnswer::ALL.iter().find(|answer| answer.as_str() == one.answer) {
            Some(answer) => parsed.push((one.checkin_id.into(), *answer)),
            None => {
                let known = CheckinAnswer::ALL.iter().map(|answer| answer.as_str()).collect::<Vec<_>>();
                let message = format!("must be one of {}", known.join(", "));
                errors.push(format!("answers[{index}].answer"), "unknown_value", message);
            }
        }
    }
    errors.into_result(parsed)
}

const fn label(outcome: CheckinOutcome) -> &'static str {
    match outcome {
        CheckinOutcome::Settled => "paid",
        CheckinOutcome::StillPending => "pending",
        CheckinOutcome::AlreadyAnswered => "already_answered",
        CheckinOutcome::Expired | CheckinOutcome::Gone | CheckinOutcome::Confirm => "expired",
        CheckinOutcome::Invalid => "not_found",
    }
}
