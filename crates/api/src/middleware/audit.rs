//! Audit events that follow from the response to a request: refusals, and changes of settings.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, StatusCode},
    middleware::Next,
};

use crate::{
    audit::{Audit, AuditEvent, Setting},
    error::RefusalCode,
};

/// The operations that change settings. A test compares them with the document.
const SETTINGS: [(&str, &str, Setting); 9] = [
    ("PATCH", "/api/v1/organization", Setting::Organization),
    ("POST", "/api/v1/organization/pause", Setting::Pause),
    ("POST", "/api/v1/organization/resume", Setting::Pause),
    ("POST", "/api/v1/plans", Setting::Plan),
    ("PUT", "/api/v1/plans/{planId}", Setting::Plan),
    ("DELETE", "/api/v1/plans/{planId}", Setting::Plan),
    ("POST", "/api/v1/billing/checkout", Setting::Subscription),
    ("POST", "/api/v1/billing/start-trial", Setting::Subscription),
    ("PATCH", "/api/v1/me", Setting::Profile),
];

/// Records refusals and changes of settings.
pub async fn audit(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let response = next.call(request).await?;
    if let Some(event) = event_of(&response) {
        Audit::of(response.request()).record(&event);
    }
    Ok(response)
}

fn event_of<B>(response: &ServiceResponse<B>) -> Option<AuditEvent> {
    let code = || response.response().extensions().get::<RefusalCode>().map_or("unknown", |code| code.0);
    match response.status() {
        StatusCode::FORBIDDEN => Some(AuditEvent::AccessDenied { code: code() }),
        StatusCode::TOO_MANY_REQUESTS => Some(AuditEvent::RateLimited { code: code() }),
        status if status.is_success() => {
            let request = response.request();
            setting(request.method(), &request.match_pattern()?).map(AuditEvent::SettingsChanged)
        }
        _ => None,
    }
}

fn setting(method: &Method, pattern: &str) -> Option<Setting> {
    let operation = SETTINGS
        .iter()
        .find(|(of_method, of_pattern, _)| *of_method == method.as_str() && *of_pattern == pattern);
    operation.map(|(_, _, setting)| *setting)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::SETTINGS;
    use crate::openapi;

    /// Operations of the same areas that change nothing.
    const NO_SETTINGS: [(&str, &str); 2] =
        [("POST", "/api/v1/plans/{planId}/preview"), ("POST", "/api/v1/billing/portal")];

    #[test]
    fn every_operation_that_changes_settings_is_recorded() {
        let mut changing = BTreeSet::new();
        for (path, item) in &openapi::document().paths.paths {
            for (method, operation) in openapi::operations(item).filter(|(method, _)| *method != "GET") {
                let is_settings = operation
                    .tags
                    .iter()
                    .flatten()
                    .any(|tag| ["organization", "plans", "billing", "me"].contains(&tag.as_str()));
                if is_settings && !NO_SETTINGS.contains(&(method, path.as_str())) {
                    changing.insert((method.to_owned(), path.clone()));
                }
            }
        }
        let recorded = SETTINGS.map(|(method, path, _)| (method.to_owned(), path.to_owned()));
        assert_eq!(changing, BTreeSet::from(recorded));
    }
}
