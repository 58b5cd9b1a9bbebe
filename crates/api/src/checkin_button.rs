//! The value that each button of a check-in's page sends. Only the page, or the state that the
//! single-page app shows, contains it, so a program that has only the link cannot answer.

use actix_web::HttpRequest;
use rubis_checkins::CheckinLink;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{PurposeKey, sha256};
use rubis_lifecycle::RefusedButton;
use time::{Duration, OffsetDateTime};
use utoipa::IntoParams;

use crate::{
    ApiError, App,
    checkin_token::{CheckinToken, opening},
};

/// The header that carries the value.
pub const BUTTON_HEADER: &str = "x-checkin-button";

/// The lifetime of a value: that of the page's cookie.
const LIFE: Duration = Duration::HOUR;

/// The header parameter, for the document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct ButtonHeader {
    /// The `buttonValue` of the check-in, not older than an hour.
    #[param(rename = "X-Checkin-Button", max_length = 200)]
    #[expect(dead_code, reason = "only its documentation is used")]
    value: String,
}

/// Returns the value for the buttons of a token. It is valid for an hour.
#[must_use]
pub fn button_value(key: &PurposeKey, token: &str, now: OffsetDateTime) -> String {
    let ends_at = (now + LIFE).unix_timestamp();
    key.seal(&[ends_at.to_be_bytes().as_slice(), &sha256(token.as_bytes())].concat())
}

/// Returns true if a value was made for this token and is still valid.
#[must_use]
pub fn is_button_value(key: &PurposeKey, token: &str, value: &str, now: OffsetDateTime) -> bool {
    let Some(payload) = key.open(value) else { return false };
    let Some((ends_at, hash)) = payload.split_first_chunk::<8>() else { return false };
    hash == sha256(token.as_bytes()) && now.unix_timestamp() < i64::from_be_bytes(*ends_at)
}

/// Checks that a request was sent by a button.
///
/// # Errors
/// `checkin_not_found` and `checkin_gone` for a token without a check-in, `button_refused` otherwise.
pub async fn require_button(
    conn: &mut AsyncPgConnection,
    app: &App,
    request: &HttpRequest,
    token: &CheckinToken,
    link: CheckinLink,
) -> Result<(), ApiError> {
    let now = app.clock.now();
    let value =
        request.headers().get(BUTTON_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if is_button_value(&app.keys.checkin_button, token.expose(), value, now) {
        return Ok(());
    }
    let opening = opening(request, link, now);
    let rules = app.checkin_rules();
    let refused = rubis_lifecycle::record_refused_button(conn, token.expose(), &opening, &rules).await?;
    Err(match refused {
        RefusedButton::Unknown => ApiError::checkin_not_found(),
        RefusedButton::Gone => ApiError::checkin_gone(),
        RefusedButton::Recorded => ApiError::checkin_button_refused(),
    })
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);

    fn key(purpose: &str) -> PurposeKey {
        "0123456789abcdef0123456789abcdef".parse::<rubis_kernel::AppKey>().unwrap().derive(purpose)
    }

    #[test]
    fn a_value_is_valid_for_its_own_token_and_for_an_hour() {
        let key = key("checkin-button");
        let value = button_value(&key, "token", NOW);
        let last = NOW + Duration::HOUR - Duration::SECOND;
        assert!(is_button_value(&key, "token", &value, NOW));
        assert!(is_button_value(&key, "token", &value, last));
        assert!(!is_button_value(&key, "token", &value, last + Duration::SECOND));
        assert!(!is_button_value(&key, "other", &value, NOW));
        assert!(value.len() <= 200 && !value.contains("token"));
    }

    #[test]
    fn a_value_that_was_made_otherwise_is_not_valid() {
        let own = key("checkin-button");
        let forged = button_value(&key("checkin"), "token", NOW);
        let short = own.seal(b"short");
        for value in ["", "x", ".", &forged, &short, &own.seal(&[255; 40])] {
            assert!(!is_button_value(&own, "token", value, NOW), "{value}");
        }
    }
}
