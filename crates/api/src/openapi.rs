//! The OpenAPI document: collected from the handlers, then completed with what follows from the shape of
//! each operation.

mod complete;
mod description;

use actix_web::{HttpResponse, http::header, web::Bytes};
use utoipa::openapi::{OpenApi, PathItem, path::Operation};
use utoipa_actix_web::AppExt;

use crate::routes;

/// The path of the document.
pub const PATH: &str = "/api/v1/openapi.json";

/// Returns the whole document.
#[must_use]
pub fn document() -> OpenApi {
    let (_, mut document) = actix_web::App::new()
        .into_utoipa_app()
        .openapi(description::base())
        .configure(routes::configure)
        .split_for_parts();
    complete::complete(&mut document);
    document
}

/// Returns the document as it is committed and served: indented JSON with a final line break.
pub fn document_json() -> Result<String, serde_json::Error> {
    let mut json = document().to_pretty_json()?;
    json.push('\n');
    Ok(json)
}

/// Returns the operations of a path with the names of their methods.
pub fn operations(item: &PathItem) -> impl Iterator<Item = (&'static str, &Operation)> {
    [
        ("DELETE", &item.delete),
        ("GET", &item.get),
        ("PATCH", &item.patch),
        ("POST", &item.post),
        ("PUT", &item.put),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_ref().map(|operation| (method, operation)))
}

/// Serves the document.
pub async fn serve(document: actix_web::web::Data<Bytes>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .body(document.get_ref().clone())
}
