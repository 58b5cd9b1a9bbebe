//! Origins of web pages that may call the API.

use actix_cors::Cors;
use actix_web::http::{
    Method,
    header::{self, HeaderName},
};

use crate::checkin_button::BUTTON_HEADER;

/// Allows exactly the origins that the settings name, with their cookies.
pub fn cors(origins: &[String]) -> Cors {
    let idempotency_key = HeaderName::from_static("idempotency-key");
    let request_id = HeaderName::from_static("x-request-id");
    let mut cors = Cors::default()
        .allowed_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allowed_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            idempotency_key,
            HeaderName::from_static(BUTTON_HEADER),
            request_id.clone(),
        ])
        .expose_headers([request_id, header::RETRY_AFTER, HeaderName::from_static("idempotency-replayed")])
        .supports_credentials()
        .max_age(3600);
    for origin in origins {
        cors = cors.allowed_origin(origin);
    }
    cors
}
