//! JSON bodies: read within the limit of their route, checked for NUL characters, and parsed with the
//! path of each mistake.

mod nul;
mod strict;

use std::time::Duration;

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::{StatusCode, header},
    web::Bytes,
};
use futures_util::{StreamExt, future::LocalBoxFuture};
use rubis_kernel::FieldErrors;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{ApiError, body_limit::body_limit};

/// A body that is too large is read and discarded up to this many times its limit, so that its sender
/// reads the refusal instead of a closed connection.
const DRAINED: usize = 8;

/// The time in which a whole body has to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// A JSON body that a handler needs.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// A JSON body that may be missing. A missing body is the same as `{}`.
#[derive(Debug)]
pub struct OptionalJson<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let typed = check_type(request);
        let limit = limit_of(request);
        let payload = payload.take();
        Box::pin(async move {
            let bytes = read_within(payload, limit).await?;
            typed?;
            parse(&bytes).map(Self)
        })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for OptionalJson<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let typed = check_type(request);
        let limit = limit_of(request);
        let payload = payload.take();
        Box::pin(async move {
            let bytes = read_within(payload, limit).await?;
            if bytes.is_empty() {
                return parse(b"{}").map(Self);
            }
            typed?;
            parse(&bytes).map(Self)
        })
    }
}

/// Checks that the body is declared as JSON without a content encoding.
fn check_type(request: &HttpRequest) -> Result<(), ApiError> {
    let unsupported =
        |detail: &str| ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail);
    let header =
        |name| request.headers().get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    let media_type = header(header::CONTENT_TYPE)
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase());
    if media_type.as_deref() != Some("application/json") {
        return Err(unsupported("The body has to be JSON, with Content-Type: application/json."));
    }
    match header(header::CONTENT_ENCODING) {
        None | Some("identity") => Ok(()),
        Some(_) => Err(unsupported("The body has to be sent without a Content-Encoding.")),
    }
}

/// Returns the body limit of the route that the request matches.
fn limit_of(request: &HttpRequest) -> usize {
    body_limit(&request.match_pattern().unwrap_or_default())
}

/// Reads a whole body of at most `limit` bytes that arrives in time.
///
/// # Errors
/// `payload_too_large`, `request_timeout`, `unreadable_body`.
pub(crate) async fn read_within(payload: Payload, limit: usize) -> Result<Vec<u8>, ApiError> {
    actix_web::rt::time::timeout(BODY_TIMEOUT, read_within_limit(payload, limit)).await.map_err(|_| {
        ApiError::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The body took too long to arrive.")
    })?
}

async fn read_within_limit(mut payload: Payload, limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut body = Vec::new();
    let mut received = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk: Bytes = chunk.map_err(|_| {
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "unreadable_body",
                "The body is incomplete or not encoded as its headers state.",
            )
        })?;
        received = received.saturating_add(chunk.len());
        if received <= limit {
            body.extend_from_slice(&chunk);
        } else {
            body.clear();
            if received > limit.saturating_mul(DRAINED) {
                break;
            }
        }
    }
    if received > limit {
        return Err(ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "payload_too_large",
            format!("The body has more than {} KiB.", limit / 1024),
        ));
    }
    Ok(body)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        ApiError::new(StatusCode::BAD_REQUEST, "invalid_json", format!("The body is not JSON: {error}."))
    })?;
    if let Some(place) = nul::find(&value) {
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "nul_byte", "A text holds a NUL character.")
            .about(&place.to_string()));
    }
    serde_path_to_error::deserialize(strict::Strict(value)).map_err(|error| {
        let path = error.path().to_string();
        ApiError::invalid(mistake(&path, &error.into_inner().to_string()))
    })
}

/// Converts serde's message about a path to a field error with a stable code.
pub(crate) fn mistake(path: &str, message: &str) -> FieldErrors {
    let place = if path == "." { "" } else { path };
    if let Some(name) = quoted_after(message, "unknown field `") {
        let field = below(place, name);
        return FieldErrors::one(field, "unknown_field", "is not a field that can be set here");
    }
    if let Some(name) = quoted_after(message, "missing field `") {
        return FieldErrors::one(below(place, name), "missing_field", "is required");
    }
    let code = if message.starts_with("invalid type") { "invalid_type" } else { "invalid_value" };
    FieldErrors::one(place, code, message)
}

/// Returns a field's path below its parent's, unless the path ends with the field already.
fn below(place: &str, name: &str) -> String {
    if place == name || place.ends_with(&format!(".{name}")) { place.to_owned() } else { join(place, name) }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn quoted_after<'message>(message: &'message str, start: &str) -> Option<&'message str> {
    message.strip_prefix(start).and_then(|rest| rest.split('`').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Plan {
        #[expect(dead_code, reason = "only whether it parses is looked at")]
        name: String,
        #[expect(dead_code, reason = "only whether it parses is looked at")]
        steps: Vec<Step>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Step {
        #[expect(dead_code, reason = "only whether it parses is looked at")]
        offset_days: i32,
    }

    fn refusal(body: &str) -> (String, String, String) {
        let error = parse::<Plan>(body.as_bytes()).unwrap_err();
        let (field, code) = error
            .errors()
            .first()
            .map(|error| (error.field.clone(), error.code.to_owned()))
            .unwrap_or_default();
        (error.to_string(), field, code)
    }

    #[test]
    fn each_mistake_is_reported_with_its_place_and_a_stable_code() {
        for (body, code, field, rule) in [
            ("{", "invalid_json", "", ""),
            ("", "invalid_json", "", ""),
            (r#"{"name":"a"}"#, "validation_failed", "steps", "missing_field"),
            (r#"{"name":1,"steps":[]}"#, "validation_failed", "name", "invalid_type"),
            (
                r#"{"name":"a","steps":[{"offsetDays":1},{"offsetDays":"2"}]}"#,
                "validation_failed",
                "steps[1].offsetDays",
                "invalid_type",
            ),
            (
                r#"{"name":"a","steps":[{"offsetDays":1e99}]}"#,
                "validation_failed",
                "steps[0].offsetDays",
                "invalid_type",
            ),
            (
                r#"{"name":"a","steps":[{"offsetDays":99999999999}]}"#,
                "validation_failed",
                "steps[0].offsetDays",
                "invalid_value",
            ),
            (
                r#"{"name":"a","steps":[{"offsetDays":1,"offset":2}]}"#,
                "validation_failed",
                "steps[0].offset",
                "unknown_field",
            ),
            (r#"{"name":"a","steps":[{}]}"#, "validation_failed", "steps[0].offsetDays", "missing_field"),
            (r#"{"name":"a","steps":[],"x":1}"#, "validation_failed", "x", "unknown_field"),
            (r#"["a",[]]"#, "validation_failed", "", "invalid_type"),
            (r#"{"name":"a","steps":[[1]]}"#, "validation_failed", "steps[0]", "invalid_type"),
            (r#"{"name":"a\u0000","steps":[]}"#, "nul_byte", "name", "nul_byte"),
            (r#"{"name":"a","steps":[{"a\u0000":1}]}"#, "nul_byte", "steps[0].a\u{fffd}", "nul_byte"),
        ] {
            assert_eq!(refusal(body), (code.to_owned(), field.to_owned(), rule.to_owned()), "{body}");
        }
    }

    #[test]
    fn a_body_that_nests_without_end_is_refused() {
        assert_eq!(refusal(&"[".repeat(100_000)).0, "invalid_json");
    }
}
