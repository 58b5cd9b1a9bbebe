//! The general part of the document.

use utoipa::{
    OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use crate::{
    labels,
    problem::{Problem, ProblemField},
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Rubis",
        version = "1",
        description = "Rubis chases unpaid invoices: put an invoice in, and its debtor is reminded step by step until it is settled.\n\n\
            Sign up or sign in to get an access token, and send it as `Authorization: Bearer`. It lives for 30 minutes; `POST /api/v1/auth/refresh` \
            gives the next one for the refresh token in the cookie.\n\n\
            - **Money** is integer cents (`amountTtcCents`) and an ISO 4217 `currency`. **Dates** are `YYYY-MM-DD`, **instants** RFC 3339 in UTC, **ids** UUIDv7.\n\
            - **Errors** are RFC 9457 `application/problem+json` with a stable `code`; what is wrong with a field is listed in `errors`.\n\
            - **Lists** are pages: send `nextCursor` back as `cursor` with the same filters and order.\n\
            - **Idempotency**: a `POST` that creates takes an `Idempotency-Key`, and answers the same key and body with its first answer for 24 hours.\n\
            - **Another organization's object** is answered as one that does not exist: 404."
    ),
    // Schemas that only parameters and completed refusals refer to are not collected from the handlers.
    components(schemas(Problem, ProblemField, labels::InvoiceSort)),
    tags(
        (name = "auth", description = "Signing up, in and out"),
        (name = "me", description = "The signed-in user"),
        (name = "organization", description = "The organization's settings and members"),
        (name = "clients", description = "Clients, with their contacts and service locations"),
        (name = "plans", description = "Reminder plans"),
        (name = "invoices", description = "Invoices, from their creation to their settlement"),
        (name = "relances", description = "The planned and sent reminders"),
        (name = "check-in", description = "Questions if an invoice was paid, answered with the token of a mail's link"),
        (name = "insight", description = "Events of the organization"),
        (name = "billing", description = "Rubis's own subscription: its limits, its checkout and its portal"),
        (name = "webhooks", description = "Webhooks of other services"),
        (name = "operations", description = "Health and readiness of the service"),
    ),
)]
struct Base;

/// Returns the document without its operations.
pub(super) fn base() -> utoipa::openapi::OpenApi {
    let mut base = Base::openapi();
    // The license is taken from the package, and has no address.
    base.info.license = None;
    let components = base.components.get_or_insert_default();
    components.add_security_scheme(
        "bearer",
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some("The access token that signing up, signing in and refreshing give."))
                .build(),
        ),
    );
    components.add_security_scheme(
        "refreshCookie",
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
            "__Host-rubis_refresh",
            "The refresh token, in a cookie that scripts can't read; spent by each refresh. Where the API is set up with \
             a cookie domain its prefix is `__Secure-`; without HTTPS (development) it has none.",
        ))),
    );
    components.add_security_scheme(
        "stripeSignature",
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
            "Stripe-Signature",
            "`t=…,v1=…`: when Stripe sent the body, and an HMAC of both with the signing secret of the webhook.",
        ))),
    );
    base
}
