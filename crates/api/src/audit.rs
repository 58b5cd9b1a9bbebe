//! The security audit trail: one log event for each action, under its own target, so that operations can
//! investigate an attack. Its fields are described in `docs/accounts.md`.

use std::{fmt, net::IpAddr};

use actix_web::{HttpRequest, web::Data};
use rubis_kernel::{OrganizationId, SessionId, UserId};

use crate::{App, client_address::client_address, middleware::current_request_id, tenant::known_tenant};

/// Length of the keyed hash that identifies failed sign-ins with one address.
const HASH_BYTES: usize = 16;
const EVENTS: &str = "rubis_audit_events_total";

/// An event that concerns the security of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditEvent {
    SignedUp,
    SignInSucceeded {
        known_device: bool,
    },
    SignInFailed {
        /// The keyed hash of the address that was typed.
        account: String,
    },
    /// A refresh token was used a second time, which ended its session.
    RefreshTokenReused,
    /// A mail to reset a password was requested.
    PasswordResetRequested {
        /// The keyed hash of the address that was typed.
        account: String,
    },
    /// A password was reset with the link of a mail.
    PasswordReset {
        /// Number of sessions that ended.
        ended: usize,
    },
    /// A user changed their password.
    PasswordChanged {
        /// Number of other sessions that ended.
        ended: usize,
    },
    /// A signed-in user gave a wrong password when asked for their own.
    PasswordRefused,
    /// A user verified their address.
    AddressVerified,
    /// A user signed out.
    SignedOut,
    /// A user ended one of their sessions.
    SessionEnded {
        /// The session that was ended.
        ended: SessionId,
    },
    /// A request was refused because of the user's role or the page that sent it.
    AccessDenied {
        /// The code of the refusal.
        code: &'static str,
    },
    /// A rate limit was exceeded.
    RateLimited {
        /// The code of the refusal.
        code: &'static str,
    },
    /// A webhook was refused.
    WebhookRejected {
        /// The code of the refusal.
        code: &'static str,
    },
    /// Settings were changed.
    SettingsChanged(Setting),
}

/// Settings whose changes are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    Organization,
    /// The organization's pause.
    Pause,
    Plan,
    Subscription,
    /// The user's own name.
    Profile,
}

impl AuditEvent {
    /// Returns the stable name of the event.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SignedUp => "signed_up",
            Self::SignInSucceeded { .. } => "sign_in_succeeded",
            Self::SignInFailed { .. } => "sign_in_failed",
            Self::RefreshTokenReused => "refresh_token_reused",
            Self::PasswordResetRequested { .. } => "password_reset_requested",
            Self::PasswordReset { .. } => "password_reset",
            Self::PasswordChanged { .. } => "password_changed",
            Self::PasswordRefused => "password_refused",
            Self::AddressVerified => "address_verified",
            Self::SignedOut => "signed_out",
            Self::SessionEnded { .. } => "session_ended",
            Self::AccessDenied { .. } => "access_denied",
            Self::RateLimited { .. } => "rate_limited",
            Self::WebhookRejected { .. } => "webhook_rejected",
            Self::SettingsChanged(_) => "settings_changed",
        }
    }

    /// Returns the detail of this event, in one word.
    fn detail(&self) -> Option<String> {
        match self {
            Self::SignInSucceeded { known_device: true } => Some("known_device".to_owned()),
            Self::SignInSucceeded { known_device: false } => Some("new_device".to_owned()),
            Self::SessionEnded { ended } => Some(ended.to_string()),
            Self::AccessDenied { code } | Self::RateLimited { code } | Self::WebhookRejected { code } => {
                Some((*code).to_owned())
            }
            Self::SettingsChanged(setting) => Some(setting.as_str().to_owned()),
            Self::PasswordReset { ended } | Self::PasswordChanged { ended } => Some(ended.to_string()),
            Self::SignedUp
            | Self::SignInFailed { .. }
            | Self::RefreshTokenReused
            | Self::PasswordResetRequested { .. }
            | Self::PasswordRefused
            | Self::AddressVerified
            | Self::SignedOut => None,
        }
    }

    fn account(&self) -> Option<&str> {
        match self {
            Self::SignInFailed { account } | Self::PasswordResetRequested { account } => Some(account),
            _ => None,
        }
    }
}

impl Setting {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Pause => "pause",
            Self::Plan => "plan",
            Self::Subscription => "subscription",
            Self::Profile => "profile",
        }
    }
}

/// The request that an event belongs to, and the account it concerns.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    client: Option<IpAddr>,
    user: Option<UserId>,
    organization: Option<OrganizationId>,
    session: Option<SessionId>,
}

impl Audit {
    /// Returns the audit of a request, about the user who is signed in.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let app = request.app_data::<Data<App>>();
        let client = app.and_then(|app| client_address(request, &app.settings.http.trusted_proxies));
        let tenant = known_tenant(request);
        Self {
            client,
            user: tenant.map(|tenant| tenant.user),
            organization: tenant.map(|tenant| tenant.organization),
            session: tenant.map(|tenant| tenant.session),
        }
    }

    /// Replaces the user and the organization.
    #[must_use]
    pub fn about(self, user: UserId, organization: OrganizationId) -> Self {
        Self { user: Some(user), organization: Some(organization), ..self }
    }

    /// Replaces the user.
    #[must_use]
    pub fn about_user(self, user: UserId) -> Self {
        Self { user: Some(user), ..self }
    }

    /// Replaces the session.
    #[must_use]
    pub fn in_session(self, session: SessionId) -> Self {
        Self { session: Some(session), ..self }
    }

    /// Writes an event, and counts it.
    pub fn record(self, event: &AuditEvent) {
        metrics::counter!(EVENTS, "event" => event.name()).increment(1);
        tracing::info!(
            target: "rubis_audit",
            event = event.name(),
            detail = event.detail(),
            client = shown(self.client),
            user = shown(self.user),
            organization = shown(self.organization),
            session = shown(self.session),
            account = event.account(),
            request_id = current_request_id(),
            "security event"
        );
    }
}

/// Returns a keyed hash by which failed sign-ins with one address are recognised without naming it.
#[must_use]
pub fn account_hash(app: &App, email: &str) -> String {
    let hash = app.keys.audit.sign(email.trim().to_lowercase().as_bytes());
    hash.iter().take(HASH_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

/// Registers the description of the counter of events.
pub fn describe_audit() {
    metrics::describe_counter!(EVENTS, "Events of the security audit trail, by event.");
}

fn shown(value: Option<impl fmt::Display>) -> Option<String> {
    value.map(|value| value.to_string())
}
