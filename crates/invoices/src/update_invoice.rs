//! Changes the contents of an invoice.

use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::AsyncConnection;
use rubis_accounts::required_line;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{ClientId, FieldErrors, InvoiceId, Money, OrganizationId, PlanId};
use time::{Date, OffsetDateTime};

use crate::{
    CreateInvoiceError, Invoice, InvoiceStatus, LineInput, NewLine,
    client::set,
    create_invoice::{check_service_locations, is_unknown_plan},
    limits::{check_amount, check_date},
    line::parse_lines,
    new_invoice::MAX_NUMERO_CHARS,
    queries,
};

/// Input for a change of an invoice; `None` keeps the current value.
#[derive(Clone, Debug, Default)]
pub struct InvoiceInput {
    /// At most 64 characters.
    pub numero: Option<String>,
    /// 1 to 10^12 cents, above what is settled.
    pub amount_ttc_cents: Option<i64>,
    /// In this century.
    pub issue_date: Option<Date>,
    /// Not before the issue date.
    pub due_date: Option<Date>,
    /// True if another due date restarts the chain of reminders; given with a due date.
    pub restart_chain: Option<bool>,
    /// Another client of the organization.
    pub client_id: Option<ClientId>,
    /// Another plan, or `Some(None)` to chase it no more.
    pub plan_id: Option<Option<PlanId>>,
    /// Replaces all lines.
    pub items: Option<Vec<LineInput>>,
}

/// Validated change of an invoice.
#[derive(Clone, Debug, Default)]
pub struct InvoicePatch {
    numero: Option<String>,
    amount_cents: Option<i64>,
    issue_date: Option<Date>,
    due_date: Option<Date>,
    restart_chain: Option<bool>,
    client_id: Option<ClientId>,
    plan_id: Option<Option<PlanId>>,
    lines: Option<Vec<NewLine>>,
}

impl InvoicePatch {
    /// Validates a change.
    ///
    /// # Errors
    /// Those of [`crate::NewInvoice::parse`].
    pub fn parse(input: InvoiceInput) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let numero =
            input.numero.map(|numero| required_line(&mut errors, "numero", &numero, MAX_NUMERO_CHARS));
        if let Some(cents) = input.amount_ttc_cents {
            check_amount(&mut errors, "amountTtcCents", cents);
        }
        if let Some(date) = input.issue_date {
            check_date(&mut errors, "issueDate", date);
        }
        if let Some(date) = input.due_date {
            check_date(&mut errors, "dueDate", date);
        }
        if input.restart_chain.is_some() && input.due_date.is_none() {
            errors.push("restartChain", "due_date_required", "must only be given with dueDate");
        }
        let lines = input.items.map(|items| parse_lines(&mut errors, &items));
        errors.into_result(Self {
            numero,
            amount_cents: input.amount_ttc_cents,
            issue_date: input.issue_date,
            due_date: input.due_date,
            restart_chain: input.restart_chain,
            client_id: input.client_id,
            plan_id: input.plan_id,
            lines,
        })
    }

    /// Completes a change made on this day: unless it says otherwise, a due date after this day restarts the chain.
    #[must_use]
    pub fn made_on(mut self, today: Date) -> Self {
        self.restart_chain = self.restart_chain.or_else(|| self.due_date.map(|due_date| due_date > today));
        self
    }

    /// Returns the plan to which this change moves the invoice, for the caller to check.
    #[must_use]
    pub fn new_plan(&self) -> Option<PlanId> {
        self.plan_id.flatten()
    }
}

/// An invoice before and after a change.
#[derive(Clone, Debug)]
pub struct InvoiceUpdate {
    pub before: Invoice,
    pub after: Invoice,
}

impl InvoiceUpdate {
    /// Reports whether the chain of reminders restarts: for another client, or for another due date if the change says
    /// so.
    #[must_use]
    pub fn restarts_chain(&self) -> bool {
        self.before.chain != self.after.chain
    }

    /// Reports whether a value changed that decides when its reminders are sent.
    #[must_use]
    pub fn changes_planning(&self) -> bool {
        self.before.due_date != self.after.due_date || self.before.plan_id != self.after.plan_id
    }
}

/// Reasons why an invoice was not changed.
#[derive(Debug, thiserror::Error)]
pub enum UpdateInvoiceError {
    /// The organization has no such invoice.
    #[error("there is no such invoice")]
    NotFound,
    /// It is paid or cancelled.
    #[error("an invoice that is {} cannot be changed", status.as_str())]
    NotEditable { status: InvoiceStatus },
    /// Nothing would be outstanding with the new amount.
    #[error("the amount must stay above the {} cents that are settled", settled.cents)]
    AmountNotAboveSettled {
        /// Settled amount.
        settled: Money,
    },
    /// It would be due before it was issued.
    #[error("the due date must not be before the issue date")]
    DueBeforeIssue,
    /// The client has another invoice with this number.
    #[error("the client has another invoice with this number")]
    DuplicateNumero {
        /// Id of that invoice.
        existing: InvoiceId,
    },
    /// The organization has no such client.
    #[error("there is no such client")]
    UnknownClient,
    /// The organization has no such plan.
    #[error("there is no such plan")]
    UnknownPlan,
    /// The client has no such service location.
    #[error("the client has no such service location")]
    UnknownServiceLocation,
    #[error(transparent)]
    Database(#[from] Error),
}

impl From<CreateInvoiceError> for UpdateInvoiceError {
    fn from(error: CreateInvoiceError) -> Self {
        match error {
            // A change names its client by id, so that it is never ambiguous.
            CreateInvoiceError::UnknownClient | CreateInvoiceError::AmbiguousClient { .. } => {
                Self::UnknownClient
            }
            CreateInvoiceError::UnknownPlan => Self::UnknownPlan,
            CreateInvoiceError::UnknownServiceLocation => Self::UnknownServiceLocation,
            CreateInvoiceError::DuplicateNumero { existing } => Self::DuplicateNumero { existing },
            CreateInvoiceError::Database(error) => Self::Database(error),
        }
    }
}

/// Changes an invoice that is neither paid nor cancelled. If it goes to another client, its lines lose the service
/// locations of the former one.
///
/// # Errors
/// See [`UpdateInvoiceError`]; nothing is written and the surrounding transaction stays usable.
#[tracing::instrument(skip_all, fields(organization = %organization, invoice = %id))]
pub async fn update_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    id: InvoiceId,
    patch: InvoicePatch,
    now: OffsetDateTime,
) -> Result<InvoiceUpdate, UpdateInvoiceError> {
    conn.transaction(async |conn| {
        let before =
            queries::invoices::lock(conn, organization, id).await?.ok_or(UpdateInvoiceError::NotFound)?;
        let mut patch = patch;
        let new_lines = patch.lines.take();
        let after = changed(before.clone(), patch)?;
        let new_client_name = if after.client_id == before.client_id {
            None
        } else {
            let client = queries::clients::share(conn, organization, after.client_id).await?;
            Some(client.ok_or(UpdateInvoiceError::UnknownClient)?.name)
        };
        let is_renumbered = after.numero != before.numero || after.client_id != before.client_id;
        let after = save(conn, &after, new_client_name.as_deref(), is_renumbered, now).await?;
        if let Some(lines) = new_lines {
            check_service_locations(conn, organization, after.client_id, &lines).await?;
            queries::lines::delete(conn, organization, id).await?;
            queries::lines::insert(conn, organization, id, &lines).await?;
        } else if after.client_id != before.client_id {
            queries::lines::forget_service_locations(conn, organization, id).await?;
        }
        Ok(InvoiceUpdate { before, after })
    })
    .await
}

/// Applies a change to an invoice, if it is allowed.
fn changed(mut invoice: Invoice, patch: InvoicePatch) -> Result<Invoice, UpdateInvoiceError> {
    if !invoice.status.is_open() {
        return Err(UpdateInvoiceError::NotEditable { status: invoice.status });
    }
    set(&mut invoice.numero, patch.numero);
    set(&mut invoice.amount.cents, patch.amount_cents);
    set(&mut invoice.issue_date, patch.issue_date);
    let is_renegotiated = patch.due_date.is_some_and(|due_date| due_date != invoice.due_date);
    let is_moved = patch.client_id.is_some_and(|client| client != invoice.client_id);
    if is_moved || is_renegotiated && patch.restart_chain == Some(true) {
        invoice.chain = invoice.chain.saturating_add(1);
    }
    set(&mut invoice.due_date, patch.due_date);
    set(&mut invoice.client_id, patch.client_id);
    set(&mut invoice.plan_id, patch.plan_id);
    if invoice.amount.cents <= invoice.settled.cents {
        return Err(UpdateInvoiceError::AmountNotAboveSettled { settled: invoice.settled });
    }
    if invoice.due_date < invoice.issue_date {
        return Err(UpdateInvoiceError::DueBeforeIssue);
    }
    Ok(invoice)
}

/// Returns another invoice of the client with the number of this one.
async fn other_with_numero(
    conn: &mut AsyncPgConnection,
    invoice: &Invoice,
) -> Result<Option<InvoiceId>, Error> {
    let Invoice { organization_id, client_id, ref numero, id, .. } = *invoice;
    queries::invoices::find_by_numero(conn, organization_id, client_id, numero, Some(id)).await
}

/// Saves the contents of an invoice. A duplicate number rolls back only this statement, so that the invoice with that
/// number can still be read.
async fn save(
    conn: &mut AsyncPgConnection,
    invoice: &Invoice,
    new_client_name: Option<&str>,
    is_renumbered: bool,
    now: OffsetDateTime,
) -> Result<Invoice, UpdateInvoiceError> {
    if is_renumbered && let Some(existing) = other_with_numero(conn, invoice).await? {
        return Err(UpdateInvoiceError::DuplicateNumero { existing });
    }
    let saved = conn
        .transaction(async |conn| {
            queries::invoices::save_contents(conn, invoice, new_client_name, is_renumbered, now).await
        })
        .await;
    match saved {
        Ok(invoice) => Ok(invoice),
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
            let existing = other_with_numero(conn, invoice).await?.ok_or(Error::NotFound)?;
            Err(UpdateInvoiceError::DuplicateNumero { existing })
        }
        Err(error) if is_unknown_plan(&error) => Err(UpdateInvoiceError::UnknownPlan),
        Err(error) => Err(error.into()),
    }
}
