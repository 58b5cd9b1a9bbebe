//! How often something may be asked for.

use std::time::Duration;

use actix_web::HttpRequest;
use rubis_kernel::OrganizationId;
use rubis_runtime::{Decision, Rate};

use crate::{
    ApiError, App,
    client_address::{client_address, place},
};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Guessing one account's password from many places.
const SIGN_IN_OF_ACCOUNT: Rate = Rate::new(10, Duration::from_secs(15 * 60));
/// Guessing many accounts' passwords from one place, which may be a whole office.
const SIGN_IN_FROM_ADDRESS: Rate = Rate::new(60, Duration::from_secs(15 * 60));
/// Making accounts by machine.
const SIGN_UP_FROM_ADDRESS: Rate = Rate::new(20, HOUR);
/// Guessing refresh tokens is hopeless; a client in a loop is not.
const REFRESH_FROM_ADDRESS: Rate = Rate::new(120, MINUTE);
/// Guessing the tokens of check-ins is hopeless; looking up a million of them is not free. A whole company
/// may open its links from one address, each of them more than once.
const CHECKIN_FROM_ADDRESS: Rate = Rate::new(120, MINUTE);
/// Each fresh link is a mail.
const CHECKIN_RENEWAL_FROM_ADDRESS: Rate = Rate::new(10, HOUR);
/// Each makes something at Stripe, which limits us all together.
const BILLING_OF_ORGANIZATION: Rate = Rate::new(30, MINUTE);
/// Each change of a rule plans up to all invoices of the organization again.
const PLANNING_CHANGES_OF_ORGANIZATION: Rate = Rate::new(30, MINUTE);
/// What an integration at full speed stays below.
const ORGANIZATION: Rate = Rate::new(1200, MINUTE);

/// Counts an attempt to sign in, for where it comes from and for the account it is for.
///
/// # Errors
/// `rate_limited`.
pub async fn sign_in(app: &App, request: &HttpRequest, email: &str) -> Result<(), ApiError> {
    check(app, &from(app, "sign-in", request), SIGN_IN_FROM_ADDRESS).await?;
    let account = email.trim().to_lowercase();
    check(app, &format!("sign-in-of:{account}"), SIGN_IN_OF_ACCOUNT).await
}

/// Counts a sign-up.
///
/// # Errors
/// `rate_limited`.
pub async fn sign_up(app: &App, request: &HttpRequest) -> Result<(), ApiError> {
    check(app, &from(app, "sign-up", request), SIGN_UP_FROM_ADDRESS).await
}

/// Counts a refresh.
///
/// # Errors
/// `rate_limited`.
pub async fn refresh(app: &App, request: &HttpRequest) -> Result<(), ApiError> {
    check(app, &from(app, "refresh", request), REFRESH_FROM_ADDRESS).await
}

/// Counts whatever is done with a check-in's token.
///
/// # Errors
/// `rate_limited`.
pub async fn checkin(app: &App, request: &HttpRequest) -> Result<(), ApiError> {
    check(app, &from(app, "checkin", request), CHECKIN_FROM_ADDRESS).await
}

/// Counts that a check-in's links are asked for anew.
///
/// # Errors
/// `rate_limited`.
pub async fn checkin_renewal(app: &App, request: &HttpRequest) -> Result<(), ApiError> {
    check(app, &from(app, "checkin-renewal", request), CHECKIN_RENEWAL_FROM_ADDRESS).await
}

/// Counts that an organization is led to one of Stripe's pages.
///
/// # Errors
/// `rate_limited`.
pub async fn billing(app: &App, organization: OrganizationId) -> Result<(), ApiError> {
    check(app, &format!("billing-of:{organization}"), BILLING_OF_ORGANIZATION).await
}

/// Counts a change after which invoices of an organization are planned again: of its settings, of a plan, of a
/// pause.
///
/// # Errors
/// `rate_limited`.
pub async fn planning_change(app: &App, organization: OrganizationId) -> Result<(), ApiError> {
    check(app, &format!("planning-of:{organization}"), PLANNING_CHANGES_OF_ORGANIZATION).await
}

/// Counts a request of an organization.
///
/// # Errors
/// `rate_limited`.
pub async fn organization(app: &App, organization: OrganizationId) -> Result<(), ApiError> {
    check(app, &format!("organization:{organization}"), ORGANIZATION).await
}

async fn check(app: &App, key: &str, rate: Rate) -> Result<(), ApiError> {
    match app.limiter.check(key, rate).await {
        Decision::Allowed { .. } => Ok(()),
        Decision::Limited { retry_after } => Err(ApiError::rate_limited(retry_after)),
    }
}

/// What something is counted under that is limited by where it comes from. The address is the
/// connection's own: a header that names another could be made up.
fn from(app: &App, what: &str, request: &HttpRequest) -> String {
    let place = client_address(request, &app.settings.http.trusted_proxies).map(place);
    format!("{what}-from:{}", place.unwrap_or_default())
}
