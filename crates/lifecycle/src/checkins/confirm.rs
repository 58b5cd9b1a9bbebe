//! Confirms by mail to the user that they declared an invoice paid.

use rubis_accounts::User;
use rubis_checkins::{
    CheckinAnswer, CheckinTask, ConfirmCheckin, Confirmation, MailTerms, compose_confirmation,
    compose_confirmations,
};
use rubis_db::AsyncPgConnection;
use rubis_invoices::{Client, Invoice, Payment};
use rubis_jobs::Job as _;
use rubis_kernel::{Email, RenderError};
use time::OffsetDateTime;

use crate::checkins::settlement::settlement;

/// Lets a mail confirm that the invoice of a check-in was declared paid.
#[tracing::instrument(skip_all, fields(organization = %task.organization_id, invoice = %task.invoice_id, checkin = %task.id))]
pub(crate) async fn request(
    conn: &mut AsyncPgConnection,
    task: &CheckinTask,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    rubis_jobs::enqueue(conn, &job_of(task), now, now).await.map(drop)
}

/// Takes the request back, unless the mail was sent. One about several invoices is still about the others.
pub(crate) async fn withdraw(
    conn: &mut AsyncPgConnection,
    task: &CheckinTask,
) -> Result<(), diesel::result::Error> {
    if task.answered_with.is_some() {
        return Ok(());
    }
    rubis_jobs::cancel(conn, &[job_of(task).id()]).await.map(drop)
}

fn job_of(task: &CheckinTask) -> ConfirmCheckin {
    ConfirmCheckin { organization_id: task.organization_id, task_id: task.id }
}

/// The reason why a confirmation cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmCheckinError {
    /// The mail cannot be written.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// The mail that confirms to the organization's user that they declared an invoice paid, or all those that they declared
/// paid in one go, and how to undo that. `None` if none of it stands. After a crash it is the same mail again.
///
/// # Errors
/// [`ConfirmCheckinError`].
pub async fn compose_checkin_confirmation(
    conn: &mut AsyncPgConnection,
    terms: &MailTerms<'_>,
    job: &ConfirmCheckin,
) -> Result<Option<Email>, ConfirmCheckinError> {
    let organization_id = job.organization_id;
    let organization = rubis_accounts::organization(conn, organization_id).await?;
    let owner = rubis_accounts::owner_of(conn, organization_id).await?.filter(User::is_verified);
    let task = rubis_checkins::checkin(conn, organization_id, job.task_id).await?;
    let (Some(organization), Some(owner), Some(task)) = (organization, owner, task) else {
        return Ok(None);
    };
    let mut declared = Vec::new();
    for task in answered_with(conn, task).await? {
        declared.extend(Declared::read(conn, task).await?);
    }
    let confirmations: Vec<Confirmation<'_>> = declared
        .iter()
        .map(|declared| Confirmation {
            organization: &organization,
            owner: &owner,
            client: &declared.client,
            invoice: &declared.invoice,
            payment: &declared.payment,
            task: &declared.task,
        })
        .collect();
    Ok(match confirmations.as_slice() {
        [] => None,
        [one] => Some(compose_confirmation(terms, one)?),
        [first, others @ ..] => Some(compose_confirmations(terms, first, others)?),
    })
}

/// A check-in and those that were answered in one go with it, in the order of their ids.
pub(crate) async fn answered_with(
    conn: &mut AsyncPgConnection,
    task: CheckinTask,
) -> Result<Vec<CheckinTask>, diesel::result::Error> {
    let (Some(mail), Some(_)) = (task.mail_id, task.answered_with) else { return Ok(vec![task]) };
    let mut together = rubis_checkins::siblings(conn, task.organization_id, mail).await?;
    together.retain(|sibling| sibling.answered_with == task.answered_with);
    Ok(together)
}

/// An invoice that was declared paid, and still is by that.
struct Declared {
    task: CheckinTask,
    invoice: Invoice,
    client: Client,
    payment: Payment,
}

impl Declared {
    async fn read(
        conn: &mut AsyncPgConnection,
        task: CheckinTask,
    ) -> Result<Option<Self>, diesel::result::Error> {
        let organization = task.organization_id;
        let Some(invoice) = rubis_invoices::invoice(conn, organization, task.invoice_id).await? else {
            return Ok(None);
        };
        let payment = settlement(conn, &invoice, task.payment_id).await?;
        let (Some(CheckinAnswer::Paid), Some(payment)) = (task.answer, payment) else {
            return Ok(None);
        };
        let client = rubis_invoices::client(conn, organization, invoice.client_id).await?;
        Ok(client.map(|client| Self { task, invoice, client, payment }))
    }
}
