//! The page of an error.

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde::Serialize;

use super::frame::Page;
use crate::ApiError;

#[derive(Serialize)]
pub(super) struct Trouble<'a> {
    pub(super) heading: &'a str,
    pub(super) text: &'a str,
}

/// Returns the page of a refusal or a failure. Its cause is logged, as for a problem.
pub fn page(error: &ApiError) -> HttpResponse {
    let problem = error.error_response();
    let status = problem.status();
    let mut response = match Page::render("trouble.html", words(status)) {
        Ok(page) => page.response(status),
        Err(failure) => return ApiError::from(failure).error_response(),
    };
    if let Some(retry_after) = problem.headers().get(header::RETRY_AFTER) {
        response.headers_mut().insert(header::RETRY_AFTER, retry_after.clone());
    }
    response
}

const fn trouble(heading: &'static str, text: &'static str) -> Trouble<'static> {
    Trouble { heading, text }
}

fn words(status: StatusCode) -> Trouble<'static> {
    match status {
        StatusCode::TOO_MANY_REQUESTS => trouble(
            "Un instant, s\u{2019}il vous plaît.",
            "Trop de demandes sont arrivées en peu de temps. Réessayez dans une minute.",
        ),
        status if status.is_server_error() => trouble(
            "Rubis ne répond pas pour le moment.",
            "Votre réponse n\u{2019}a peut-être pas été enregistrée. Revenez à cette page dans quelques minutes.",
        ),
        _ => trouble(
            "Cette demande n\u{2019}a pas été comprise.",
            "Ouvrez de nouveau le lien du message que Rubis vous a envoyé.",
        ),
    }
}
