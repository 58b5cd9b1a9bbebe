//! The token in the address of a check-in, and what a request tells of who opened it.
//!
//! Whoever has the token may answer, so it goes from the address to the lookup and nowhere else: what holds it
//! does not print, and the extractors of actix, which log the paths that they refuse, do not see it.

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use rubis_checkins::{CheckinLink, Opening};
use time::OffsetDateTime;

/// The token in a path, whatever it looks like: one that can't be one is looked up as an unknown one is.
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

/// What a request tells of who opened a link.
#[must_use]
pub fn opening(request: &HttpRequest, link: CheckinLink, now: OffsetDateTime) -> Opening {
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    Opening::from_request(now, request.method().as_str(), link, headers)
}

/// What the program that sent a request calls itself, as far as it is kept.
#[must_use]
pub fn user_agent(request: &HttpRequest) -> String {
    // The same rules hold for buttons as for links.
    opening(request, CheckinLink::Page, OffsetDateTime::UNIX_EPOCH).user_agent
}
