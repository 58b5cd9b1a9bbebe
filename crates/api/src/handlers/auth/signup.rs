//! `POST /auth/signup`

use actix_web::{HttpRequest, HttpResponse, post, web::Data};
use rubis_accounts::{KnownDevice, NewAccount, NewAccountInput, PasswordHash, open_session};
use rubis_billing::Subscription;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    ApiError, App,
    audit::{Audit, AuditEvent},
    bodies::{OrganizationBody, SessionBody},
    cookies,
    json_body::Json,
    session_client::session_client,
};

/// A new user and their organization.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "email": "claire.martin@exemple.fr",
    "password": "correct horse battery staple",
    "fullName": "Claire Martin",
    "organizationName": "Menuiserie Martin",
}))]
pub struct SignUp {
    /// Their mail address.
    #[schema(format = "email")]
    email: String,
    /// Neither a common password nor one made of the mail address or a name.
    #[schema(format = "password", min_length = 10, max_length = 128)]
    password: String,
    /// Their full name.
    #[schema(min_length = 1, max_length = 200)]
    full_name: String,
    /// The company's name, as its debtors read it.
    #[schema(min_length = 1, max_length = 200)]
    organization_name: String,
}

impl From<SignUp> for NewAccountInput {
    fn from(body: SignUp) -> Self {
        Self {
            email: body.email,
            password: body.password,
            full_name: body.full_name,
            organization_name: body.organization_name,
        }
    }
}

/// Creates a user and their organization, with a plan of four reminders.
///
/// The user owns the organization and is signed in. A mail asks them to verify their address; until they
/// have, no mail is sent on behalf of the organization.
#[utoipa::path(
    tag = "auth",
    responses(
        (status = 201, description = "The account was created and its owner is signed in.", body = SessionBody),
        (status = 409, description = "`email_taken`: this mail address has an account already."),
    ),
    security(()),
)]
#[post("/auth/signup")]
pub async fn sign_up(
    request: HttpRequest,
    body: Json<SignUp>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let account = NewAccount::parse(&body.0.into())?;
    let password = account.password.clone();
    let hash = app.hash_aside(move || PasswordHash::hash(&password)).await??;

    let now = app.clock.now();
    let mut conn = app.db.get().await?;
    let signed_up = rubis_lifecycle::sign_up(&mut conn, &account, &hash, &app.keys.account, now).await?;
    let client = session_client(&app, &request);
    let session = open_session(&mut conn, &signed_up.membership, &client, now, app.session_rules()).await?;
    Audit::of(&request)
        .about(signed_up.user.id, signed_up.organization.id)
        .in_session(session.session_id)
        .record(&AuditEvent::SignedUp);

    let device = KnownDevice::fresh().seal(&app.keys.device, signed_up.user.id, &hash);
    let role = signed_up.membership.role;
    let subscription = Subscription::nothing_of(signed_up.organization.id);
    let organization = OrganizationBody::new(signed_up.organization, subscription);
    let body = SessionBody::new(&app, session.session_id, signed_up.user, organization, role);
    let mut response = HttpResponse::Created();
    for cookie in cookies::signed_in(&app, &request, &session.refresh_token) {
        response.cookie(cookie);
    }
    Ok(response.cookie(cookies::device(&app, device)).json(body))
}
