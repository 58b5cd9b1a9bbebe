//! What a person reads when a page can't be shown.

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};

use super::{frame::Page, html::Html};
use crate::ApiError;

/// The page of a refusal or a failure. Its cause is logged, as that of a problem is.
pub fn page(error: &ApiError) -> HttpResponse {
    let problem = error.error_response();
    let status = problem.status();
    let (heading, text) = words(status);
    let mut main = Html::new();
    main.markup("<h1>").text(heading).markup("</h1>\n<p>").text(text).markup("</p>");
    let mut response = Page { title: heading.to_owned(), main, foot: Html::new() }.response(status);
    if let Some(retry_after) = problem.headers().get(header::RETRY_AFTER) {
        response.headers_mut().insert(header::RETRY_AFTER, retry_after.clone());
    }
    response
}

fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::TOO_MANY_REQUESTS => (
            "Un instant, s\u{2019}il vous plaît.",
            "Trop de demandes sont arrivées en peu de temps. Réessayez dans une minute.",
        ),
        status if status.is_server_error() => (
            "Rubis ne répond pas pour le moment.",
            "Votre réponse n\u{2019}a peut-être pas été enregistrée. Revenez à cette page dans quelques minutes.",
        ),
        _ => (
            "Cette demande n\u{2019}a pas été comprise.",
            "Ouvrez de nouveau le lien du message que Rubis vous a envoyé.",
        ),
    }
}
