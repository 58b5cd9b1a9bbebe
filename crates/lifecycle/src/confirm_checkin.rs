//! The user is told by mail that they declared an invoice paid.

use rubis_accounts::User;
use rubis_checkins::{
    CheckinAnswer, CheckinTask, ConfirmCheckin, Confirmation, MailTerms, compose_confirmation,
};
use rubis_db::AsyncPgConnection;
use rubis_jobs::Job as _;
use rubis_kernel::{Email, RenderError};
use time::OffsetDateTime;

use crate::take_answer_back::settlement;

/// Lets a mail confirm that the invoice of a check-in was declared paid.
pub(crate) async fn request(
    conn: &mut AsyncPgConnection,
    task: &CheckinTask,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    rubis_jobs::enqueue(conn, &job_of(task), now, now).await.map(drop)
}

/// Takes the request back, unless the mail has left.
pub(crate) async fn withdraw(
    conn: &mut AsyncPgConnection,
    task: &CheckinTask,
) -> Result<(), diesel::result::Error> {
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

/// The mail that tells the organization's user that they declared an invoice paid, and how to take that back.
/// None where it does not stand any more. The same again, as after a crash, is the same mail.
///
/// # Errors
/// [`ConfirmCheckinError`].
pub async fn compose_checkin_confirmation(
    conn: &mut AsyncPgConnection,
    terms: &MailTerms<'_>,
    job: &ConfirmCheckin,
) -> Result<Option<Email>, ConfirmCheckinError> {
    let organization_id = job.organization_id;
    let Some(task) = rubis_checkins::checkin(conn, organization_id, job.task_id).await? else {
        return Ok(None);
    };
    let Some(invoice) = rubis_invoices::invoice(conn, organization_id, task.invoice_id).await? else {
        return Ok(None);
    };
    let payment = settlement(conn, &invoice, task.payment_id).await?;
    let (Some(CheckinAnswer::Paid), Some(payment)) = (task.answer, payment) else {
        return Ok(None);
    };
    let organization = rubis_accounts::organization(conn, organization_id).await?;
    let owner = rubis_accounts::owner_of(conn, organization_id).await?.filter(User::is_verified);
    let client = rubis_invoices::client(conn, organization_id, invoice.client_id).await?;
    let (Some(organization), Some(owner), Some(client)) = (organization, owner, client) else {
        return Ok(None);
    };
    let confirmation = Confirmation {
        organization: &organization,
        owner: &owner,
        client: &client,
        invoice: &invoice,
        payment: &payment,
        task: &task,
    };
    Ok(Some(compose_confirmation(terms, &confirmation)?))
}
