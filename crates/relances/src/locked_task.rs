//! A reminder with everything that a decision about it depends on, locked.

use rubis_accounts::{Organization, Pause};
use rubis_db::AsyncPgConnection;
use rubis_invoices::{Client, Invoice};
use rubis_kernel::{OrganizationId, RelanceTaskId, TemplateError};
use time::OffsetDateTime;

use crate::{
    compose::text_for,
    plan::PlanStep,
    queries::{plans, tasks},
    task::RelanceTask,
    variables::RenderedText,
};

/// A reminder and what it depends on.
pub(crate) struct LockedTask {
    pub organization: Organization,
    pub invoice: Invoice,
    pub client: Client,
    pub step: PlanStep,
    pub task: RelanceTask,
}

/// Locks a reminder's invoice and then the reminder, as everybody does who changes both.
pub(crate) async fn lock_with_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    task: RelanceTaskId,
) -> Result<Option<(Invoice, RelanceTask, PlanStep)>, diesel::result::Error> {
    let Some(found) = tasks::find(conn, organization, task).await? else {
        return Ok(None);
    };
    let Some(invoice) = rubis_invoices::lock_invoice(conn, organization, found.invoice_id).await? else {
        return Ok(None);
    };
    let Some(task) = tasks::lock(conn, organization, task).await? else {
        return Ok(None);
    };
    let step = plans::steps_by_ids(conn, organization, &[task.plan_step_id]).await?.pop();
    Ok(step.map(|step| (invoice, task, step)))
}

/// Locks a reminder as [`lock_with_invoice`] does, and reads the rest of what it depends on.
pub(crate) async fn lock_task(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    task: RelanceTaskId,
) -> Result<Option<LockedTask>, diesel::result::Error> {
    let Some((invoice, task, step)) = lock_with_invoice(conn, organization, task).await? else {
        return Ok(None);
    };
    let Some(organization) = rubis_accounts::organization(conn, organization).await? else {
        return Ok(None);
    };
    let client = rubis_invoices::client(conn, organization.id, invoice.client_id).await?;
    Ok(client.map(|client| LockedTask { organization, invoice, client, step, task }))
}

impl LockedTask {
    /// The pauses, of the organization, of the client and of the invoice.
    pub fn pauses(&self) -> impl Iterator<Item = Pause> + use<> {
        [self.organization.pause, self.client.pause, self.invoice.pause].into_iter().flatten()
    }

    /// Whether a pause holds the reminder back.
    pub fn is_paused(&self, now: OffsetDateTime) -> bool {
        let today = self.organization.time_zone.local_date(now);
        self.pauses().any(|pause| pause.holds_on(today))
    }

    /// The reminder's text as it reads at this instant.
    pub fn text_at(&self, at: OffsetDateTime) -> Result<RenderedText, TemplateError> {
        text_for(&self.organization, &self.client, &self.invoice, &self.step.content, at)
    }

    /// Whether the text that was written for the reminder at this instant would read the same still:
    /// neither the balance nor a name in it is another.
    pub fn says_what_is_so(&self, written_at: OffsetDateTime) -> Result<bool, TemplateError> {
        Ok(self.task.reads_as(&self.text_at(written_at)?))
    }
}
