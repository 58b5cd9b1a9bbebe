//! A client's reminders wait, and leave again.

use rubis_accounts::{ActivityKind, NewEvent, Pause, PauseEndsTooEarly};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::{Client, InvoiceScope};
use rubis_kernel::{ClientId, OrganizationId, UserId};
use serde_json::json;
use time::{Date, OffsetDateTime};

use crate::request_planning::{self, RequestedBy};

/// Errors of pausing a client.
#[derive(Debug, thiserror::Error)]
pub enum PauseClientError {
    /// The organization has no such client.
    #[error("there is no such client")]
    NotFound,
    /// The pause would be over already.
    #[error(transparent)]
    EndsTooEarly(#[from] PauseEndsTooEarly),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Holds a client's reminders back until a date, or until [`resume_client`]: at once, and where an end is
/// known their new dates follow in the background.
///
/// # Errors
/// [`PauseClientError`].
#[tracing::instrument(skip_all, fields(organization = %organization, client = %client))]
pub async fn pause_client(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    until: Option<Date>,
    actor: Option<UserId>,
    now: OffsetDateTime,
) -> Result<Client, PauseClientError> {
    conn.transaction(async |conn| {
        let settings =
            rubis_accounts::organization(conn, organization).await?.ok_or(PauseClientError::NotFound)?;
        let pause = Pause::starting(now, until, settings.time_zone)?;
        change_pause(conn, organization, client, Some(pause), actor, now).await
    })
    .await
}

/// Lets a client's reminders leave again; those that were held catch up as late ones do.
///
/// # Errors
/// [`PauseClientError`].
#[tracing::instrument(skip_all, fields(organization = %organization, client = %client))]
pub async fn resume_client(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    actor: Option<UserId>,
    now: OffsetDateTime,
) -> Result<Client, PauseClientError> {
    conn.transaction(async |conn| change_pause(conn, organization, client, None, actor, now).await).await
}

async fn change_pause(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    pause: Option<Pause>,
    actor: Option<UserId>,
    now: OffsetDateTime,
) -> Result<Client, PauseClientError> {
    let changed = match pause {
        Some(pause) => rubis_invoices::set_client_pause(conn, organization, client, pause, now).await?,
        None => rubis_invoices::clear_client_pause(conn, organization, client, now).await?,
    }
    .ok_or(PauseClientError::NotFound)?;
    let kind = if pause.is_some() { ActivityKind::ClientPaused } else { ActivityKind::ClientResumed };
    let meta =
        json!({ "clientId": client, "label": changed.name, "until": pause.and_then(|pause| pause.until) });
    let event = NewEvent { kind, invoice_id: None, actor, meta };
    rubis_accounts::record(conn, organization, event, now).await?;
    let by = if pause.is_some() { RequestedBy::Change } else { RequestedBy::Resuming };
    request_planning::request(conn, organization, InvoiceScope::OfClient(client), by, now).await?;
    Ok(changed)
}
