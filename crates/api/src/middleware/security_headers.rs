//! Security headers of responses.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderName, HeaderValue},
    middleware::Next,
    web::Data,
};

use crate::{App, docs};

/// JSON responses load nothing and may not be framed.
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Two years, as browsers require before they preload a host.
const STRICT_TRANSPORT: &str = "max-age=63072000; includeSubDomains";

/// Adds the headers that a response does not set itself.
pub async fn secure(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let served_over_https = request.app_data::<Data<App>>().is_some_and(|app| app.is_served_over_https());
    let is_documentation = request.path().starts_with(docs::PATH);
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "no-referrer");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-site");
    if is_documentation {
        set(header::CONTENT_SECURITY_POLICY, docs::POLICY);
    } else {
        set(header::CONTENT_SECURITY_POLICY, API_POLICY);
        // Responses depend on the caller and the time, and are not meant for search engines.
        set(header::CACHE_CONTROL, "no-store");
        set(HeaderName::from_static("x-robots-tag"), "noindex");
    }
    if served_over_https {
        set(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT);
    }
    Ok(response)
}
