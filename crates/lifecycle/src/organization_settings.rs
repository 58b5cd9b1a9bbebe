//! An organization's settings change, and what was planned by them is planned again.

use rubis_accounts::{
    ActivityKind, NewEvent, Organization, OrganizationPatch, PauseOrganizationError, UpdateOrganizationError,
};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::InvoiceScope;
use rubis_kernel::{OrganizationId, UserId};
use serde_json::json;
use time::{Date, OffsetDateTime};

use crate::request_planning::{self, RequestedBy};

/// Changes settings. If dates depend on them, the feed has one event, and all invoices are planned again in the
/// background.
///
/// # Errors
/// [`UpdateOrganizationError`].
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn update_organization(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    patch: OrganizationPatch,
    actor: Option<UserId>,
    now: OffsetDateTime,
) -> Result<Organization, UpdateOrganizationError> {
    conn.transaction(async |conn| {
        let update = rubis_accounts::update_organization(conn, organization, patch, now).await?;
        let changed = update.planning_changes();
        if !changed.is_empty() {
            let meta = json!({ "changed": changed });
            let event = NewEvent { kind: ActivityKind::SettingsChanged, invoice_id: None, actor, meta };
            rubis_accounts::record(conn, organization, event, now).await?;
            let by = RequestedBy::Change;
            request_planning::request(conn, organization, InvoiceScope::All, by, now).await?;
        }
        Ok(update.after)
    })
    .await
}

/// Holds all of an organization's reminders back until a date, or until [`resume_organization`].
///
/// # Errors
/// [`PauseOrganizationError`].
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn pause_organization(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    until: Option<Date>,
    actor: Option<UserId>,
    now: OffsetDateTime,
) -> Result<Organization, PauseOrganizationError> {
    conn.transaction(async |conn| {
        let paused = rubis_accounts::pause_organization(conn, organization, until, now).await?;
        record(conn, organization, ActivityKind::OrganizationPaused, until, actor, now).await?;
        let by = RequestedBy::Change;
        request_planning::request(conn, organization, InvoiceScope::All, by, now).await?;
        Ok(paused)
    })
    .await
}

/// Lets an organization's reminders leave again; those that were held catch up as late ones do.
///
/// # Errors
/// [`PauseOrganizationError`].
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn resume_organization(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    actor: Option<UserId>,
    now: OffsetDateTime,
) -> Result<Organization, PauseOrganizationError> {
    conn.transaction(async |conn| {
        let resumed = rubis_accounts::resume_organization(conn, organization, now).await?;
        record(conn, organization, ActivityKind::OrganizationResumed, None, actor, now).await?;
        let by = RequestedBy::Resuming;
        request_planning::request(conn, organization, InvoiceScope::All, by, now).await?;
        Ok(resumed)
    })
    .await
}

async fn record(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    kind: ActivityKind,
    until: Option<Date>,
    actor: Option<UserId>,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let event = NewEvent { kind, invoice_id: None, actor, meta: json!({ "until": until }) };
    rubis_accounts::record(conn, organization, event, now).await
}
