//! Rate limits of requests.

use std::time::Duration;

use actix_web::HttpRequest;
use rubis_accounts::KnownDevice;
use rubis_kernel::{OrganizationId, UserId};
use rubis_runtime::{Decision, Rate};

use crate::{
    ApiError, App,
    client_address::{client_address, site_network, subscriber_network},
    cookies,
};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Number of subscribers' rates that a whole IPv6 site has.
const SUBSCRIBERS_OF_SITE: u32 = 8;

/// Each fresh link of a check-in is a mail.
const CHECKIN_RENEWAL_FROM_ADDRESS: AddressLimit = AddressLimit::new("checkin-renewal", 10, HOUR);
/// Each is a mail to an address that may belong to a third party.
const VERIFICATION_MAIL_OF_USER: Rate = Rate::new(5, HOUR);
/// Each creates an object at Stripe, whose rate limit all organizations share.
const BILLING_OF_ORGANIZATION: Rate = Rate::new(30, MINUTE);
/// Each change makes up to all invoices of the organization be planned again.
const PLANNING_CHANGES_OF_ORGANIZATION: Rate = Rate::new(30, MINUTE);

/// A rate by client address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AddressLimit {
    name: &'static str,
    burst: u32,
    per: Duration,
    /// True if each process counts alone, without Redis.
    in_process: bool,
}

impl AddressLimit {
    const fn new(name: &'static str, burst: u32, per: Duration) -> Self {
        Self { name, burst, per, in_process: false }
    }

    const fn in_process(self) -> Self {
        Self { in_process: true, ..self }
    }
}

/// Limits the guessing of many accounts' passwords from one place, which may be a whole office.
const SIGN_IN_FROM_ADDRESS: AddressLimit = AddressLimit::new("sign-in", 60, Duration::from_secs(15 * 60));
/// Sign-ins with the cookie of a device that some account knows: other clients of the same network cannot
/// use this up, and each such cookie takes an account.
const SIGN_IN_OF_HOLDER: Rate = Rate::new(30, Duration::from_secs(15 * 60));

/// Mails that let a password be reset: as many as are valid at once, so that requests in another user's
/// name beyond that take nothing from that user.
const PASSWORD_MAIL_OF_ACCOUNT: Rate = Rate::new(3, HOUR);
/// Limits the guessing of the password in a session that was left open.
const PASSWORD_OF_USER: Rate = Rate::new(10, Duration::from_secs(15 * 60));

/// The routes below `/auth/` that need an access token.
const SIGNED_IN_ROUTES: [&str; 3] =
    ["/api/v1/auth/sessions", "/api/v1/auth/sessions/{sessionId}", "/api/v1/auth/password/change"];

/// The routes that need no access token, each with the rate of a client address there. A pattern that
/// ends with a slash covers everything below it; the first match counts.
const OPEN_ROUTES: [(&str, AddressLimit); 11] = [
    ("/api/v1/auth/login", SIGN_IN_FROM_ADDRESS),
    // Limits the creation of accounts by machines.
    ("/api/v1/auth/signup", AddressLimit::new("sign-up", 20, HOUR)),
    // Guessing refresh tokens is hopeless; this limits clients in a loop.
    ("/api/v1/auth/refresh", AddressLimit::new("refresh", 120, MINUTE)),
    // Each may be a mail to a third party.
    ("/api/v1/auth/password/forgot", AddressLimit::new("password-mail", 20, HOUR)),
    ("/api/v1/auth/logout", AddressLimit::new("logout", 120, MINUTE)),
    ("/api/v1/checkin/{token}/renew", CHECKIN_RENEWAL_FROM_ADDRESS),
    // Guessing the tokens of check-ins is hopeless; looking up a million of them is not free. A whole
    // company may open its links from one address, each of them more than once.
    ("/api/v1/checkin/", CHECKIN_FROM_ADDRESS),
    // Stripe sends events from a few addresses, and many at once at the end of a month.
    ("/api/v1/webhooks/", AddressLimit::new("webhook", 3_000, Duration::from_secs(10))),
    // Probes of the platform must not depend on Redis.
    ("/healthz", AddressLimit::new("alive", 600, MINUTE).in_process()),
    ("/readyz", AddressLimit::new("ready", 120, MINUTE).in_process()),
    // New routes below `/auth/` are assumed to concern passwords and mails.
    ("/api/v1/auth/", AddressLimit::new("auth", 60, Duration::from_secs(15 * 60))),
];

const CHECKIN_FROM_ADDRESS: AddressLimit = AddressLimit::new("checkin", 120, MINUTE);

/// Requests without an access token: refusals, the documentation, unknown paths.
const ANONYMOUS: AddressLimit = AddressLimit::new("anonymous", 600, MINUTE);

/// Returns the rate of a client address on a route, given its pattern; `None` if the route needs an
/// access token.
pub(crate) fn of_open_route(pattern: &str) -> Option<AddressLimit> {
    if SIGNED_IN_ROUTES.contains(&pattern) {
        return None;
    }
    let fits = |known: &str| if known.ends_with('/') { pattern.starts_with(known) } else { pattern == known };
    OPEN_ROUTES.iter().find(|(known, _)| fits(known)).map(|(_, limit)| *limit)
}

/// Counts a request for a verification mail, by user.
///
/// # Errors
/// `rate_limited`.
pub async fn verification_mail(app: &App, user: UserId) -> Result<(), ApiError> {
    check(app, &format!("verification-mail-of:{user}"), VERIFICATION_MAIL_OF_USER).await
}

/// Counts a request to the page of check-ins.
///
/// # Errors
/// `rate_limited`.
pub async fn checkin(app: &App, request: &HttpRequest) -> Result<(), ApiError> {
    from_address(app, request, CHECKIN_FROM_ADDRESS).await
}

/// Counts a request for fresh links of a check-in.
///
/// # Errors
/// `rate_limited`.
pub async fn checkin_renewal(app: &App, request: &HttpRequest) -> Result<(), ApiError> {
    from_address(app, request, CHECKIN_RENEWAL_FROM_ADDRESS).await
}

/// Counts a request without a valid access token, on a route that is not open.
///
/// # Errors
/// `rate_limited`.
pub async fn anonymous(app: &App, request: &HttpRequest) -> Result<(), ApiError> {
    from_address(app, request, ANONYMOUS).await
}

/// Counts a mail that lets a password be reset; returns true if it is to be sent. The count belongs to
/// the typed address, for known and unknown accounts alike.
pub async fn may_send_password_mail(app: &App, email: &str) -> bool {
    let account = email.trim().to_lowercase();
    app.limiter.check(&format!("password-mail-of:{account}"), PASSWORD_MAIL_OF_ACCOUNT).await.is_allowed()
}

/// Counts an attempt of a signed-in user to give their password.
///
/// # Errors
/// `rate_limited`.
pub async fn password_attempt(app: &App, user: UserId) -> Result<(), ApiError> {
    check(app, &format!("password-of:{user}"), PASSWORD_OF_USER).await
}

/// Takes back what [`password_attempt`] counted.
pub async fn password_was_right(app: &App, user: UserId) {
    app.limiter.give_back(&format!("password-of:{user}"), PASSWORD_OF_USER).await;
}

/// Counts a request that leads to one of Stripe's pages.
///
/// # Errors
/// `rate_limited`.
pub async fn billing(app: &App, organization: OrganizationId) -> Result<(), ApiError> {
    check(app, &format!("billing-of:{organization}"), BILLING_OF_ORGANIZATION).await
}

/// Counts a change after which invoices of an organization are planned again: of its settings, of a plan,
/// of a pause.
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
    let rate = Rate::per_minute(app.settings.http.organization_rate_per_minute);
    check(app, &format!("organization:{organization}"), rate).await
}

/// Counts a request to an open route.
///
/// # Errors
/// `rate_limited`.
pub(crate) async fn open_route(
    app: &App,
    request: &HttpRequest,
    limit: AddressLimit,
) -> Result<(), ApiError> {
    if limit != SIGN_IN_FROM_ADDRESS {
        return from_address(app, request, limit).await;
    }
    for (key, rate) in sign_in_counts(app, request) {
        check(app, &key, rate).await?;
    }
    Ok(())
}

/// Takes back what [`open_route`] counted for a sign-in that succeeded.
pub async fn sign_in_succeeded(app: &App, request: &HttpRequest) {
    for (key, rate) in sign_in_counts(app, request) {
        app.limiter.give_back(&key, rate).await;
    }
}

fn sign_in_counts(app: &App, request: &HttpRequest) -> Vec<(String, Rate)> {
    let token = cookies::device_token(app, request);
    match token.and_then(|token| KnownDevice::holder(&app.keys.device, &token)) {
        Some(user) => vec![(format!("sign-in-of-holder:{user}"), SIGN_IN_OF_HOLDER)],
        None => counts_from_address(app, request, SIGN_IN_FROM_ADDRESS),
    }
}

/// Counts a sign-in by address after all if it was admitted by the device cookie of another account, so
/// that an own account gives no further guesses at others.
///
/// # Errors
/// `rate_limited`.
pub async fn device_of_another_account(app: &App, request: &HttpRequest) -> Result<(), ApiError> {
    let token = cookies::device_token(app, request);
    match token.and_then(|token| KnownDevice::holder(&app.keys.device, &token)) {
        Some(_) => from_address(app, request, SIGN_IN_FROM_ADDRESS).await,
        None => Ok(()),
    }
}

/// Counts a request by its client address.
///
/// # Errors
/// `rate_limited`.
pub(crate) async fn from_address(
    app: &App,
    request: &HttpRequest,
    limit: AddressLimit,
) -> Result<(), ApiError> {
    for (key, rate) in counts_from_address(app, request, limit) {
        if limit.in_process {
            verdict(app.limiter.check_in_process(&key, rate))?;
        } else {
            check(app, &key, rate).await?;
        }
    }
    Ok(())
}

/// Returns the keys under which a request is counted by its origin: the subscriber's network, and the
/// site's around it, so that a rented IPv6 prefix does not evade the limit. The address is the
/// connection's own, or the one that a trusted proxy names.
fn counts_from_address(app: &App, request: &HttpRequest, limit: AddressLimit) -> Vec<(String, Rate)> {
    let address = client_address(request, &app.settings.http.trusted_proxies);
    let count =
        |network: String, burst| (format!("{}-from:{network}", limit.name), Rate::new(burst, limit.per));
    let subscriber = count(address.map(subscriber_network).unwrap_or_default(), limit.burst);
    let site = address.and_then(site_network);
    let of_site = site.map(|site| count(site, limit.burst.saturating_mul(SUBSCRIBERS_OF_SITE)));
    std::iter::once(subscriber).chain(of_site).collect()
}

async fn check(app: &App, key: &str, rate: Rate) -> Result<(), ApiError> {
    verdict(app.limiter.check(key, rate).await)
}

fn verdict(decision: Decision) -> Result<(), ApiError> {
    match decision {
        Decision::Allowed { .. } => Ok(()),
        Decision::Limited { retry_after } => Err(ApiError::rate_limited(retry_after)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_route_has_its_own_rate_and_what_is_added_beside_it_has_one_too() {
        let name = |pattern: &str| of_open_route(pattern).map(|limit| limit.name);
        for (pattern, expected) in [
            ("/api/v1/auth/login", Some("sign-in")),
            ("/api/v1/auth/password/anything", Some("auth")),
            ("/api/v1/auth/sessions", None),
            ("/api/v1/checkin/{token}", Some("checkin")),
            ("/api/v1/checkin/{token}/renew", Some("checkin-renewal")),
            ("/api/v1/webhooks/other", Some("webhook")),
            ("/readyz", Some("ready")),
            ("/api/v1/invoices", None),
            ("/api/v1/authors", None),
        ] {
            assert_eq!(name(pattern), expected, "{pattern}");
        }
    }
}
