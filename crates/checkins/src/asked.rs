//! Check-ins with their invoices, locked.

use std::collections::HashMap;

use rubis_db::AsyncPgConnection;
use rubis_invoices::Invoice;
use rubis_kernel::{CheckinMailId, CheckinTaskId, InvoiceId, OrganizationId};
use time::OffsetDateTime;

use crate::{queries::tasks, task::CheckinTask};

/// A check-in with its invoice, both locked in this transaction.
#[derive(Clone, Debug)]
pub struct AskedInvoice {
    pub invoice: Invoice,
    pub task: CheckinTask,
}

/// Locks the invoices of these check-ins, then the check-ins, each in the order of their ids. Every transaction that
/// changes both uses this order.
pub(crate) async fn lock_asked(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    found: &[CheckinTask],
) -> Result<Vec<AskedInvoice>, diesel::result::Error> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let invoice_ids: Vec<InvoiceId> = found.iter().map(|task| task.invoice_id).collect();
    let task_ids: Vec<CheckinTaskId> = found.iter().map(|task| task.id).collect();
    let invoices: HashMap<InvoiceId, Invoice> =
        rubis_invoices::lock_invoices(conn, organization, &invoice_ids)
            .await?
            .into_iter()
            .map(|invoice| (invoice.id, invoice))
            .collect();
    let tasks = tasks::lock_many(conn, organization, &task_ids).await?;
    Ok(tasks
        .into_iter()
        .filter_map(|task| {
            let invoice = invoices.get(&task.invoice_id)?.clone();
            Some(AskedInvoice { invoice, task })
        })
        .collect())
}

/// Locks a check-in's invoice and then the check-in.
pub async fn lock_with_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    task: CheckinTaskId,
) -> Result<Option<AskedInvoice>, diesel::result::Error> {
    let Some(found) = tasks::find(conn, organization, task).await? else {
        return Ok(None);
    };
    Ok(lock_asked(conn, organization, &[found]).await?.pop())
}

/// Locks the check-in of a locked invoice that still takes an answer, if there is one.
#[tracing::instrument(skip_all)]
pub async fn lock_open_checkin(
    conn: &mut AsyncPgConnection,
    invoice: Invoice,
    now: OffsetDateTime,
) -> Result<Option<AskedInvoice>, diesel::result::Error> {
    let tasks = tasks::lock_of_invoice(conn, invoice.organization_id, invoice.id).await?;
    let open = tasks.into_iter().rev().find(|task| task.takes_answers(now));
    Ok(open.map(|task| AskedInvoice { invoice, task }))
}

/// Locks the invoices of a mail and then its check-ins.
pub(crate) async fn lock_of_mail(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    mail: CheckinMailId,
) -> Result<Vec<AskedInvoice>, diesel::result::Error> {
    let found = tasks::of_mail(conn, organization, mail).await?;
    let mut asked = lock_asked(conn, organization, &found).await?;
    // A check-in may have been removed from the mail while this transaction waited for its invoice.
    asked.retain(|asked| asked.task.mail_id == Some(mail));
    Ok(asked)
}
