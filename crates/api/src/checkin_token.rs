//! The token in the address of a check-in, and the facts that a request states about its sender.
//!
//! A token authorizes an answer, so it goes from the address to the lookup and nowhere else. Its type
//! implements neither `Debug` nor `Display`, and it is not read by the path extractors of actix, which
//! log the paths that they refuse.

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use rubis_checkins::{CheckinLink, Opening};
use time::OffsetDateTime;

/// The token in a path, whatever its form: a malformed token is looked up as an unknown one is.
pub struct CheckinToken(String);

impl CheckinToken {
    /// The token.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromRequest for CheckinToken {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.match_info().get("token").unwrap_or_default().to_owned())))
    }
}

/// Returns the facts that a request states about the program that opened a link.
#[must_use]
pub fn opening(request: &HttpRequest, link: CheckinLink, now: OffsetDateTime) -> Opening {
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    Opening::from_request(now, request.method().as_str(), link, headers)
}

/// Returns the user agent of a request, cut to the length that is stored.
#[must_use]
pub fn user_agent(request: &HttpRequest) -> String {
    // The same rules apply to buttons and links.
    opening(request, CheckinLink::Page, OffsetDateTime::UNIX_EPOCH).user_agent
}
