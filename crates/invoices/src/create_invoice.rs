//! Creates an invoice.

use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::AsyncConnection;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{ClientId, InvoiceId, OrganizationId, PlanId, ServiceLocationId};
use time::OffsetDateTime;

use crate::{
    Client, Invoice, InvoiceLine, InvoicedClient, NamedClient, NewClient, NewInvoice, NewLine,
    identify_client::{Identified, identify_client},
    queries,
};

/// Result of creating an invoice.
#[derive(Clone, Debug)]
pub struct CreatedInvoice {
    pub invoice: Invoice,
    pub lines: Vec<InvoiceLine>,
    pub client: Client,
    /// True if the client was created together with the invoice.
    pub client_created: bool,
}

/// Reasons why an invoice was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateInvoiceError {
    /// The organization has no such client.
    #[error("there is no such client")]
    UnknownClient,
    /// The organization has no such plan.
    #[error("there is no such plan")]
    UnknownPlan,
    /// The client has no such service location.
    #[error("the client has no such service location")]
    UnknownServiceLocation,
    /// The client may be one of the candidates or a new one: name and address do not decide it.
    #[error(
        "the client may be one of the candidates: give the clientId of one, or client.createNew to create another"
    )]
    AmbiguousClient {
        /// Clients with the same name and another address, or with a similar name and the same address; at most 10.
        candidates: Vec<Client>,
    },
    /// The client already has an invoice with this number.
    #[error("the client has an invoice with this number")]
    DuplicateNumero {
        /// Id of that invoice.
        existing: InvoiceId,
    },
    #[error(transparent)]
    Database(#[from] Error),
}

/// Creates an invoice, and its client if the input names a new one.
///
/// # Errors
/// See [`CreateInvoiceError`]; nothing is written and the surrounding transaction stays usable. If two requests with
/// the same number race, one gets [`CreateInvoiceError::DuplicateNumero`].
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn create_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    new: &NewInvoice,
    plan: Option<PlanId>,
    now: OffsetDateTime,
) -> Result<CreatedInvoice, CreateInvoiceError> {
    conn.transaction(async |conn| create_invoice_within(conn, organization, new, plan, now).await).await
}

/// Runs [`create_invoice`] in the caller's transaction, which saves the two round trips of a nested one. After an
/// error the caller has to roll back that transaction.
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn create_invoice_within(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    new: &NewInvoice,
    plan: Option<PlanId>,
    now: OffsetDateTime,
) -> Result<CreatedInvoice, CreateInvoiceError> {
    let (client, client_created) = invoiced_client(conn, organization, &new.client, now).await?;
    check_service_locations(conn, organization, client.id, &new.lines).await?;
    if !client_created && let Some(existing) = with_numero(conn, &client, &new.numero).await? {
        return Err(CreateInvoiceError::DuplicateNumero { existing });
    }
    let inserted = queries::invoices::insert(conn, organization, new, &client, plan, now).await;
    let invoice = match inserted {
        Ok(Some(invoice)) => invoice,
        Ok(None) => {
            let existing = with_numero(conn, &client, &new.numero).await?.ok_or(Error::NotFound)?;
            return Err(CreateInvoiceError::DuplicateNumero { existing });
        }
        Err(error) if is_unknown_plan(&error) => return Err(CreateInvoiceError::UnknownPlan),
        Err(error) => return Err(error.into()),
    };
    let lines = queries::lines::insert(conn, organization, invoice.id, &new.lines).await?;
    Ok(CreatedInvoice { invoice, lines, client, client_created })
}

/// Returns the client that the invoice names. Locks the client against being renamed until the transaction ends,
/// because their name is part of the invoice's search text.
async fn invoiced_client(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: &InvoicedClient,
    now: OffsetDateTime,
) -> Result<(Client, bool), CreateInvoiceError> {
    match client {
        InvoicedClient::Known(id) => {
            let known = queries::clients::share(conn, organization, *id).await?;
            Ok((known.ok_or(CreateInvoiceError::UnknownClient)?, false))
        }
        InvoicedClient::Named(named) if named.create_new => created(conn, organization, named, now).await,
        InvoicedClient::Named(named) => {
            let NamedClient { name, email, .. } = named;
            // Serializes two invoices that name the same new client at once, so that it is created once.
            queries::clients::serialize_creation(conn, organization, name, email).await?;
            match identify_client(conn, organization, name, email).await? {
                Identified::Known(id) => {
                    let known = queries::clients::share(conn, organization, id).await?;
                    Ok((known.ok_or(CreateInvoiceError::UnknownClient)?, false))
                }
                Identified::Unsure(candidates) => Err(CreateInvoiceError::AmbiguousClient { candidates }),
                Identified::New => created(conn, organization, named, now).await,
            }
        }
    }
}

async fn created(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    named: &NamedClient,
    now: OffsetDateTime,
) -> Result<(Client, bool), CreateInvoiceError> {
    let new = NewClient::named(named.name.clone(), named.email.clone(), named.kind);
    Ok((queries::clients::insert(conn, organization, &new, now).await?, true))
}

/// Returns the client's invoice with this number, in any spelling.
async fn with_numero(
    conn: &mut AsyncPgConnection,
    client: &Client,
    numero: &str,
) -> Result<Option<InvoiceId>, Error> {
    queries::invoices::find_by_numero(conn, client.organization_id, client.id, numero, None).await
}

/// Reports whether every service location named by the lines belongs to the client.
pub(crate) async fn check_service_locations(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    lines: &[NewLine],
) -> Result<(), CreateInvoiceError> {
    let mut named: Vec<ServiceLocationId> =
        lines.iter().filter_map(|line| line.service_location_id).collect();
    named.sort_unstable();
    named.dedup();
    if named.is_empty() {
        return Ok(());
    }
    let found = queries::service_locations::count_of(conn, organization, client, &named).await?;
    if found == named.len() { Ok(()) } else { Err(CreateInvoiceError::UnknownServiceLocation) }
}

/// Reports whether a statement failed because the organization has no such plan.
pub(crate) fn is_unknown_plan(error: &Error) -> bool {
    matches!(error, Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, info)
        if info.constraint_name() == Some("invoices_plan"))
}
