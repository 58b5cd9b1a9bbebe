//! Finds out who makes a request, before any handler looks at it.

use actix_web::{
    Error, HttpMessage, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
    web::Data,
};

use crate::{
    ApiError, App, rate_limits,
    tenant::{Access, Tenant},
};

/// Finds out who makes a request that carries an access token, and leaves the answer for the
/// [`Tenant`] extractor. This is done ahead of the extractors because those run side by side, and
/// nobody should be told what is wrong with a body before they have said who they are.
///
/// # Errors
/// Those of the handler.
pub async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    let access = match bearer_token(&request) {
        None => Access(Err(None)),
        Some(token) => match identify(&request, &token).await {
            Ok(tenant) => Access(Ok(tenant)),
            Err(error) if error.status_code().is_server_error() || is_rate_limit(&error) => {
                let response = error.error_response();
                return Ok(request.into_response(response).map_into_right_body());
            }
            Err(error) => Access(Err(Some(error))),
        },
    };
    request.extensions_mut().insert(access);
    Ok(next.call(request).await?.map_into_left_body())
}

async fn identify(request: &ServiceRequest, token: &str) -> Result<Tenant, ApiError> {
    let app = request
        .app_data::<Data<App>>()
        .ok_or_else(|| ApiError::internal("the application is not registered"))?;
    let tenant = Tenant::of_access_token(app, token).await?;
    rate_limits::organization(app, tenant.organization).await?;
    Ok(tenant)
}

fn is_rate_limit(error: &ApiError) -> bool {
    error.status_code() == actix_web::http::StatusCode::TOO_MANY_REQUESTS
}

fn bearer_token(request: &ServiceRequest) -> Option<String> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}
