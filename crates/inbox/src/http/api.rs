//! JSON for tools: read mails, wait for them, delete them, program failures.

use actix_web::error::InternalError;
use actix_web::{HttpRequest, HttpResponse, delete, get, put, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

use super::State;
use crate::behaviour::Behaviour;
use crate::mail::MailSummary;
use crate::store::MailQuery;

/// Maximum wait of a request.
const MAX_WAIT_SECONDS: u64 = 120;

/// Adds the routes below `/api`.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        // Before `{id}`, which would match the word as an id.
        .service(wait_for_messages)
        .service(list_messages)
        .service(read_message)
        .service(read_raw_message)
        .service(clear_messages)
        .service(read_behaviour)
        .service(set_behaviour);
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    to: Option<String>,
    since: Option<u64>,
}

#[derive(Debug, Serialize)]
struct MailList {
    /// Mails, oldest first.
    items: Vec<MailSummary>,
}

/// `GET /api/messages?to=&since=`: recipients that contain `to`, ids above `since`.
#[get("/api/messages")]
async fn list_messages(state: web::Data<State>, query: web::Query<ListQuery>) -> HttpResponse {
    let query = query.into_inner();
    let mails = state.shared.store.list(&MailQuery { to: query.to, since: query.since, subject: None });
    HttpResponse::Ok().json(MailList { items: mails.iter().map(|mail| mail.summary.clone()).collect() })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WaitQuery {
    to: Option<String>,
    since: Option<u64>,
    subject: Option<String>,
    #[serde(default = "one")]
    count: usize,
    #[serde(default = "half_a_minute")]
    timeout_seconds: u64,
}

fn one() -> usize {
    1
}

fn half_a_minute() -> u64 {
    30
}

#[derive(Debug, Serialize)]
struct Waited {
    /// True if at least the requested number of mails is there; `false` after a timeout.
    complete: bool,
    /// Mails, oldest first.
    items: Vec<MailSummary>,
}

/// `GET /api/messages/wait?to=&since=&subject=&count=1&timeoutSeconds=30`: responds as soon as `count` mails match.
#[get("/api/messages/wait")]
async fn wait_for_messages(state: web::Data<State>, query: web::Query<WaitQuery>) -> HttpResponse {
    let WaitQuery { to, since, subject, count, timeout_seconds } = query.into_inner();
    let timeout = Duration::from_secs(timeout_seconds.min(MAX_WAIT_SECONDS));
    let mails = state.shared.store.wait(&MailQuery { to, since, subject }, count, timeout).await;
    HttpResponse::Ok().json(Waited {
        complete: mails.len() >= count,
        items: mails.iter().map(|mail| mail.summary.clone()).collect(),
    })
}

/// `GET /api/messages/{id}`: one mail with its parts.
#[get("/api/messages/{id}")]
async fn read_message(state: web::Data<State>, id: web::Path<u64>) -> HttpResponse {
    match state.shared.store.find(*id) {
        Some(mail) => HttpResponse::Ok().json(mail.open()),
        None => unknown_mail(),
    }
}

/// `GET /api/messages/{id}/raw`: the message as it was sent.
#[get("/api/messages/{id}/raw")]
async fn read_raw_message(state: web::Data<State>, id: web::Path<u64>) -> HttpResponse {
    match state.shared.store.find(*id) {
        Some(mail) => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(mail.raw.to_vec()),
        None => unknown_mail(),
    }
}

/// `DELETE /api/messages`: deletes all mails.
#[delete("/api/messages")]
async fn clear_messages(state: web::Data<State>) -> HttpResponse {
    state.shared.store.clear();
    HttpResponse::NoContent().finish()
}

/// `GET /api/behaviour`: the current failures, with the remaining `times` of each.
#[get("/api/behaviour")]
async fn read_behaviour(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok().json(state.shared.faults.get())
}

/// `PUT /api/behaviour`: replaces the programmed failures.
#[put("/api/behaviour")]
async fn set_behaviour(state: web::Data<State>, behaviour: web::Json<Behaviour>) -> HttpResponse {
    if let Err(error) = behaviour.validate() {
        return HttpResponse::UnprocessableEntity().json(json!({ "error": error.to_string() }));
    }
    state.shared.faults.set(behaviour.into_inner());
    HttpResponse::Ok().json(state.shared.faults.get())
}

fn unknown_mail() -> HttpResponse {
    HttpResponse::NotFound().json(json!({ "error": "no such mail" }))
}

/// Rejects a body that is not the expected JSON.
pub(super) fn refused_body(error: actix_web::error::JsonPayloadError, _: &HttpRequest) -> actix_web::Error {
    let answer = HttpResponse::BadRequest().json(json!({ "error": error.to_string() }));
    InternalError::from_response(error, answer).into()
}

/// Rejects a query string with an unknown or malformed parameter.
pub(super) fn refused_query(error: actix_web::error::QueryPayloadError, _: &HttpRequest) -> actix_web::Error {
    let answer = HttpResponse::BadRequest().json(json!({ "error": error.to_string() }));
    InternalError::from_response(error, answer).into()
}
