//! Stripe's API: `/v1/…`.

mod auth;
mod checkout;
mod customers;
mod fields;
mod portal;
mod prices;
mod subscriptions;

use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::time::sleep;
use tracing::info;

use super::wire;
use crate::faults::{RecordedRequest, RequestAction};
use crate::form::Form;
use crate::problem::Problem;
use crate::shared::Shared;
use crate::state::{State, StoredAnswer};

/// Adds the routes below `/v1`.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/v1/{path:.*}").to(answer));
}

/// One request, read.
struct ApiRequest {
    method: String,
    /// The path below `/v1/`.
    path: String,
    form: Form,
    idempotency_key: Option<String>,
}

/// The context that a handler needs beside the request and the state.
#[derive(Clone, Copy)]
struct Scene<'a> {
    now: OffsetDateTime,
    public_url: &'a str,
}

/// A response, with a flag for a repeated one.
struct ApiAnswer {
    status: u16,
    body: Value,
    replayed: bool,
}

/// Answers one request, or applies the programmed failure instead.
async fn answer(
    http: HttpRequest,
    path: web::Path<String>,
    body: web::Bytes,
    shared: web::Data<Shared>,
) -> HttpResponse {
    let request = ApiRequest::read(&http, path.into_inner(), &body);
    let verdict = shared.faults.decide(request.record());
    match verdict.action {
        Some(RequestAction::Status { status }) => {
            let answer = shared.with(|state, now| failure(state, &request, status, now));
            sleep(verdict.delay).await;
            return respond(&answer);
        }
        Some(RequestAction::Garbage { status }) => {
            sleep(verdict.delay).await;
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            return HttpResponse::build(status)
                .content_type(ContentType::html())
                .body("<h1>Bad gateway</h1>");
        }
        Some(RequestAction::CutBefore) => {
            sleep(verdict.delay).await;
            wire::cut(&http);
            return HttpResponse::InternalServerError().finish();
        }
        Some(RequestAction::CutAfter | RequestAction::Delay { .. }) | None => {}
    }
    let answer = match auth::check(&http, &shared.secret_key) {
        Ok(()) => {
            shared.with(|state, now| once(state, &request, Scene { now, public_url: &shared.public_url }))
        }
        Err(problem) => ApiAnswer::from(problem),
    };
    info!(
        method = request.method,
        path = request.path,
        status = answer.status,
        replayed = answer.replayed,
        "asked"
    );
    sleep(verdict.delay).await;
    if verdict.action == Some(RequestAction::CutAfter) {
        wire::cut(&http);
    }
    respond(&answer)
}

/// Answers a request, or repeats the response that was given under its key before.
fn once(state: &mut State, request: &ApiRequest, scene: Scene<'_>) -> ApiAnswer {
    let Some(key) = request.key() else { return route(state, request, scene).into() };
    let fingerprint = request.fingerprint();
    if let Some(stored) = state.answers.get(key, scene.now) {
        if stored.request != fingerprint {
            return Problem::other_request_under_key(key).into();
        }
        return ApiAnswer { status: stored.status, body: stored.body.clone(), replayed: true };
    }
    let answer = ApiAnswer::from(route(state, request, scene));
    // As at Stripe, a request that was refused as invalid may be corrected and repeated under its key.
    if answer.status == 200 {
        keep(state, key, request, &answer, scene.now);
    }
    answer
}

/// Fails as programmed. As at Stripe, a 500 is repeated for the key from now on; overload and similar
/// failures occur before the request is begun, and pass.
fn failure(state: &mut State, request: &ApiRequest, status: u16, now: OffsetDateTime) -> ApiAnswer {
    let answer = ApiAnswer { status, body: Problem::of_status(status).json(), replayed: false };
    if let (500, Some(key)) = (status, request.key())
        && state.answers.get(key, now).is_none()
    {
        keep(state, key, request, &answer, now);
    }
    answer
}

fn keep(state: &mut State, key: &str, request: &ApiRequest, answer: &ApiAnswer, now: OffsetDateTime) {
    let (request, status, body) = (request.fingerprint(), answer.status, answer.body.clone());
    state.answers.put(key.to_owned(), StoredAnswer { at: now, request, status, body });
}

fn route(state: &mut State, request: &ApiRequest, scene: Scene<'_>) -> Result<Value, Problem> {
    let path: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let form = &request.form;
    match (request.method.as_str(), path.as_slice()) {
        ("POST", ["customers"]) => customers::create(state, form, scene.now),
        ("GET", ["customers", id]) => customers::read(state, id),
        ("POST", ["customers", id]) => customers::update(state, id, form),
        ("DELETE", ["customers", id]) => customers::delete(state, id, scene.now),
        ("GET", ["prices"]) => prices::list(state, form),
        ("POST", ["checkout", "sessions"]) => checkout::create(state, form, scene),
        ("GET", ["checkout", "sessions", id]) => checkout::read(state, id, scene),
        ("POST", ["checkout", "sessions", id, "expire"]) => checkout::expire(state, id, form, scene),
        ("POST", ["billing_portal", "sessions"]) => portal::create(state, form, scene),
        ("GET", ["subscriptions"]) => subscriptions::list(state, form),
        ("GET", ["subscriptions", id]) => subscriptions::read(state, id),
        ("POST", ["subscriptions", id]) => subscriptions::update(state, id, form, scene.now),
        ("DELETE", ["subscriptions", id]) => subscriptions::cancel(state, id, scene.now),
        (method, _) => Err(Problem::unknown_url(method, &request.path)),
    }
}

impl ApiRequest {
    fn read(http: &HttpRequest, path: String, body: &[u8]) -> Self {
        let mut form = Form::parse(http.query_string().as_bytes());
        form.extend(Form::parse(body));
        let key = http.headers().get("Idempotency-Key").and_then(|value| value.to_str().ok());
        Self {
            method: http.method().as_str().to_owned(),
            path,
            form,
            idempotency_key: key.map(str::to_owned),
        }
    }

    fn record(&self) -> RecordedRequest {
        RecordedRequest {
            method: self.method.clone(),
            path: format!("/v1/{}", self.path),
            idempotency_key: self.idempotency_key.clone(),
            fields: self.form.canonical(),
        }
    }

    /// Returns the idempotency key of a `POST`; other methods ignore it.
    fn key(&self) -> Option<&str> {
        self.idempotency_key.as_deref().filter(|_| self.method == "POST")
    }

    fn fingerprint(&self) -> String {
        format!("{} {} {:?}", self.method, self.path, self.form.canonical())
    }
}

impl From<Problem> for ApiAnswer {
    fn from(problem: Problem) -> Self {
        Self { status: problem.status, body: problem.json(), replayed: false }
    }
}

impl From<Result<Value, Problem>> for ApiAnswer {
    fn from(result: Result<Value, Problem>) -> Self {
        match result {
            Ok(body) => Self { status: 200, body, replayed: false },
            Err(problem) => problem.into(),
        }
    }
}

fn respond(answer: &ApiAnswer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response.insert_header(("Request-Id", crate::state::new_id("req")));
    if answer.replayed {
        response.insert_header(("Idempotent-Replayed", "true"));
    }
    response.json(&answer.body)
}
