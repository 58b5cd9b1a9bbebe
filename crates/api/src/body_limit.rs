//! Sizes of request bodies, by route.

/// The limit for signed-in users: a plan of twelve steps of 10,000 characters fits, in any JSON escaping.
pub(crate) const BODY_LIMIT: usize = 1024 * 1024;

/// The limit without an access token: some texts of at most 200 characters, or 50 answers.
pub(crate) const ANONYMOUS_BODY_LIMIT: usize = 16 * 1024;

/// The limit of a webhook event. Stripe's events have a few kilobytes.
pub(crate) const EVENT_LIMIT: usize = 512 * 1024;

/// Returns the limit of a route, given its pattern. Routes below `/auth/` and `/checkin/` need no access
/// token.
pub(crate) fn body_limit(pattern: &str) -> usize {
    let route = pattern.strip_prefix("/api/v1").unwrap_or(pattern);
    if route.starts_with("/webhooks/") {
        EVENT_LIMIT
    } else if route.starts_with("/auth/") || route.starts_with("/checkin/") {
        ANONYMOUS_BODY_LIMIT
    } else {
        BODY_LIMIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_anyone_can_send_is_small() {
        for (pattern, limit) in [
            ("/api/v1/auth/login", 16 * 1024),
            ("/api/v1/auth/anything/new", 16 * 1024),
            ("/api/v1/checkin/{token}/answers", 16 * 1024),
            ("/api/v1/webhooks/stripe", 512 * 1024),
            ("/api/v1/plans", 1024 * 1024),
        ] {
            assert_eq!(body_limit(pattern), limit, "{pattern}");
        }
    }
}
