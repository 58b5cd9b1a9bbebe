//! The caller of a request in their organization, as an extractor of handlers.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use rubis_accounts::Role;
use rubis_kernel::{OrganizationId, SessionId, UserId};

use crate::{ApiError, App, access_token};

/// A signed-in user, in the organization that all requested objects belong to.
#[derive(Clone, Copy, Debug)]
pub struct Tenant {
    pub organization: OrganizationId,
    pub user: UserId,
    /// The role at this moment.
    pub role: Role,
    pub session: SessionId,
}

/// A signed-in user who may change the organization's own settings.
#[derive(Clone, Copy, Debug)]
pub struct OrganizationAdmin(pub Tenant);

/// The result of authentication: a caller, no token, or a refused token.
pub(crate) struct Access(pub Result<Tenant, Option<ApiError>>);

impl Tenant {
    /// Returns the session that an access token was made for, which may have ended since.
    pub(crate) fn session_of(app: &App, token: &str) -> Result<SessionId, ApiError> {
        access_token::open(&app.keys.access, token, app.clock.now()).ok_or_else(|| {
            challenge("invalid_access_token", "The access token is not valid or has expired. Refresh it.")
        })
    }

    /// Returns the user of a session, as the database knows them now.
    pub(crate) async fn of_session(app: &App, session: SessionId) -> Result<Self, ApiError> {
        let mut conn = app.db.get().await?;
        let found =
            rubis_accounts::authenticate(&mut conn, session, app.clock.now(), app.session_rules()).await?;
        let authenticated =
            found.ok_or_else(|| challenge("session_ended", "The session has ended. Sign in again."))?;
        Ok(Self {
            organization: authenticated.organization_id,
            user: authenticated.user_id,
            role: authenticated.role,
            session: authenticated.session_id,
        })
    }
}

/// Returns the signed-in user of a request, if there is one.
pub(crate) fn known_tenant(request: &HttpRequest) -> Option<Tenant> {
    match request.extensions().get::<Access>() {
        Some(Access(Ok(tenant))) => Some(*tenant),
        Some(Access(Err(_))) | None => None,
    }
}

impl FromRequest for Tenant {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        // The extension stays on the request for the audit trail.
        if let Some(tenant) = known_tenant(request) {
            return ready(Ok(tenant));
        }
        let access = request.extensions_mut().remove::<Access>();
        ready(match access {
            Some(Access(Ok(tenant))) => Ok(tenant),
            Some(Access(Err(Some(error)))) => Err(error),
            Some(Access(Err(None))) | None => {
                Err(challenge("unauthenticated", "Send an access token: Authorization: Bearer."))
            }
        })
    }
}

impl FromRequest for OrganizationAdmin {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let tenant = Tenant::from_request(request, payload).into_inner();
        ready(tenant.and_then(|tenant| {
            if tenant.role.may_manage_organization() {
                Ok(Self(tenant))
            } else {
                Err(ApiError::new(
                    StatusCode::FORBIDDEN,
                    "forbidden",
                    "Only an owner or an admin may do this.",
                ))
            }
        }))
    }
}

fn challenge(code: &'static str, detail: &str) -> ApiError {
    let challenge = if code == "unauthenticated" {
        "Bearer realm=\"rubis\""
    } else {
        "Bearer realm=\"rubis\", error=\"invalid_token\""
    };
    ApiError::unauthorized(code, detail)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}
