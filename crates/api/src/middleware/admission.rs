//! Admission: rates by client address, then the caller, then the caller's rate and share of the server.
//! All of it comes before a handler runs or a body is read.

use actix_web::{
    Error, HttpMessage, HttpResponse, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{StatusCode, header},
    middleware::Next,
    web::Data,
};

use crate::{
    ApiError, App,
    pages::{CheckinPage, trouble},
    rate_limits,
    route_pattern::route_pattern,
    slots::KeyedSlot,
    tenant::{Access, Tenant},
};

/// Admits a request, and stores the caller for the [`Tenant`] extractor. Extractors run side by side, so
/// a check that must come before the body is read cannot be one.
pub async fn admit(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    let (access, slot) = match decide(&request).await {
        Ok(admitted) => admitted,
        Err(error) => {
            let response = refusal(&request, &error);
            return Ok(request.into_response(response).map_into_right_body());
        }
    };
    request.extensions_mut().insert(access);
    let response = next.call(request).await?.map_into_left_body();
    // The response is complete here, so the slot is free again.
    drop(slot);
    Ok(response)
}

/// Returns the caller for the handler, and the slot that the request holds until it is answered.
async fn decide(request: &ServiceRequest) -> Result<(Access, Option<KeyedSlot>), ApiError> {
    let app = request
        .app_data::<Data<App>>()
        .ok_or_else(|| ApiError::internal("the application is not registered"))?;
    let is_open = limit_open_route(app, request).await?;
    let access = match identify(app, request).await {
        Ok(Some((tenant, slot))) => return Ok((Access(Ok(tenant)), Some(slot))),
        Ok(None) => Access(Err(None)),
        // A refused token matters only to a handler that needs one.
        Err(error) if error.status_code() == StatusCode::UNAUTHORIZED => Access(Err(Some(error))),
        Err(error) => return Err(error),
    };
    if !is_open {
        rate_limits::anonymous(app, request.request()).await?;
    }
    Ok((access, None))
}

/// Counts a request to a route that needs no access token; returns true if it is one.
async fn limit_open_route(app: &App, request: &ServiceRequest) -> Result<bool, ApiError> {
    let pattern = route_pattern(request).unwrap_or_default();
    if let Some(limit) = rate_limits::of_open_route(&pattern) {
        rate_limits::open_route(app, request.request(), limit).await?;
        return Ok(true);
    }
    if is_checkin_page(request) {
        rate_limits::checkin(app, request.request()).await?;
        return Ok(true);
    }
    Ok(false)
}

/// Returns the caller whose access token the request carries, with a slot of their organization; `None`
/// without a token.
async fn identify(app: &App, request: &ServiceRequest) -> Result<Option<(Tenant, KeyedSlot)>, ApiError> {
    let Some(token) = bearer_token(request) else { return Ok(None) };
    let session = Tenant::session_of(app, &token)?;
    let tenant = {
        // A slot of the session, so that one session cannot fill the pool with lookups of itself.
        let _slot = app.slots_of(session.into()).await?;
        Tenant::of_session(app, session).await?
    };
    rate_limits::organization(app, tenant.organization).await?;
    let slot = app.slots_of(tenant.organization.into()).await?;
    Ok(Some((tenant, slot)))
}

fn is_checkin_page(request: &ServiceRequest) -> bool {
    request.app_data::<Data<CheckinPage>>().is_some_and(|page| page.path() == request.match_info().as_str())
}

/// Returns a page for people and a problem for programs.
fn refusal(request: &ServiceRequest, error: &ApiError) -> HttpResponse {
    if is_checkin_page(request) { trouble::page(error) } else { error.error_response() }
}

fn bearer_token(request: &ServiceRequest) -> Option<String> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}
