//! The secret key, as a bearer token or as the user name of basic authentication.

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::problem::Problem;

/// Refuses a request without the key.
pub(super) fn check(request: &HttpRequest, secret_key: &str) -> Result<(), Problem> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    match header.and_then(given_key) {
        Some(key) if key == secret_key => Ok(()),
        Some(_) => Err(Problem::unauthorized("Invalid API Key provided.")),
        None => Err(Problem::unauthorized("You did not provide an API key.")),
    }
}

fn given_key(header: &str) -> Option<String> {
    let (scheme, rest) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    let credentials = STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok())?;
    let (user, _) = credentials.split_once(':')?;
    scheme.eq_ignore_ascii_case("basic").then(|| user.to_owned())
}
