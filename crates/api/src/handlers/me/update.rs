//! `PATCH /me`

use actix_web::{patch, web::Data};
use futures_util::future::try_join;
use rubis_accounts::{UserInput, UserPatch};
use serde::Deserialize;
use utoipa::ToSchema;

use super::MeBody;
use crate::{ApiError, ApiResult, App, Reply, Tenant, bodies::OrganizationBody, json_body::Json};

/// Changes to the signed-in user. A field that is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "fullName": "Claire Martin-Dubois" }))]
pub struct UpdateMe {
    /// Their full name.
    #[schema(min_length = 1, max_length = 200)]
    full_name: Option<String>,
}

/// Changes the signed-in user.
#[utoipa::path(
    tag = "me",
    responses((status = 200, description = "The user as they are now.", body = MeBody)),
)]
#[patch("/me")]
pub async fn update_me(tenant: Tenant, body: Json<UpdateMe>, app: Data<App>) -> ApiResult<MeBody> {
    let patch = UserPatch::parse(UserInput { full_name: body.0.full_name })?;
    let mut conn = app.db.get().await?;
    let user = rubis_accounts::update_user(&mut conn, tenant.user, patch, app.clock.now())
        .await?
        .ok_or_else(ApiError::not_found)?;
    let (organization, subscription) = try_join(
        rubis_accounts::organization(&conn, tenant.organization),
        rubis_billing::subscription_of(&conn, tenant.organization),
    )
    .await?;
    let organization = organization.ok_or_else(ApiError::not_found)?;
    Ok(Reply(MeBody::new(user, tenant.role, OrganizationBody::new(organization, subscription))))
}
