//! Requests that no handler accepts: an unknown path, or a method that a path does not have.

use std::collections::BTreeSet;

use actix_web::{
    HttpRequest,
    dev::ResourceDef,
    http::{
        Method, StatusCode,
        header::{self, HeaderValue},
    },
    web::Data,
};
use utoipa::openapi::OpenApi;

use crate::{ApiError, openapi, routes};

/// The methods of each path, from the OpenAPI document.
pub struct KnownPaths(Vec<(ResourceDef, BTreeSet<&'static str>)>);

impl KnownPaths {
    /// Returns the paths of a document.
    #[must_use]
    pub fn of(document: &OpenApi) -> Self {
        let mut paths: Vec<_> = document
            .paths
            .paths
            .iter()
            .map(|(path, item)| {
                let mut methods: BTreeSet<_> = openapi::operations(item).map(|(method, _)| method).collect();
                if routes::ALSO_HEAD.contains(&path.as_str()) {
                    methods.insert("HEAD");
                }
                (ResourceDef::new(path.as_str()), methods)
            })
            .collect();
        paths.push((ResourceDef::new(openapi::PATH), BTreeSet::from(["GET"])));
        Self(paths)
    }

    /// Adds a path.
    #[must_use]
    pub fn with(mut self, path: &str, methods: &[&'static str]) -> Self {
        self.0.push((ResourceDef::new(path), methods.iter().copied().collect()));
        self
    }

    fn methods(&self, path: &str) -> Vec<&'static str> {
        self.0
            .iter()
            .filter(|(pattern, _)| pattern.is_match(path))
            .flat_map(|(_, methods)| methods.iter().copied())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }
}

/// Refuses a request that no handler accepts.
///
/// # Errors
/// Always: 405 with the methods that the path has, or 404.
pub async fn unmatched(request: HttpRequest, known: Data<KnownPaths>) -> Result<&'static str, ApiError> {
    let methods = known.methods(request.path());
    if methods.is_empty() || methods.contains(&request.method().as_str()) {
        return Err(ApiError::new(StatusCode::NOT_FOUND, "unknown_route", "This address does not exist."));
    }
    let allowed = methods.join(", ");
    let detail = match *request.method() {
        Method::HEAD => "HEAD is not answered here; send GET.".to_owned(),
        _ => format!("This address takes {allowed}."),
    };
    let mut error = ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail);
    if let Ok(allowed) = HeaderValue::from_str(&allowed) {
        error = error.with_header(header::ALLOW, allowed);
    }
    Err(error)
}
